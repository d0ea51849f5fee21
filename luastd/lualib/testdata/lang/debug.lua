--- traceback forms
local function f() return (debug.traceback('m')) end
local function g() local r = f() return r end
print(g()) print(debug.traceback('m', 0)) print(debug.traceback('m', 1)) print(debug.traceback('m', 2)) print(debug.traceback()) print(debug.traceback(nil)) print(debug.traceback(5)) print(debug.traceback({}) ~= nil) print(debug.traceback(true)) print(debug.traceback('a\nb')) print(debug.traceback('m', 100)) print(pcall(debug.traceback, 'm', 'x')) print(debug.traceback('', 1))
--- traceback of names
local t = {} function t.field() print(debug.traceback('f')) end function t:method() t.field() end function glob() t:method() end local function loc() glob() end local up = function() loc() end (function() up() end)() local x = setmetatable({}, {__index = function() print(debug.traceback('i')) end, __add = function() print(debug.traceback('a')) return 1 end, __call = function() print(debug.traceback('c')) end, __concat = function() print(debug.traceback('cc')) return '' end, __eq = function() print(debug.traceback('eq')) end, __lt = function() print(debug.traceback('lt')) end, __newindex = function() print(debug.traceback('ni')) end, __unm = function() print(debug.traceback('unm')) end}) local _ = x.y _ = x + 1 x() _ = x .. 'a' _ = x == setmetatable({}, getmetatable(x)) _ = x < x x.z = 1 _ = -x pcall(t.field) xpcall(t.field, print) for _ in function() print(debug.traceback('it')) end do end table.sort({1, 2}, function() print(debug.traceback('so')) return false end) string.gsub('x', 'x', function() print(debug.traceback('gs')) end) t[1] = t.field t[1]() local k = 'field' t[k]() ;(t.field)() loadstring("require'debug'; print(debug.traceback('ls'))", "=chunk")() loadstring("print(debug.traceback('ls'))")() coroutine.wrap(function() print(debug.traceback('co')) end)() coroutine.wrap(t.field)()
--- traceback of tail calls
local function a() print(debug.traceback('a')) end local function b() return a() end local function c() return b() end c() local function d() return pcall(a) end d() local function e() return error('x') end print(pcall(e)) local function bar() return undefined_global(3) end print(xpcall(bar, debug.traceback)) local function foo() bar() end print(xpcall(foo, debug.traceback)) print(xpcall(function() return bar() end, debug.traceback)) local t = {} print(xpcall(function() return t:nope() end, debug.traceback)) print(xpcall(function() return t.a.b() end, debug.traceback)) print(xpcall(function() local x = 5 return x() end, debug.traceback)) print(xpcall(function() return tostring() end, debug.traceback)) print(xpcall(function() return string.rep() end, debug.traceback))
--- xpcall with traceback
print(xpcall(function() local x = nil; x() end, debug.traceback)) print(xpcall(function() error('e') end, debug.traceback)) print(xpcall(function() error({}) end, debug.traceback) ) print(xpcall(function() error() end, debug.traceback)) print(xpcall(function() string.rep() end, debug.traceback)) print(xpcall(error, debug.traceback, 'direct')) print(xpcall(function() pcall(error) error('x', 2) end, debug.traceback)) print(xpcall(function() for i = 1, 2 do local t = {} t.x.y = i end end, debug.traceback)) print(xpcall(function() return setmetatable({}, {__index = function(t, k) error('idx ' .. k) end}).foo end, debug.traceback)) print(xpcall(function() return {} .. {} end, function(e) return debug.traceback(e, 2) end)) print(xpcall(function() return {} < {} end, function(e) return debug.traceback(e, 0) end)) print(xpcall(nil, debug.traceback)) print(xpcall(function() table.sort({3, 2, 1}, function(a, b) error('cmp') end) end, debug.traceback)) print(xpcall(function() string.gsub('a', 'a', function() error('gs') end) end, debug.traceback)) print(xpcall(function() assert(false, 'as') end, debug.traceback)) print(xpcall(function() require('no.such.module') end, function(e) return (debug.traceback('r')) end)) print(xpcall(function() coroutine.wrap(function() error('in co') end)() end, debug.traceback)) print(xpcall(loadstring('error("ch")'), debug.traceback)) print(xpcall(loadstring('error("ch")', '@file.lua'), debug.traceback))
--- long tracebacks
local function rec(n) if n == 0 then error('deep') end rec(n - 1) return 1 end for _, n in ipairs{5, 18, 19, 20, 21, 22, 23, 24, 40, 100} do print(n, select(2, xpcall(rec, debug.traceback, n))) end
--- traceback of a stack overflow
local function f() return 1 + f() end local function g() g() end print(pcall(g)) local function h() local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x end print((select(2, pcall(h)):gsub('\n.*', '')))
--- getinfo of functions
local function show(i) local r = {} for k, v in pairs(i) do if type(v) == 'table' then local l = {} for n in pairs(v) do l[#l + 1] = n end table.sort(l) v = '{' .. table.concat(l, ',') .. '}' elseif type(v) == 'function' then v = 'fn' end r[#r + 1] = k .. '=' .. tostring(v) end table.sort(r) print(table.concat(r, ' ')) end
show(debug.getinfo(print, 'S')) show(debug.getinfo(show)) show(debug.getinfo(show, 'SlnuLf')) show(debug.getinfo(1)) show(debug.getinfo(1, 'nSluf')) show(debug.getinfo(0)) show(debug.getinfo(function(a, b, ...)
local x = a

return x end, 'SuL')) print(debug.getinfo(10)) print(debug.getinfo(-1)) print(pcall(debug.getinfo)) print(pcall(debug.getinfo, 1, 'x')) print(pcall(debug.getinfo, 'x')) print(pcall(debug.getinfo, {})) print(pcall(debug.getinfo, 1, '>')) show(debug.getinfo(loadstring('return 1', '@src.lua'), 'S')) show(debug.getinfo(loadstring('return 1', 'text'), 'S')) show(debug.getinfo(loadstring('\n\nreturn 1\n'), 'SL')) show(debug.getinfo(loadstring('x=1', '=nm'), 'S')) show(debug.getinfo(coroutine.wrap(print), 'S')) show(debug.getinfo(1, '')) show(debug.getinfo(string.rep, 'uS')) show(debug.getinfo(loadstring(('x'):rep(100) .. '=1'), 'S')) print(debug.getinfo(1, 'f').func == debug.getinfo(1).func) print(debug.getinfo('1', 'l').currentline) print(debug.getinfo(1.7, 'l').currentline)
--- getinfo names
local function who() local i = debug.getinfo(2, 'n') print(i.name, i.namewhat) end local t = {} function t.field() who() end function t:method() who() end function glob() who() end local function loc() who() end t.field() t:method() glob() loc() pcall(loc) local up = loc; (function() up() end)() local function tail() return who() end tail() t[1] = loc t[1]() local m = setmetatable({}, {__index = function() who() end, __call = function() who() end, __add = function() who() end, __tostring = function() who() return '' end, __len = function() who() end}) local _ = m.x m() _ = m + 1 for _ in (function() who() end) do end for _ in loc do end xpcall(loc, print) coroutine.wrap(loc)() table.foreach({1}, loc) local i = debug.getinfo(1, 'n') print(i.name, i.namewhat) print(debug.getinfo(0, 'n').name) print(debug.getinfo(loc, 'n').name)
--- currentline
print(debug.getinfo(1, 'l').currentline)
local function f()
  return debug.getinfo(1, 'l').currentline, debug.getinfo(2, 'l').currentline
end
print(f())
print(
  f(),
  f()
)
local t = {
  f(),
  (f())
}
print(t[1], t[2], t[3])
--- getlocal and setlocal
local function f(a, b, ...)
  local c, d = 3
  do local hidden = 9 end
  local r = {}
  for i = 1, 10 do local n, v = debug.getlocal(1, i) if not n then break end r[#r + 1] = n .. '=' .. tostring(v):gsub('0x%x+', '') end
  print(table.concat(r, ' ')) print(debug.getlocal(1, -1)) print(debug.getlocal(1, -2)) print(debug.getlocal(1, -3)) print(debug.getlocal(1, 0)) print(debug.getlocal(1, 100)) print(debug.setlocal(1, 1, 'new'), a) print(debug.setlocal(1, -1, 'va'), ...) print(debug.setlocal(1, 50, 1)) print(debug.setlocal(1, -5, 1))
end
f(1, 2, 'x', 'y') print(debug.getlocal(f, 1), debug.getlocal(f, 2), debug.getlocal(f, 3)) print(pcall(debug.getlocal, f)) print(pcall(debug.getlocal, 50, 1)) print(pcall(debug.getlocal, print, 1)) print(pcall(debug.setlocal, 50, 1, 1)) for k, v in pairs{1} do print(debug.getlocal(1, 2)) print(debug.getlocal(1, 3)) print((debug.getlocal(1, 4))) print(debug.getlocal(1, 5)) print(debug.getlocal(1, 6)) end for i = 1, 1 do print((debug.getlocal(1, 2))) print((debug.getlocal(1, 3))) print((debug.getlocal(1, 4))) print(debug.getlocal(1, 5)) end do local function g(x) local y = 2 local n, v = debug.getlocal(2, 1) return n end print(g(1)) end
--- upvalues
local a, b = 1, {} local function f() return a, b end print(debug.getupvalue(f, 1)) print((debug.getupvalue(f, 2))) print(debug.getupvalue(f, 3)) print(debug.getupvalue(f, 0)) print(debug.getupvalue(f, -1)) print(debug.setupvalue(f, 1, 'set'), a) local function g() return a end local function h() return b end print(debug.upvalueid(f, 1) == debug.upvalueid(g, 1), debug.upvalueid(f, 1) == debug.upvalueid(h, 1), type(debug.upvalueid(f, 1))) print(pcall(debug.getupvalue, 1, 1)) print(pcall(debug.setupvalue, f, 1)) 
--- hooks
jit.off() local n = 0 debug.sethook(function(ev, line) n = n + 1 end, 'l') local x = 1
x = 2
x = 3
debug.sethook() print(n > 2) print(debug.gethook()) local calls = {} debug.sethook(function(ev) local i = debug.getinfo(2, 'n') calls[#calls + 1] = ev .. ':' .. tostring(i.name) end, 'cr') local function called() end called() debug.sethook() print(#calls > 0) local cnt = 0 debug.sethook(function(ev) cnt = cnt + 1 end, '', 100) for i = 1, 10000 do end debug.sethook() print(cnt > 10) print(pcall(function() debug.sethook(function() error('timeout') end, '', 1000) while true do local t = setmetatable({}, {}) pcall(string.len) end end)) debug.sethook()
--- gethook
local function h() end debug.sethook(h, 'crl', 7) local f, m, c = debug.gethook() print(f == h, m, c) debug.sethook() print(debug.gethook()) debug.sethook(h, '') print(debug.gethook()) debug.sethook(nil) print(debug.gethook())
--- line hook lines
local lines = {} local function f()
  local a = 1

  local b = 2
  for i = 1, 2 do
    a = a + i
  end
  return a
end
debug.sethook(function(ev, l) lines[#lines + 1] = l end, 'l')
f()
debug.sethook()
print(table.concat(lines, ' '))
--- registry, metatables, environments
print(type(debug.getregistry()), debug.getregistry()._LOADED == package.loaded, type(debug.getregistry()._LOADED)) print(debug.getmetatable('').__index == string, debug.getmetatable(1)) print(debug.setmetatable({}, nil) ~= nil) print(pcall(debug.setmetatable, 1)) print(pcall(debug.setmetatable, 1, 2)) print(debug.getfenv(print) == _G, debug.getfenv(1), debug.getfenv({})) print(pcall(debug.getfenv)) local f = function() return x end print(debug.setfenv(f, {x = 'e'}) == f, f()) print(pcall(debug.setfenv, 1, {})) print(pcall(debug.setfenv, f, 1)) local k = {} for n in pairs(debug) do k[#k + 1] = n end table.sort(k) print(table.concat(k, ' ')) print(pcall(debug.getuservalue, 1)) print(pcall(debug.setuservalue, 1, {}))
