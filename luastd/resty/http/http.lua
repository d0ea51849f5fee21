-- resty.http: an HTTP/1.1 client on cosockets. The interface is that of lua-resty-http.
--
-- A request that could not be sent or answered gives nil and a message; a response of whatever status is
-- no error. Bodies are read as the caller asks: whole (read_body, and always by request_uri) or in pieces
-- (body_reader). A connection may be kept only when its responses were read to the end.
local _, body_of, connection, http_headers = ...

local tcp = ngx.socket.tcp
local concat, lower, upper, find, sub, match = table.concat, string.lower, string.upper, string.find, string.sub, string.match
local type, tostring, tonumber, pairs, ipairs, setmetatable, rawset = type, tostring, tonumber, pairs, ipairs, setmetatable, rawset

local Http = {
  _VERSION = "0.17.2",
  _USER_AGENT = "moongate resty.http",
  transfer_encoding_is_chunked = body_of.is_chunked,
}
local methods = { __index = Http }

local default_port = { http = 80, https = 443 }
local wants_body = { POST = true, PUT = true, PATCH = true }
local versions = { [1.0] = " HTTP/1.0\r\n", [1.1] = " HTTP/1.1\r\n" }

-- the header fields that are between two neighbours, and the length, which is the server's to say again
local hop_by_hop = {
  ["connection"] = true, ["keep-alive"] = true, ["proxy-authenticate"] = true, ["proxy-authorization"] = true, ["te"] = true,
  ["trailer"] = true, ["trailers"] = true, ["transfer-encoding"] = true, ["upgrade"] = true, ["content-length"] = true,
}

-- the phases that have a request, whose variables can be read
local with_request = {
  set = true, rewrite = true, server_rewrite = true, access = true, precontent = true, content = true, header_filter = true,
  body_filter = true, log = true,
}

local debugging = false

local function copy(t)
  local c = {}
  for k, v in pairs(t or {}) do c[k] = v end
  return c
end

function Http.new(_)
  local sock, err = tcp()
  if not sock then return nil, err end
  return setmetatable({ sock = sock, keepalive = true, pending = 0 }, methods)
end

-- debug(on): requests' heads go to the error log, at level debug
function Http.debug(on) debugging = on == true end

-- method makes a method that calls the socket's.
local function method(name)
  return function(self, ...)
    local sock = self.sock
    if not sock then return nil, "not initialized" end
    return sock[name](sock, ...)
  end
end

-- set_timeout(ms), set_timeouts(connect, send, read)
Http.set_timeout = method("settimeout")
Http.set_timeouts = method("settimeouts")
Http.get_reused_times = method("getreusedtimes")
Http.close = method("close")

-- parse_uri(uri, query_in_path) gives {scheme, host, port, path, query}; the query is left in the path unless
-- query_in_path is false.
function Http.parse_uri(_, uri, query_in_path)
  local scheme, authority, rest = match(uri, "^(%a[%w+.-]*)://([^/?#]*)([^#]*)")
  if not scheme then
    authority, rest = match(uri, "^//([^/?#]*)([^#]*)")
    if not authority then return nil, "bad uri: " .. uri end
    scheme = with_request[ngx.get_phase()] and ngx.var.scheme
    if not default_port[scheme] then return nil, "schemaless URIs require a request context: " .. uri end
  end
  scheme = lower(scheme)
  if not default_port[scheme] then return nil, "bad uri: " .. uri end
  authority = match(authority, "@([^@]*)$") or authority
  local host, port = match(authority, "^(%[[^%]]+%]):?(%d*)$")
  if not host then host, port = match(authority, "^([^:]+):?(%d*)$") end
  if not host then return nil, "bad uri: " .. uri end
  port = tonumber(port) or default_port[scheme]
  local path, query = match(rest, "^([^?]*)%??(.*)$")
  if path == "" then path = "/" end
  if query_in_path ~= false and query ~= "" then
    path, query = path .. "?" .. query, nil
  end
  return { scheme, host, port, path, query }
