-- jit.zone: a stack of names for a profiler. zone("name") pushes one, zone() pops it.
local stack = {}

local zone = {
    flush = function()
        for i = #stack, 1, -1 do
            stack[i] = nil
        end
    end,
    get = function()
        return stack[#stack]
    end,
}

return setmetatable(zone, {
    __call = function(_, name)
        if name then
            stack[#stack + 1] = name
            return
        end
        return (assert(table.remove(stack), "empty zone stack"))
    end,
})
