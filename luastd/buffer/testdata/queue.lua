-- The queue: what methods return, how memory is counted by commit, and what they say to bad arguments.
local b = require "string.buffer"
local function try(f, ...)
  local r = {n = select("#", ...), pcall(f, ...)}
  print(unpack(r, 1, table.maxn(r)))
end
local x = b.new()
x:put("abc")
print(type(x), x .. "d", "d" .. x, 1 .. x, x .. x, #x, getmetatable(x), x.nothing)
print(setmetatable({}, {__concat = function(l, r) return type(l) .. type(r) end}) .. x, x .. setmetatable({}, {__concat = function(l, r) return type(l) .. type(r) end}))
try(string.format, "%s|%q", x, x)
try(string.format, "%5.2s", x)
try(string.len, x)
try(table.concat, {x, "y", x}, ",")
io.write("io.write ", x, "\n")
try(function() x:put({}) end)
try(function() x.put({}) end)
try(function() x:put(1, nil) end)
try(function() local z = x.put z(x, {}) end)
try(x.put, x, nil)
try(x.put, 1)
try(function() x:get("1") end)
try(function() x:get(-1) end)
try(function() x:get(2^31) end)
try(function() x:skip() end)
try(function() x:skip(1.9) end)
print(x)
try(function() x:put(x) end)
try(function() x:set() end)
try(function() x:set(1) end)
try(function() x:putf("%d") end)
try(function() x:putf("%d", "x") end)
try(function() x:putf() end)
try(function() x:putf("%y", 1) end)
try(function() x:putcdata("a", 1) end)
try(function() x:commit(100) end)
try(function() x:reserve() end)
try(function() x:reserve(-1) end)
try(function() b.new(-1) end)
try(b.new, "x")
try(function() b.new({}, 1):put("fine") end)
try(b.new, nil, 1)
try(b.new, 1, nil)
try(function() x.y = 1 end)
print(x == b.new(), x == x)
x = b.new(10LL, nil and {} or {})
x:put(1LL, 2ULL) print(x:get(3LL), x)

local r = b.new():put("abcdef")
print(r:get(1, 2, 0, nil, 3))
print(#r) r:put("xyz") print(r:get()) r:put("xyz") print(r:get(100)) r:put("abc"):skip(5) print(#r, r:get(), r:get(0))
print(r:put(1, 2.5, -0.0, 1e15, 1/0, 1e100, 0.1):get())
local mt = {__tostring = function() return "T" end}
r:put(setmetatable({}, mt))
mt.__tostring = function() return 12 end
r:put(setmetatable({}, mt))
mt.__tostring = function() return r end
try(r.put, r, setmetatable({}, mt))
mt.__tostring = function() return setmetatable({}, mt) end
try(r.put, r, setmetatable({}, mt))
print(r)
mt.__tostring = function() return b.new():put("inner") end
print(r:reset():put(setmetatable({}, mt)))
try(r.put, r, 1LL, true)
print(r)
mt.__tostring = function() return "x" end
print(r:reset():putf("%d %s %q %5.1f", 1, setmetatable({}, mt), "y\n", 2), #r)
try(r.putf, r, "%d %s", 1, "z")
print(r:tostring(), pcall(r.tostring))
print(r:reset():putf("%d|", 3):putf("%%"):get())
r:set("borrowed") print(r, #r, r:get(3), r:put(""), r:put("!"), r:skip(2)) r:free() print(#r, r)
r:set("a"):set("bc"):reset() print(#r, r:put("d"))
r:set("abc"):skip(3) print(#r, r:put("e"))
try(r.set, r, b.new())

-- What may be committed tells how much room there is.
local function left(buf)
  local n = 0
  while pcall(buf.commit, buf, 1) do n = n + 1 end
  return n
end
for _, size in ipairs {0, 1, 5, 32, 33, 64, 100} do
  io.write(size, ":", left(b.new(size)), " ")
end
print()
for _, skip in ipairs {0, 3, 4, 8, 20, 39} do
  local q = b.new(5):put(("x"):rep(40)):skip(skip):put(("y"):rep(26))
  io.write(skip, ":", #q, "+", left(q), " ")
end
print()
local q = b.new():set("abc"):skip(1):put("d")
print(tostring(q), left(q), left(b.new():put("x"):reset()), left(b.new():put("x"):free()), left(b.new():set("abc")))
print(package.loaded["string.buffer"] == b, string.buffer)