end

-- opened notes where the connection leads, for the Host header; nothing is known of a peer before it has answered.
function Http.opened(self, host, port, secure)
  self.host, self.port, self.ssl = host, port, secure
  self.keepalive, self.pending = true, 0
  self.http_proxy_auth, self.path_prefix = nil, nil
end

-- connect{scheme, host, port, …} opens a connection, TLS and proxy included: see connect.lua. The older forms connect(host, port, opts)
-- and connect("unix:/path", opts) open it without either.
function Http.connect(self, o, ...)
  if type(o) == "table" then return connection.connect(self, o) end
  return Http.tcp_only_connect(self, o, ...)
end

function Http.tcp_only_connect(self, host, ...)
  local sock = self.sock
  if not sock then return nil, "not initialized" end
  local port = ...
  Http.opened(self, host, type(port) == "number" and port or nil, false)
  return sock:connect(host, ...)
end

function Http.ssl_handshake(self, ...)
  local sock = self.sock
  if not sock then return nil, "not initialized" end
  self.ssl = true
  return sock:sslhandshake(...)
end

-- connect_proxy(proxy_uri, scheme, host, port, authorization) connects with a proxy, through it where the scheme is https.
function Http.connect_proxy(self, proxy_uri, scheme, host, port, authorization)
  local at, err = self:parse_uri(proxy_uri, false)
  if not at then return nil, err end
  if at[1] ~= "http" then return nil, "protocol " .. at[1] .. " not supported for proxy connections" end
  local ok
  ok, err = self:tcp_only_connect(at[2], at[3])
  if not ok then return nil, err end
  if scheme == "https" then
    local target, res = host .. ":" .. port, nil
    res, err = self:request{ method = "CONNECT", path = target, headers = { Host = target, ["Proxy-Authorization"] = authorization } }
    if not res then return nil, err end
    if res.status < 200 or res.status > 299 then return nil, "failed to establish a tunnel through a proxy: " .. res.status end
  end
  return ok
end

-- set_proxy_options{http_proxy, http_proxy_authorization, https_proxy, https_proxy_authorization, no_proxy}
function Http.set_proxy_options(self, opts) self.proxy_opts = copy(opts) end

function Http.get_proxy_uri(self, scheme, host) return (connection.proxy_for(self.proxy_opts, scheme, host)) end

-- set_keepalive gives the connection back to its pool, or closes it where the peer wants that or a response was not read to
-- its end; the second result tells which: 1, or 2 and "connection must be closed".
function Http.set_keepalive(self, ...)
  local sock = self.sock
  if not sock then return nil, "not initialized" end
  if self.keepalive and self.pending == 0 then return sock:setkeepalive(...) end
  local ok, err = sock:close()
  if not ok then return nil, err end
  return 2, "connection must be closed"
end

local function clean(what, s)
  if find(s, "[\r\n]") then error("bad " .. what .. ": line break", 0) end
  return s
end

-- text gives a body as the socket takes it, and its length.
local function text(body)
  if type(body) ~= "table" then
    body = tostring(body)
    return body, #body
  end
  local pieces, n = {}, 0
  for i, piece in ipairs(body) do
    local length
    pieces[i], length = text(piece)
    n = n + length
  end
  return pieces, n
end

local function send_body(sock, body)
  if type(body) ~= "function" then return sock:send((text(body))) end
  while true do
    local piece, err, part = body()
    if piece == nil then
      if err ~= nil then return nil, err, part end
      return true
    end
    local ok
    ok, err = sock:send(piece)
    if not ok then return nil, err end
  end
end

-- lengths fills in how long the body is said to be; nil and a message where that cannot be known.
local function lengths(headers, verb, body)
  if body_of.is_chunked(headers) then
    -- both of them would be an invitation to smuggle requests
    headers["Content-Length"] = nil
  elseif not headers["Content-Length"] then
    if type(body) == "function" then return nil, "Request body is a function but a length or chunked encoding is not specified" end
    if body ~= nil then
      local _, n = text(body)
      headers["Content-Length"] = n
    elseif wants_body[verb] then
      return nil, "Request body is nil but " .. verb .. " method expects a body. Use an empty string \"\" if you want to send an empty body."
    end
  end
  return true
