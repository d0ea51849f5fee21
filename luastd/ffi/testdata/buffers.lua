local buffer = require "string.buffer"
env.B = buffer.new
for src in ([==[
local b = B() local p, n = b:reserve(10) return p ~= nil, n >= 10, ffi.typeof(p)
local b = B() local p, n = b:reserve(10) ffi.copy(p, "hello") b:commit(5) return tostring(b), #b
local b = B() b:put("abc") local p, n = b:ref() return ffi.string(p, n), n, ffi.typeof(p)
local b = B() b:put("abc") local p, n = b:ref() p[0] = 65 return tostring(b)
local b = B() b:put("abc"):skip(1) local p, n = b:ref() return ffi.string(p, n)
local b = B() b:putcdata(ffi.new("char[4]", "abcd"), 3) return tostring(b)
local b = B() b:putcdata("abc", 3)
local b = B() b:putcdata(ffi.cast("const char *", "abc"), 2) return tostring(b)
local b = B() b:putcdata(5LL, 2)
local b = B() b:putcdata(ffi.new("int[1]", 65), 1) return tostring(b)
local b = B() b:putcdata(ffi.new("struct { int x; }", 65), 1) return tostring(b)
local b = B() b:putcdata()
local b = B() b:putcdata(ffi.new("int[1]"))
local b = B() b:putcdata(ffi.new("int[1]"), -1)
local b = B() b:reserve()
local b = B() b:reserve(-1)
local b = B() local p, n = b:reserve(0) return n >= 0
local b = B() local p, n = b:ref() return n
local b = B() b:set("hello") local p, n = b:ref() return ffi.string(p, n)
local b = B() b:set(ffi.new("char[4]", "abcd"), 3) return tostring(b)
local b = B() b:set(ffi.new("char[4]", "abcd"))
local b = B() local p, n = b:reserve(5) ffi.fill(p, 5, 66) b:commit(3) return tostring(b)
local b = B() local p, n = b:reserve(5) b:commit(n + 1)
local b = B() for i = 1, 3 do local p = b:reserve(4) ffi.cast("uint32_t *", p)[0] = i b:commit(4) end local p, n = b:ref() return ffi.cast("uint32_t *", p)[2], n
local b = B():put("abcdef") local p, n = b:ref() local q = ffi.cast("char *", p) + 2 return q[0], ffi.string(q, 2)
ffi.string(B():put("abc"), 3)
ffi.cast("const char *", B():put("abc"))[1]
]==]):gmatch("[^\n]+") do try(src) end
