-- jit.bcsave: start([options,] input, output) compiles a file and writes its code.
local function give_up(...)
    error(table.concat({ "jit.bcsave: ", ... }), 0)
end

local raw = { raw = true, luac = true }
local linked = { c = true, cc = true, h = true, o = true, obj = true }

local function start(...)
    local args, strip, kind, chunk, name = { ... }, true, nil, nil, nil
    local files = {}
    local i = 1
    while i <= #args do
        local a = args[i]
        i = i + 1
        if a == "--" then
            for j = i, #args do
                files[#files + 1] = args[j]
            end
            break
        end
        if type(a) ~= "string" or a == "-" or a:sub(1, 1) ~= "-" then
            files[#files + 1] = a
        else
            for option in a:sub(2):gmatch(".") do
                if option == "s" then
                    strip = true
                elseif option == "g" then
                    strip = false
                elseif option:find("[WXd]") then
                    -- the code is the same on every machine, and every time
                elseif option == "e" then
                    chunk, i = args[i], i + 1
                elseif option == "F" then
                    name, i = args[i], i + 1
                elseif option == "t" then
                    kind, i = args[i], i + 1
                elseif option:find("[nao]") then
                    i = i + 1
                else
                    give_up("option -", option, " is not supported by moongate")
                end
            end
        end
    end
    if chunk then
        table.insert(files, 1, false)
    end
    if #files ~= 2 then
        give_up("an input and an output are needed")
    end
    local input, output = files[1], files[2]
    kind = kind or (output:match("%.(%a+)$") or ""):lower()
    if linked[kind] and not raw[kind] then
        give_up("moongate writes raw bytecode only, not type ", kind)
    end

    local fn, err
    if chunk then
        fn, err = loadstring(chunk, name and "@" .. name)
    elseif name or input == "-" then
        local from = input == "-" and io.stdin or assert(io.open(input, "rb"))
        fn, err = loadstring(from:read("*a"), "@" .. (name or "stdin"))
        if from ~= io.stdin then
            from:close()
        end
    else
        fn, err = loadfile(input)
    end
    if not fn then
        give_up(err)
    end

    local to = io.stdout
    if output ~= "-" then
        to, err = io.open(output, "wb")
        if not to then
            give_up(err)
        end
    end
    to:write(string.dump(fn, strip))
    if to == io.stdout then
        to:flush()
    else
        to:close()
    end
end

return { start = start }