end

-- complete gives a request's headers with those that were left out; nil and a message where one cannot be known.
local function complete(self, p, verb)
  local headers = http_headers.new()
  for name, value in pairs(p.headers or {}) do headers[name] = value end
  if not headers["Proxy-Authorization"] then headers["Proxy-Authorization"] = self.http_proxy_auth end
  local ok, err = lengths(headers, verb, p.body)
  if not ok then return nil, err end
  if not headers["Host"] then
    local host = self.host or ""
    if find(host, "unix:", 1, true) == 1 then
      return nil, "Unable to generate a useful Host header for a unix domain socket. Please provide one."
    end
    local port = self.port
    headers["Host"] = port and port ~= (self.ssl and 443 or 80) and host .. ":" .. port or host
  end
  if not headers["User-Agent"] then headers["User-Agent"] = Http._USER_AGENT end
  if p.version == 1.0 and not headers["Connection"] then headers["Connection"] = "Keep-Alive" end
  -- a trace that a tracer has begun goes on
  if not headers["traceparent"] and with_request[ngx.get_phase()] then headers["traceparent"] = ngx.var.http_traceparent end
  return headers
end

local function head(self, p, verb)
  local query = p.query or ""
  if type(query) == "table" then query = ngx.encode_args(query) end
  local path = p.path or "/"
  if query ~= "" and sub(query, 1, 1) ~= "?" then query = (find(path, "?", 1, true) and "&" or "?") .. query end
  local out = { clean("method", verb), " ", self.path_prefix or "", clean("path", path), clean("query", query), versions[p.version] or versions[1.1] }
  local n = #out
  for name, value in pairs(p.headers) do
    name = clean("header name", tostring(name))
    for _, v in pairs(type(value) == "table" and value or { value }) do
      n = n + 1
      out[n] = name .. ": " .. clean("header", tostring(v)) .. "\r\n"
    end
  end
  out[n + 1] = "\r\n"
  return concat(out)
end

local function waits(p)
  local expect = p and p.headers and p.headers["Expect"]
  return expect ~= nil and lower(tostring(expect)) == "100-continue"
end

-- send_request{method, path, query, headers, body, version} writes a request; a body that waits for the peer's consent is left to
-- read_response. It completes the table's headers, which read_response wants.
function Http.send_request(self, p)
  local sock = self.sock
  if not sock then return nil, "not initialized" end
  local verb = upper(p.method or "GET")
  local headers, err = complete(self, p, verb)
  if not headers then return nil, err end
  p.headers, p.method = headers, verb
  local out = head(self, p, verb)
  if debugging then ngx.log(ngx.DEBUG, "\n", out) end
  local body = p.body
  local later = body ~= nil and (waits(p) or type(body) == "function")
  if body ~= nil and not later then
    -- one write for both
    out = { out, (text(body)) }
  end
  local ok, part
  ok, err = sock:send(out)
  if not ok then return nil, err end
  self.pending = (self.pending or 0) + 1
  if later and not waits(p) then
    ok, err, part = send_body(sock, body)
    if not ok then return nil, err, part end
  end
  return true
end

local function receive_status(sock)
  local line, err = sock:receive()
  if not line then return nil, err end
  local version = tonumber((match(line, "^HTTP/(%d%.%d)")))
  if not version then return nil, "couldn't parse HTTP version from response status line: " .. line end
  local status, reason = match(line, "^HTTP/%d%.%d (%d%d%d) ?(.*)$")
  if not status then return nil, "couldn't parse status code from response status line: " .. line end
  return tonumber(status), version, reason
end

