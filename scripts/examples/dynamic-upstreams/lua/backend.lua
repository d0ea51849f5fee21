-- The first segment of the path names the upstream: /user/42 goes to user_backend.
local segment = ngx.var.uri:match("^/([%l%d]+)")
if not segment then
  return ngx.exit(ngx.HTTP_NOT_FOUND)
end
ngx.var.backend = segment .. "_backend"
