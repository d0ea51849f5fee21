local Base = {} Base.__index = Base
function Base:area() return self.w * self.h end
local Box = setmetatable({}, {__index = Base}) Box.__index = Box
function Box:grow(d) self.w, self.h = self.w + d, self.h + d return self end
return function()
  local b = setmetatable({w = 1, h = 1}, Box)
  local sum = 0
  for i = 1, 150000 do sum = sum + b:grow(i % 3 - 1):area() end
end