local function receive_headers(sock)
  local headers = http_headers.new()
  while true do
    local line, err = sock:receive()
    if not line then return nil, err end
    if line == "" then return headers end
    local name, value = match(line, "^([^:%s]+):%s*(.-)%s*$")
    if name then
      local had = headers[name]
      if had == nil then
        headers[name] = value
      elseif type(had) == "table" then
        had[#had + 1] = value
      else
        headers[name] = { had, value }
      end
    end
  end
end

local function listed(value, token)
  if type(value) == "table" then value = concat(value, ",") end
  return value ~= nil and find("," .. lower(value):gsub("%s", "") .. ",", "," .. token .. ",", 1, true) ~= nil
end

local function no_body() return nil end

local function read_body(res)
  local pieces, n = {}, 0
  while true do
    local piece, err, part = res.body_reader()
    if err then
      if part then pieces[n + 1] = part end
      return nil, err, concat(pieces)
    end
    if not piece then return concat(pieces) end
    n = n + 1
    pieces[n] = piece
  end
end

-- read_trailers adds the fields behind a body in chunks, which has been read, to the headers.
local function read_trailers(res)
  if not res.trailer_reader then return nil, "no trailers" end
  for name, value in pairs(res.trailer_reader() or {}) do
    if res.headers[name] == nil then res.headers[name] = value end
  end
end

-- attach_body gives a response the reader that its head asks for.
local function attach_body(self, res, verb)
  local sock, headers, status = self.sock, res.headers, res.status
  local trailers
  local function done(fields)
    trailers = fields
    self.pending = self.pending - 1
  end
  if verb == "HEAD" or status == 204 or status == 304 or status < 200 or verb == "CONNECT" and status < 300 then
    done()
    return
  end
  res.has_body = true
  local length = headers["Content-Length"]
  length = tonumber(type(length) == "table" and length[1] or length)
  if res.version >= 1.1 and body_of.is_chunked(headers) then
    res.body_reader = body_of.chunked(sock, nil, receive_headers, done)
    if headers["Trailer"] then
      function res.trailer_reader() return trailers end
    end
  elseif length then
    res.body_reader = body_of.counted(sock, length, nil, done)
  else
    self.keepalive = false
    res.body_reader = body_of.closing(sock, done)
  end
end

-- read_response reads a response's head. p is what send_request was given.
function Http.read_response(self, p)
  local sock = self.sock
  if not sock then return nil, "not initialized" end
  local owed = waits(p) and p.body ~= nil
  local status, version, reason, headers, err
  while true do
    status, version, reason = receive_status(sock)
    if not status then return nil, version end
    headers, err = receive_headers(sock)
    if not headers then return nil, err end
    if status >= 200 or status == 101 then break end
    if status == 100 and owed then
      owed = false
      local ok
      ok, err = send_body(sock, p.body)
      if not ok then return nil, err end
    end
  end
  if version == 1.0 then
    if not listed(headers["Connection"], "keep-alive") then self.keepalive = false end
  elseif listed(headers["Connection"], "close") then
    self.keepalive = false
  end
  -- the peer may be waiting still for the body that it did not ask for
  if owed then self.keepalive = false end
  local res = {
    status = status, reason = reason, version = version, headers = headers, has_body = false,
    body_reader = no_body, read_body = read_body, read_trailers = read_trailers,
  }
  attach_body(self, res, p and p.method)
  return res
end

-- request{method, path, query, headers, body, version} sends a request on the open connection and reads the head
-- of its response: {status, reason, headers, has_body, body_reader, read_body, read_trailers}.
function Http.request(self, params)
  if (self.pending or 0) > 0 then return nil, "the body of the previous response was not read" end
  local p = copy(params)
  local ok, err = self:send_request(p)
  if not ok then return nil, err end
  return self:read_response(p)
end

-- request_pipeline{params, …} sends all of the requests. A response is read when one of its fields is first asked for, so that they
-- must be used in their order, each body read before the next.
function Http.request_pipeline(self, requests)
  local responses = {}
  for i, params in ipairs(requests) do
    local p = copy(params)
    if waits(p) then return nil, "Cannot pipeline request specifying Expect: 100-continue" end
    local ok, err = self:send_request(p)
    if not ok then return nil, err end
    local read = false
    responses[i] = setmetatable({ params = p, response_read = false }, { __index = function(t, field)
      if read then return nil end
      read = true
      rawset(t, "response_read", true)
      local res, rerr = self:read_response(p)
      if not res then
        ngx.log(ngx.ERR, rerr)
        return nil
      end
      for k, v in pairs(res) do rawset(t, k, v) end
      return res[field]
    end })
  end
  return responses
end

-- request_uri(uri, {method, path, query, headers, body, version, keepalive, keepalive_timeout, keepalive_pool, …}) does all of it: connect (whose
-- options go along), request, read the body (res.body), keep the connection.
function Http.request_uri(self, uri, params)
  local p = copy(params)
  if self.proxy_opts then p.proxy_opts = copy(self.proxy_opts) end
  local at, err = self:parse_uri(uri, false)
  if not at then return nil, err end
  p.scheme, p.host, p.port = at[1], at[2], at[3]
  p.path, p.query = p.path or at[4], p.query or at[5]
  p.ssl_server_name = p.ssl_server_name or p.host
  local authorization = p.headers and p.headers["Proxy-Authorization"]
  if authorization and p.proxy_opts then
    p.proxy_opts = copy(p.proxy_opts)
    p.proxy_opts.http_proxy_authorization, p.proxy_opts.https_proxy_authorization = authorization, authorization
  end
  local ok
  ok, err = self:connect(p)
  if not ok then return nil, err end
  local res
  res, err = self:request(p)
  if not res then
    self:close()
    return nil, err
  end
  local body
  body, err = res:read_body()
  if not body then
    self:close()
    return nil, err
  end
  res.body = body
  if p.keepalive == false then
    ok, err = self:close()
  else
    ok, err = self:set_keepalive(p.keepalive_timeout, p.keepalive_pool)
  end
  if not ok then ngx.log(ngx.ERR, err) end
  return res
end

-- get_client_body_reader(max, sock, headers) reads the present request's own body in pieces, to pass it on as a request's body; nil
-- where it has none. The socket and the headers may be given where there is no present request.
function Http.get_client_body_reader(_, max, sock, headers)
  max = max or 65536
  if not sock then
    local ok, err
    ok, sock, err = pcall(ngx.req.socket)
    if not ok then return nil, sock end
    if not sock then
      if err == "no body" then return nil end
      return nil, err
    end
  end
  headers = headers or ngx.req.get_headers()
  local length = tonumber(headers["Content-Length"])
  if length then return body_of.counted(sock, length, max) end
  if body_of.is_chunked(headers) then return body_of.chunked(sock, max, receive_headers, no_body) end
end

-- proxy_request(max) sends the present request on, method, URI, headers and body.
function Http.proxy_request(self, max)
  local var = ngx.var
  return self:request{
    method = ngx.req.get_method(),
    path = ngx.re.gsub(var.uri, "\\s", "%20", "jo") .. var.is_args .. (var.query_string or ""),
    body = self:get_client_body_reader(max),
    headers = ngx.req.get_headers(),
  }
end

-- proxy_response(res, max) answers the present request with a response.
function Http.proxy_response(_, res, max)
  if not res then
    ngx.log(ngx.ERR, "no response provided")
    return
  end
  ngx.status = res.status
  for name, value in pairs(res.headers) do
    if not hop_by_hop[lower(name)] then ngx.header[name] = value end
  end
  repeat
    local piece, err = res.body_reader(max)
    if err then
      ngx.log(ngx.ERR, err)
      return
    end
    if piece then
      local ok
      ok, err = ngx.print(piece)
      if not ok then
        ngx.log(ngx.ERR, err)
        return
      end
    end
  until not piece
end

return Http
