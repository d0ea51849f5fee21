-- How resty.http opens a connection: directly or through a proxy, in the clear or with TLS,
-- in a pool of connections that are all alike.
local find, sub, gmatch, match, lower = string.find, string.sub, string.gmatch, string.match, string.lower
local concat = table.concat
local type, tostring, tonumber, setmetatable = type, tostring, tonumber, setmetatable

local default_port = { http = 80, https = 443 }

-- identities numbers clients' certificates for the names of pools: an address could be another certificate's later.
local identities, last = setmetatable({}, { __mode = "k" }), 0

local function identity(cert)
  local id = identities[cert]
  if not id then
    last = last + 1
    id = last
    identities[cert] = id
  end
  return id
end

-- exempt tells whether a list such as "localhost,.example.com" names the host or a domain that it is in.
local function exempt(list, host)
  if not list then return false end
  if list == "*" then return true end
  host = lower(host)
  for name in gmatch(lower(list), "[^,%s]+") do
    name = match(name, "^%.?(.*)$")
    if host == name or sub(host, -#name - 1) == "." .. name then return true end
  end
  return false
end

-- proxy_for gives the proxy's URI for a target, and the authorization for it; nil where it is to be asked directly.
local function proxy_for(opts, scheme, host)
  if not opts or exempt(opts.no_proxy, host) then return nil end
  if scheme == "https" then return opts.https_proxy, opts.https_proxy_authorization end
  return opts.http_proxy, opts.http_proxy_authorization
end

-- tunnel asks the proxy that self is connected with for a way to host:port.
local function tunnel(self, host, port, authorization)
  local target = host .. ":" .. port
  local res, err = self:request{ method = "CONNECT", path = target, headers = { Host = target, ["Proxy-Authorization"] = authorization } }
  if not res then return nil, "failed to issue CONNECT to proxy: " .. err end
  if res.status < 200 or res.status > 299 then
    return nil, "failed to establish a tunnel through a proxy: " .. res.status
  end
  return true
end

local function credentials(o)
  local cert, key = o.ssl_client_cert, o.ssl_client_priv_key
  if not (cert and key) then return nil end
  for name, value in next, { ssl_client_cert = cert, ssl_client_priv_key = key } do
    local t = type(value)
    if t ~= "cdata" and t ~= "userdata" then return nil, "bad " .. name .. ": cdata expected, got " .. t end
  end
  return identity(cert) .. "," .. identity(key)
end

-- ok, err, session = connect(self, {scheme, host, port, pool, pool_size, backlog, ssl_verify, ssl_server_name,
-- ssl_reused_session, ssl_send_status_req, ssl_client_cert, ssl_client_priv_key, proxy_opts})
local function connect(self, o)
  local sock = self.sock
  if not sock then return nil, "not initialized" end
  local scheme, host, port = o.scheme, o.host, tonumber(o.port)
  if not host then return nil, "no host" end
  local unix = find(host, "unix:", 1, true) == 1
  if port and not scheme then return nil, "'scheme' is required when providing a port" end
  if unix then
    port = nil
  elseif not port then
    port = default_port[scheme or "http"]
  end
  local secure = scheme == "https"
  local server_name = o.ssl_server_name or (not unix and host or nil)

  local proxy, authorization = proxy_for(o.proxy_opts or self.proxy_opts, scheme, host)
  local at, err
  if proxy then
    at, err = self:parse_uri(proxy)
    if not at then return nil, "uri parse error: " .. err end
    if at[1] ~= "http" then return nil, "protocol " .. at[1] .. " not supported for proxy connections" end
  end
  local id
  if secure then
    id, err = credentials(o)
    if err then return nil, err end
  end
  local opts = { pool = o.pool, pool_size = o.pool_size, backlog = o.backlog }
  if not opts.pool then
    opts.pool = concat({ scheme or "", host, tostring(port), secure and server_name or "", tostring(secure and o.ssl_verify ~= false),
      proxy or "", secure and authorization or "", id or "" }, ":")
  end
  if o.pool_debug then ngx.log(ngx.DEBUG, "poolname: ", opts.pool) end

  self:opened(nil, nil, false)
  local ok
  if at then
    ok, err = sock:connect(at[2], at[3], opts)
    if not ok then return nil, "failed to connect to: " .. at[2] .. ":" .. at[3] .. ": " .. err end
    if secure and sock:getreusedtimes() == 0 then
      self:opened(at[2], at[3], false)
      ok, err = tunnel(self, host, port, authorization)
      if not ok then
        self:close()
        return nil, err
      end
    end
  elseif port then
    ok, err = sock:connect(host, port, opts)
  else
    ok, err = sock:connect(host, opts)
  end
  if not ok then return nil, err end

  local session
  if secure and sock:getreusedtimes() == 0 then
    if id then
      ok, err = sock:setclientcert(o.ssl_client_cert, o.ssl_client_priv_key)
      if not ok then
        self:close()
        return nil, "could not set client certificate: " .. err
      end
    end
    session, err = sock:sslhandshake(o.ssl_reused_session, server_name, o.ssl_verify ~= false, o.ssl_send_status_req)
    if not session then
      self:close()
      return nil, err
    end
  end
  self:opened(host, port, secure)
  if at and not secure then
    self.http_proxy_auth = authorization
    self.path_prefix = "http://" .. host .. (port == 80 and "" or ":" .. port)
  end
  return true, nil, session
end

return { connect = connect, proxy_for = proxy_for }
