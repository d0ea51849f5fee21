-- Asks the policies where the request may go.
local name, cluster, deny = require("policy").match()
if deny then
  ngx.log(ngx.WARN, "policy ", name, " denies ", ngx.var.uri)
  return ngx.exit(deny)
end
if not cluster then
  return ngx.exit(ngx.HTTP_NOT_FOUND)
end
ngx.var.cluster = cluster
ngx.var.policy = name
