--- create and resume
local co = coroutine.create(function(...) print('start', ...) local a, b = coroutine.yield(1, 2) print('got', a, b) local c = coroutine.yield() print('c', c) return 'x', 'y', nil end)
print(coroutine.status(co), type(co)) print(coroutine.resume(co, 'a', nil)) print(coroutine.status(co)) print(coroutine.resume(co, 'p', 'q')) print(select('#', coroutine.resume(co, 1))) print(coroutine.status(co)) print(coroutine.resume(co)) print(coroutine.resume(co, 1)) print(coroutine.resume(coroutine.create(function() end))) print(coroutine.resume(coroutine.create(print), 1, 2)) print(coroutine.resume(coroutine.create(function() error('e') end))) print(coroutine.resume(coroutine.create(function() error({}) end)) == false) print(coroutine.resume(coroutine.create(function() error() end))) print(coroutine.resume(coroutine.create(function() local x = nil + 1 end))) print(coroutine.resume(coroutine.create(error), 'direct')) print(coroutine.resume(coroutine.create(coroutine.yield), 1, 2))
--- status
local co2 local co1 = coroutine.create(function() print(coroutine.status(co1 or coroutine.running())) print(coroutine.resume(co2)) coroutine.yield() end) local outer = co1 co2 = coroutine.create(function() print(coroutine.status(outer), coroutine.status(co2)) print(coroutine.resume(outer)) print(coroutine.resume(co2)) end) print(coroutine.resume(co1)) print(coroutine.status(co1), coroutine.status(co2)) print(coroutine.resume(co1)) print(coroutine.status(co1)) print(coroutine.resume(co1))
--- wrap
local w = coroutine.wrap(function(...) print(...) print(coroutine.yield('y1')) error('oops') end) print(type(w)) print(w(1, 2)) print(pcall(w, 'again')) print(pcall(w)) print(pcall(function() w() end)) print(pcall(coroutine.wrap(function() error({}) end)) == false) print(pcall(coroutine.wrap(function() error('lvl0', 0) end))) print(pcall(coroutine.wrap(function() error('lvl2', 2) end))) print(pcall(function() local f = coroutine.wrap(function() error('inner') end) f() end)) print(pcall(function() local f = coroutine.wrap(function() return nil + 1 end) local x = f() end)) local f f = coroutine.wrap(function() f() end) print(pcall(f)) print(pcall(coroutine.wrap(function() error() end))) print(pcall(coroutine.wrap(function() error(nil) end))) print(pcall(coroutine.wrap(function() error(5) end))) for i in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do io.write(i, ' ') end print() local g = coroutine.wrap(function() return coroutine.wrap(function() error('two deep') end)() end) print(pcall(g)) print(pcall(function() return coroutine.wrap(function() error('t') end)() end)) local dead = coroutine.wrap(function() end) dead() print(pcall(function() dead() end)) print(pcall(function() return dead() end))
--- yield outside
print(pcall(coroutine.yield)) print(pcall(coroutine.yield, 1)) print(pcall(function() coroutine.yield() end)) print(coroutine.isyieldable()) print(coroutine.wrap(function() return coroutine.isyieldable() end)()) print(coroutine.running()) print(type(coroutine.wrap(function() return coroutine.running() end)())) print(coroutine.resume(coroutine.running() or coroutine.create(print)))
--- yield outside uncaught
coroutine.yield(1)
--- uncaught error in wrap
local f = coroutine.wrap(function() local x = nil; x.y = 1 end)
f()
--- wrap error position
local f = coroutine.wrap(function()
  error('inner')
end)

