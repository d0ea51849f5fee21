local cjson = require "cjson"
local value = {id = 17, name = "fox", tags = {"quick", "brown"}, nested = {list = {1, 2.5, 3}, ok = true}}
return function() for i = 1, 10000 do cjson.decode(cjson.encode(value)) end end
