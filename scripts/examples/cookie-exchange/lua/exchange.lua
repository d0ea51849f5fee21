-- Asks the user service who the caller is, and tells the app in headers that only the gateway can sign:
--   X-User: base64 of {"id":…,"name":…}
--   X-User-Signature: base64 of its HMAC-SHA1
-- What the user service answers instead of 200 is the client's answer.
local cjson = require "cjson.safe"
local http = require "resty.http"

local service = os.getenv("USER_SERVICE")
local secret = os.getenv("USER_HEADER_SECRET")

-- A browser cannot give a websocket an Authorization header, so that a token may come as a subprotocol:
-- "chat, token.SECRET". The app sees the others only.
local function token_of_subprotocol()
  local offered = ngx.var.http_sec_websocket_protocol
  if not offered or (ngx.var.http_upgrade or ""):lower() ~= "websocket" then
    return nil
  end
  local token, rest = nil, {}
  for word in offered:gmatch("[^%s,]+") do
    if word:sub(1, 6) == "token." then
      token = word:sub(7)
    else
      rest[#rest + 1] = word
    end
  end
  ngx.req.set_header("Sec-WebSocket-Protocol", #rest > 0 and table.concat(rest, ", ") or nil)
  return token
end

-- nobody but the gateway may say who the user is
ngx.req.clear_header("X-User")
ngx.req.clear_header("X-User-Signature")

local headers = {["Accept"] = "application/json"}
local session = ngx.var.cookie_session
local bearer = (ngx.var.http_authorization or ""):match("^[Bb]earer%s+(.+)$") or token_of_subprotocol()
if bearer then
  headers["Authorization"] = "Bearer " .. bearer
elseif session then
  headers["Cookie"] = "session=" .. session
else
  ngx.header["WWW-Authenticate"] = 'Bearer realm="app"'
  return ngx.exit(ngx.HTTP_UNAUTHORIZED)
end

local client = http.new()
client:set_timeouts(1000, 1000, 2000)
local res, err = client:request_uri(service .. "/whoami", {method = "GET", headers = headers})
if not res then
  ngx.log(ngx.ERR, "user service: ", err)
  return ngx.exit(ngx.HTTP_SERVICE_UNAVAILABLE)
end
if res.status ~= 200 then
  ngx.status = res.status
  ngx.header["Content-Type"] = res.headers["Content-Type"]
  ngx.header["WWW-Authenticate"] = res.headers["WWW-Authenticate"]
  ngx.print(res.body)
  return ngx.exit(res.status)
end

local user = cjson.decode(res.body)
if type(user) ~= "table" or not user.id then
  ngx.log(ngx.ERR, "user service: no user in ", res.body)
  return ngx.exit(ngx.HTTP_BAD_GATEWAY)
end
local text = ngx.encode_base64(cjson.encode({id = user.id, name = user.name}))
ngx.var.user_id = user.id
ngx.req.set_header("X-User", text)
ngx.req.set_header("X-User-Signature", ngx.encode_base64(ngx.hmac_sha1(secret, text)))
