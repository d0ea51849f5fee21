-- The serialiser: bytes, dictionaries, and what it says to data that it cannot read. Tables have at most one key outside of their
-- array, as the order of others is each implementation's own.
local b = require "string.buffer"
local function hex(s) return (tostring(s):gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local function enc(...) local ok, r = pcall(b.encode, ...) print(ok and hex(r) or r) end
local function show(v)
  if type(v) == "table" then
    local n = 0
    for k in pairs(v) do n = n + 1 end
    return "table " .. n
  end
  return type(v) .. " " .. tostring(v)
end
local function dec(...) local ok, r = pcall(b.decode, ...) print(show(r)) end
enc(nil) enc(true) enc(false) enc(0) enc(-0.0) enc(1) enc(-1) enc(1.5) enc(2^31) enc(2^53) enc(0/0) enc(1/0) enc("") enc("abc") enc("\0\255")
print(hex(b.encode(("x"):rep(0xbf)):sub(1, 4)), hex(b.encode(("x"):rep(0xc0)):sub(1, 4)), hex(b.encode(("x"):rep(0x1fe0 - 0x21)):sub(1, 8)), hex(b.encode(("x"):rep(0x1fe0 - 0x20)):sub(1, 8)))
enc({}) enc({1, 2, 3}) enc({a = 1}) enc({1, a = 2}) enc({[0] = 5, 6}) enc({nil, 2, 3}) enc({{}, {{}}}) enc({[1.5] = 1}) enc({1, nil, 3}) enc({[true] = {}}) enc({[0] = 1}) enc({[-1] = 1})
local t = {1, 2, 3, 4} t[4] = nil enc(t)
t = {1, 2, 3} t[2] = nil enc(t)
t = {} for i = 1, 10 do t[i] = i end enc(t)
t = {x = 1} t.x = nil enc(t)
t = {1, 2, x = 1} t.x = nil t[1] = nil t[2] = nil enc(t)
enc(print) enc(coroutine.create(function() end)) enc(io.stdout) enc(b.new()) enc(1LL) enc(-1LL) enc(2ULL) enc(1.5i) enc() enc({1, print})
t = {} local x = t for i = 1, 99 do x[1] = {} x = x[1] end
print(#b.encode(t)) x[1] = {} enc(t) x[1] = x enc(t)
dec("\0") dec("\1") dec("\2") dec("\3") dec("\4\1\2\3\4") dec("\4\1\0\0\0") dec("\5\1\2\3\4\0\0\1\0") dec("\5\1\2\3\4\1\0\0\0") dec("\5\1\2\3\4\5\6\7\8") dec("\6\1\2\3\4") dec("\6\255\255\255\255") dec("\6\1\2\3") dec("\4\0\0\0\0")
dec("") dec("\7") dec("\x20a") dec("\x21") dec("\x21a") dec("\x12") dec("\x13") dec("\x1f") dec("\x0f\0") dec("\x0e\0\8") dec("\x0e") dec("\x08") dec("\x09\1\x21a\2") dec("\x09\2\x21a\2\x21a\1") dec("\x09\1\0\1") dec("\x09\1\7\0\0\0\0\0\0\xf8\xff\1")
dec("\x0d\2\1\2\x21a\1") dec("\x0c\3\1\2") dec("\x0c\0") dec("\x0c\1") dec("\x0b\1\1\1\x21a\1") dec("\x0a\1\1\2") dec("\x0a\2\0\1") dec("\xff\x20\0\0\0") dec("\xff") dec("\xe0")
print(#b.decode("\xe0\0" .. ("x"):rep(0xc0)))
dec(("\x0a\1"):rep(101) .. "\1") dec(("\x0a\1"):rep(100) .. "\1") dec("\x09\1\6\1\0\0\0\1") dec("\x10\1\0\0\0\0\0\0\0") dec("\x11\1\0\0\0\0\0\0\0") dec("\x12\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\xf0\x3f") dec(1) dec({}) dec() dec(b.new():put("\2"))
dec("\x0a\xff\xff\xff\xff\x7f") dec("\x0a\xff\0\0\0\1") dec("\x09\xff\xff\xff\xff\xff") dec("\x09\xff\0\0\0\1")
print(pcall(function() b.decode("") end)) print(pcall(function() b.encode(print) end)) print(pcall(function() b.decode("\9\1\0\1") end)) print(pcall(function() b.decode("\1\1") end))
local e = b.new() print(pcall(function() e:encode() end)) print(pcall(function() e:decode() end)) print(pcall(function() e:encode({x = print}) end)) print(#e)
e:set("\2\1rest") print(e:decode(), e:decode(), e) print(pcall(e.decode, e)) print(e)
e:reset():encode({1, {2, {x = "y"}}, "s"}):encode(nil):encode("tail")
local v = e:decode() print(#v, v[1], v[2][1], v[2][2].x, v[3], e:decode(), e:decode(), #e)
local o = b.new {dict = {"name", "id", false, "id", "x"}, metatable = {{}, {__index = 1}, false}}
print(hex(o:encode({id = 1}):get()), hex(o:encode("id"):get()), hex(o:encode({x = "x"}):get()), hex(o:encode(setmetatable({}, {})):get()), hex(o:encode({other = 1}):get()))
print(pcall(o.decode, o:put("\15\2"))) o:reset() print(pcall(o.decode, o:put("\15\5"))) o:reset() print(o:put("\15\4"):decode()) print(pcall(o.decode, o:put("\14\2\8"))) o:reset() print(pcall(o.decode, o:put("\14\0\1"))) o:reset() print(pcall(o.decode, o:put("\15\255\255\255\255\255")))
local mts = {{__index = {q = 1}}, {}}
o = b.new(10, {metatable = mts})
print(hex(o:encode(setmetatable({}, mts[1])):encode(setmetatable({1}, mts[2]))))
local p = o:decode() print(p.q) p = o:decode() print(getmetatable(p) == mts[2], p[1], #o)
print(pcall(b.new, nil, {dict = {1}})) print(pcall(b.new, nil, {metatable = {1}})) print(pcall(b.new, {dict = 1})) print(pcall(function() b.new {dict = {{}}} end))
local deep = b.decode(b.encode({list = {1, 2, {k = "v"}}, s = ("long"):rep(100), n = 0.1, t = true}))
print(deep.list[3].k, #deep.s, deep.n, deep.t)
