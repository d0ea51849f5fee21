-- A long walk of pseudo-random operations over a small dictionary. The digest of all
-- answers and of the free space after each operation was recorded from nginx 1.22.1 with
-- ngx_lua 0.10.23 for a zone of 100k; see TestEvictionAsNginx.
local d, seed, log = ngx.shared.dogs, 42, {}

local function random(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return math.floor(seed / 65536) % n
end

for _ = 1, 20000 do
    local op, key = random(9), "key" .. random(90)
    local res, err, forcible
    if op < 3 then
        local size = random(random(10) == 0 and 9000 or 700)
        res, err, forcible = d:set(key, string.rep("y", size))
    elseif op == 3 then
        res, err = d:rpush(key, string.rep("p", random(400)))
    elseif op == 4 then
        res, err = d:lpop(key)
    elseif op == 5 then
        res, err = d:get(key)
    elseif op == 6 then
        res, err = d:delete(key)
    elseif op == 7 then
        res, err = d:safe_add(key, string.rep("z", random(3000)))
    else
        res, err, forcible = d:incr(key, 1, 0)
    end
    if type(res) == "string" then
        res = #res
    end
    log[#log + 1] = tostring(res) .. tostring(err) .. tostring(forcible) .. d:free_space()
    if #log == 200 then
        log = { ngx.md5(table.concat(log)) }
    end
end

ngx.say(log[1])
