-- The token stands in the query (a browser can give a websocket no header): /chat?token=moon-1
local token = ngx.var.arg_token
local user = token and ngx.shared.tokens:get(token)
if not user then
  return ngx.exit(ngx.HTTP_UNAUTHORIZED)
end
ngx.var.user = user

-- the token stays here
local args = ngx.req.get_uri_args()
args.token = nil
ngx.req.set_uri_args(args)
