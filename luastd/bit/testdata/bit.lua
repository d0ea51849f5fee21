local bit = require "bit"
local vs = {0, 1, 255, 0.5, 1.5, 2.5, 2^31, 2^32, 2^32+5, 2^40+7, 2^51+1, 2^52+3, 2^53, 2^50, 1e15, 12345.678, 1LL, 0xffULL, 123456789012345LL}
for _, v in ipairs(vs) do
  for _, f in ipairs{"tobit","tohex","bnot","bswap"} do io.write(f," ",tostring(v)," ",tostring(select(2,pcall(bit[f], v))),";") end
  for _, f in ipairs{"lshift","rshift","arshift","rol","ror"} do for _, n in ipairs{0,1,7,31,32,33,-1,63,64} do io.write(f, n, " ", tostring(bit[f](v,n)),";") end end
  for _, f in ipairs{"band","bor","bxor"} do for _, w in ipairs{0,0xff,3LL,2^33+1,5,0xf0ULL} do io.write(f, " ", tostring(bit[f](v,w)),";") end end
  print()
end
for _, n in ipairs{0,1,4,8,10,-4,-8,16,300,-300} do print(n, bit.tohex(-1,n), bit.tohex(255,n), bit.tohex(0xabcdefLL, n)) end
print(pcall(bit.band)) print(pcall(bit.band,"x")) print(pcall(bit.lshift,1)) print(pcall(bit.tohex,{})) print(bit.band(1,2,3), bit.bor(1,2,4), bit.bxor(1,3))
print(1LL+2, 3LL-5, 2ULL*3, 7LL/2, -7LL/2, -7LL%3, 7ULL%4, 2LL^10, -(5LL), 1LL==1, 1LL==1ULL, 1LL<2, 2>1LL, 1LL<=1ULL, -1LL<0ULL, 1==1LL, 1LL~=2, "x"==1LL, 5LL/0, 1LL+0.5, 1e3+1LL, tonumber(5LL), tostring(-0LL), 1i, type(1i), 2.5i)
print(pcall(function() return 1LL + "x" end)) print(pcall(function() return 1LL .. "x" end)) print(pcall(function() return 1LL < "x" end)) print(pcall(function() return 1LL + nil end)) print(string.format("%d %x %s", 5LL, 255ULL, 7LL)) print(#tostring(0xffffffffffffffffULL), 0xffffffffffffffffULL, 0x7fffffffffffffffLL, -9223372036854775808LL)
