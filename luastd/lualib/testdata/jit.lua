-- What the table jit takes and refuses. jit.status is left out: it tells whether there is a compiler.
local function try(f, ...) print(select(2, pcall(f, ...))) end
try(jit.opt.start, "x") try(jit.opt.start, "hotloop=10", 1, "+loop", "-sink", "nofold") try(jit.opt.start, "-foo") try(jit.opt.start, "hotloop") try(jit.opt.start, "hotloop=") try(jit.opt.start, "bogus=1")
try(jit.on, 1) try(jit.off, print) try(jit.off, false) try(jit.flush, 1) try(jit.flush) try(jit.attach, 1) try(jit.attach, print)
try(jit.security, "prng") try(jit.security, "x") try(jit.security) for _, k in ipairs {"prng", "strhash", "strid", "mcode"} do print(k, jit.security(k)) end
try(jit.prngstate, "x") try(jit.prngstate, {1, 2, 3, 4, 5, 6, 7, 8, 9}) try(jit.prngstate, {1.5}) try(jit.prngstate, 1.5) try(jit.prngstate, -1)
jit.prngstate({1, 2}) print(unpack(jit.prngstate(7))) print(unpack(jit.prngstate())) print(#jit.prngstate())
print(jit.os, jit.arch, require "jit" == jit, require "jit.opt" == jit.opt)
print(string.format("%q %q %5q|%.2q|", 1, true, "a", "abc"), string.format("%q", setmetatable({}, {__tostring = function() return "a\nb" end})), string.format("%q", nil))