print(pcall(function()

  f()
end))
--- yield across pcall
local co = coroutine.wrap(function() local ok, v = pcall(function() local x = coroutine.yield('p') error('e' .. x) end) coroutine.yield(ok, v) local ok, v = xpcall(function() return coroutine.yield('x') end, print) coroutine.yield(ok, v) local ok, v = xpcall(function() coroutine.yield('z') error('zz', 0) end, function(e) return 'h ' .. e end) return ok, v end) print(co()) print(co(1)) print(co()) print(co('back')) print(co()) print(co())
--- yield in iterators and metamethods
local co = coroutine.wrap(function() for k in function(_, c) return coroutine.yield(c) end, nil, 'c0' do print('k', k) end return 'done' end) print(co()) print(co('k1')) print(co('k2')) print(co(nil)) local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end, __newindex = function(_, k, v) rawset(_, k, coroutine.yield(v)) end, __lt = function() return coroutine.yield('lt') end}) co = coroutine.wrap(function() t.z = 1 if t < t then return t.q .. t.z end return 'no' end) print(co()) print(co(9)) print(co(true)) print(co('Q'))
--- yield in a table.foreach, load and require
print(pcall(coroutine.wrap(function() return table.foreach({1}, coroutine.yield) end)))
--- producer and consumer
local function gen(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end local function filter(p, g) return coroutine.wrap(function() while true do local n = g() if n == nil then return end if n % p ~= 0 then coroutine.yield(n) end end end) end local x, r = gen(50), {} while true do local n = x() if n == nil then break end r[#r + 1] = n x = filter(n, x) end print(table.concat(r, ' '))
--- many values
local co = coroutine.wrap(function(...) local n = select('#', ...) while true do n = select('#', coroutine.yield(n, ...)) end end) print((co(unpack({}, 1, 200)))) print((co(unpack({}, 1, 150)))) print(select('#', co())) print(select('#', coroutine.resume(coroutine.create(function(...) return ... end), unpack({}, 1, 5000)))) print(pcall(coroutine.resume, coroutine.create(print), unpack({}, 1, 3)))
--- deep recursion in a coroutine
local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end print(coroutine.resume(coroutine.create(f), 5000)) print(coroutine.resume(coroutine.create(function() local function g() return 1 + g() end return g() end))) print(pcall(coroutine.wrap(function() local function g() return 1 + g() end return g() end)))
--- nested coroutines
local function nest(n) if n == 0 then return 'bottom' end return coroutine.wrap(function() return nest(n - 1) end)() end print(nest(10)) print(nest(100))
--- arguments of the library
print(pcall(coroutine.create, nil)) print(pcall(coroutine.create, 'x')) print(pcall(coroutine.wrap, 5)) print(pcall(coroutine.resume, nil)) print(pcall(coroutine.status, {})) print(pcall(function() coroutine.create() end)) print(pcall(function() local c = coroutine.resume() end)) print(pcall(function() return coroutine.status(1) end)) print(pcall(coroutine.isyieldable, 1)) print(pcall(coroutine.running, 1)) print(coroutine.create(print) == coroutine.create(print)) local k = {} for n in pairs(coroutine) do k[#k + 1] = n end table.sort(k) print(table.concat(k, ' '))
--- debug of suspended coroutines
local co = coroutine.create(function(a) local b = a * 2
  coroutine.yield(b)
  error('later') end) coroutine.resume(co, 21) print(debug.traceback(co)) print(debug.traceback(co, 'msg')) print(debug.traceback(co, nil, 1)) print(debug.traceback(co, {}) ~= nil) print(debug.getlocal(co, 1, 1)) print(debug.getlocal(co, 1, 2)) print(debug.getinfo(co, 1, 'l').currentline) print(debug.setlocal(co, 1, 2, 'new')) print(debug.getlocal(co, 1, 2)) print(coroutine.resume(co)) print(debug.traceback(co)) print(debug.traceback(coroutine.create(print))) print(debug.getinfo(co, 5))
--- error objects through resume
local e = setmetatable({}, {__tostring = function() return 'EOBJ' end}) local ok, v = coroutine.resume(coroutine.create(function() error(e) end)) print(ok, v == e, tostring(v)) local ok, v = pcall(coroutine.wrap(function() error(e) end)) print(ok, v == e)
--- closures outlive their coroutine
local f local co = coroutine.wrap(function() local x = 1 f = function() x = x + 1 return x end coroutine.yield() x = 10 error('die') end) co() print(f()) pcall(co) print(f(), f())
--- setfenv of a coroutine
local env = {print = print} local co = coroutine.create(setfenv(function() x = 1 print(x) end, env)) coroutine.resume(co) print(x, env.x) print(getfenv(co == nil and 1 or 1) == _G)
--- self resume in metamethod
local co co = coroutine.create(function() return coroutine.resume(co) end) print(coroutine.resume(co)) local co = coroutine.create(function() local me = coroutine.running() return coroutine.status(me), coroutine.wrap(function() return coroutine.status(me) end)() end) print(coroutine.resume(co))
