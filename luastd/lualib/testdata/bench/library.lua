-- Prints the CPU time of one call of each of the library's functions, in nanoseconds: the lowest of five rounds.
if jit and jit.off then jit.off() end
local write = function(...) io.write(...) io.stdout:flush() end
local line = '127.0.0.1 - - [21/Nov/2026:02:00:00 +0000] "GET /index.html?a=1&b=2 HTTP/1.1" 200 612'
local words, list, numbers = {}, {}, {}
for w in line:gmatch("%w+") do words[#words + 1] = w end
local x = 1
for i = 1, 200 do x = x * 16807 % 2147483647 numbers[i] = x list[i] = i end
local find, match, gsub, gmatch, format = string.find, string.match, string.gsub, string.gmatch, string.format
local sub, byte, rep, upper, char = string.sub, string.byte, string.rep, string.upper, string.char
local concat, insert, remove, sort = table.concat, table.insert, table.remove, table.sort
local floor, max, random = math.floor, math.max, math.random
local function copy() local t = {} for i = 1, 200 do t[i] = numbers[i] end return t end
local programs = {
  {"find plain", function(n) for i = 1, n do local a = find(line, "HTTP/", 1, true) end end},
  {"find", function(n) for i = 1, n do local a = find(line, "HTTP/%d") end end},
  {"match anchored", function(n) for i = 1, n do local a, b = match("key = value", "^(%w+)%s*=%s*(%w+)$") end end},
  {"match in a line", function(n) for i = 1, n do local a, b = match(line, '"(%u+) (%S+)') end end},
  {"match lazy", function(n) for i = 1, n do local a = match("  some text  ", "^%s*(.-)%s*$") end end},
  {"gmatch", function(n) for i = 1, n do for w in gmatch("a=1&b=2&c=3", "(%w)=(%w)") do end end end},
  {"gsub string", function(n) for i = 1, n do local a = gsub(line, "%d+", "#") end end},
  {"gsub escape", function(n) for i = 1, n do local a = gsub("/a/b/c", "/", "%%2F") end end},
  {"gsub table", function(n) local t = {a = "1", b = "2"} for i = 1, n do local a = gsub("$a and $b", "%$(%w+)", t) end end},
  {"gsub function", function(n) local f = function(c) return "x" end for i = 1, n do local a = gsub("hello world", "o", f) end end},
  {"format %s %d", function(n) for i = 1, n do local a = format("%s=%d", "key", i) end end},
  {"format %5.2f", function(n) for i = 1, n do local a = format("%5.2f", i / 3) end end},
  {"format %x %q", function(n) for i = 1, n do local a = format("%04x %q", i, "a\nb") end end},
  {"sub", function(n) for i = 1, n do local a = sub(line, 5, 20) end end},
  {"byte", function(n) for i = 1, n do local a = byte(line, 5) end end},
  {"char", function(n) for i = 1, n do local a = char(72, 105, 33) end end},
  {"rep", function(n) for i = 1, n do local a = rep("ab", 20) end end},
  {"upper", function(n) for i = 1, n do local a = upper("hello world") end end},
  {"tostring integer", function(n) for i = 1, n do local a = tostring(i) end end},
  {"tostring fraction", function(n) for i = 1, n do local a = tostring(i / 7) end end},
  {"tonumber", function(n) for i = 1, n do local a = tonumber("12345") end end},
  {"tonumber hexadecimal", function(n) for i = 1, n do local a = tonumber("ff", 16) end end},
  {"concat", function(n) for i = 1, n do local a = concat(words, ",") end end},
  {"insert and remove", function(n) local t = {} for i = 1, n do insert(t, i) end for i = 1, n do remove(t) end end},
  {"insert in front", function(n) local t = {} for i = 1, n do insert(t, 1, i) if i % 20 == 0 then t = {} end end end},
  {"unpack", function(n) local t = {1, 2, 3, 4, 5} for i = 1, n do local a, b, c, d, e = unpack(t) end end},
  {"select", function(n) local function f(...) return select("#", ...), (select(2, ...)) end for i = 1, n do f(1, 2, 3) end end},
  {"length", function(n) local a = 0 for i = 1, n do a = a + #list end end},
  {"append", function(n) local t = {} for i = 1, n do t[#t + 1] = i end end},
  {"math", function(n) for i = 1, n do local a = floor(max(i / 3, 5)) + random() end end},
  {"sort 200 numbers", function(n) for i = 1, n, 200 do sort(copy()) end end},
  {"sort 200 by function", function(n) local f = function(a, b) return a < b end for i = 1, n, 200 do sort(copy(), f) end end},
  {"sort backwards by function", function(n)
    local f = function(a, b) return a > b end
    for i = 1, n, 200 do local t = {} for k = 1, 200 do t[k] = k end sort(t, f) end
  end},
  {"ipairs", function(n) for i = 1, n, 200 do for k, v in ipairs(list) do end end end},
  {"pairs", function(n) for i = 1, n, 200 do for k, v in pairs(list) do end end end},
}
local ok, cjson = pcall(require, "cjson")
if ok then
  local value = {id = 1, name = "some name", tags = {"a", "b", "c"}, price = 12.5, ok = true}
  local text = cjson.encode(value)
  programs[#programs + 1] = {"cjson encode", function(n) for i = 1, n do local a = cjson.encode(value) end end}
  programs[#programs + 1] = {"cjson decode", function(n) for i = 1, n do local a = cjson.decode(text) end end}
end
for _, p in ipairs(programs) do
  local name, program = p[1], p[2]
  local n, best = 1000, math.huge
  while true do
    local start = os.clock()
    program(n)
    if os.clock() - start > 0.01 then break end
    n = n * 2
  end
  for i = 1, 5 do
    local start = os.clock()
    program(n)
    best = math.min(best, (os.clock() - start) / n * 1e9)
  end
  write(string.format("%s: %.0f\n", name, best))
end
