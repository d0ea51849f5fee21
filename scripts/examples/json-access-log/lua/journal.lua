-- The journal's file: opened once a worker, a line written at once.
local cjson = require "cjson.safe"

local file

local M = {}

function M.write(record)
  if not file then
    local err
    file, err = io.open(ngx.config.prefix() .. "logs/access.json", "a")
    if not file then
      ngx.log(ngx.ERR, err)
      return
    end
    file:setvbuf("no")
  end
  file:write(cjson.encode(record) .. "\n")
end

return M
