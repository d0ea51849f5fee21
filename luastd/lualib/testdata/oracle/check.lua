-- Gives what a program of one line returns, or the error it ends in, as text: check(code).
--
-- The files beside this one list such programs, each with the result that LuaJIT gave for it ("--> ...").
local keys
local function show(v, depth)
  local kind = type(v)
  if kind == "string" then
    return '"' .. v:gsub('[%c"\\\127-\255]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
  elseif kind == "number" then
    if v ~= v then return "nan" end
    local s = ("%.14g"):format(v)
    return tonumber(s) == v and s or ("%.17g"):format(v)
  elseif kind == "table" and not getmetatable(v) and depth < 4 then
    local names, out = {}, {}
    for k in pairs(v) do names[#names + 1] = k end
    table.sort(names, function(a, b)
      if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
      return type(a) .. tostring(a) < type(b) .. tostring(b)
    end)
    for i, k in ipairs(names) do
      out[i] = (k == i and "" or "[" .. show(k, depth + 1) .. "]=") .. show(v[k], depth + 1)
    end
    return "{" .. table.concat(out, ", ") .. "}"
  elseif kind == "table" or kind == "function" or kind == "thread" or kind == "userdata" or kind == "cdata" then
    return kind == "cdata" and tostring(v):gsub("0x%x+", "ADDR") or "<" .. kind .. ">"
  end
  return tostring(v)
end
local function pack(...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = show((select(i, ...)), 0) end
  return table.concat(out, " ")
end
local function result(ok, ...)
  return (ok and "" or "error: ") .. pack(...)
end
function check(code)
  local f, e = loadstring(code, "=case")
  return f and result(pcall(f)) or "error: " .. show(e, 0)
end
