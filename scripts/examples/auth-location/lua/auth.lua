-- Lets a request pass where the service behind /auth answers 2xx, and tells the app whose it is.
local res = ngx.location.capture("/auth", {copy_all_vars = true})

-- the names in res.header are in the case that the service sent
local function header(name)
  for key, value in pairs(res.header) do
    if key:lower() == name then
      return value
    end
  end
end

if res.status >= 200 and res.status < 300 then
  ngx.var.user_id = header("x-user-id") or ""
  return
end
if res.status == 401 or res.status == 403 then
  ngx.header["WWW-Authenticate"] = header("www-authenticate")
  return ngx.exit(res.status)
end
ngx.log(ngx.ERR, "authentication service answered ", res.status)
return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR)
