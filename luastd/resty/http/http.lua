-- resty.http: an HTTP/1.1 client on cosockets. The interface is that of lua-resty-http.
--
-- A request that could not be sent or answered gives nil and a message; a response of whatever status is
-- no error. Bodies are read as the caller asks: whole (read_body, and always by request_uri) or in pieces
-- (body_reader). A connection may be kept only when its response was read to the end.

local tcp = ngx.socket.tcp
local concat, lower, find, sub, match = table.concat, string.lower, string.find, string.sub, string.match
local type, tostring, tonumber, pairs, ipairs, setmetatable, rawset, rawget = type, tostring, tonumber, pairs, ipairs, setmetatable, rawset, rawget

local _M = { _VERSION = "0.17.2" }
local mt = { __index = _M }

_M._USER_AGENT = "moongate resty.http"

local CHUNK = 65536

local default_port = { http = 80, https = 443 }

-- case_names() makes a table whose names are found whatever their case; "_" stands for "-" too.
local function case_names()
	local own, t, index = {}, {}, {}
	function index.__index(_, name)
		if type(name) ~= "string" then return nil end
		local as = own[lower((name:gsub("_", "-")))]
		return as and rawget(t, as)
	end
	function index.__newindex(_, name, value)
		if type(name) == "string" then
			local key = lower(name)
			name = own[key] or name
			own[key] = name
		end
		rawset(t, name, value)
	end
	return setmetatable(t, index)
end

function _M.new(_)
	local sock, err = tcp()
	if not sock then return nil, err end
	return setmetatable({ sock = sock, keepalive = true }, mt)
end

function _M.set_timeout(self, timeout)
	self.sock:settimeout(timeout)
	return true
end

function _M.set_timeouts(self, connect, send, read)
	self.sock:settimeouts(connect, send, read)
	return true
end

-- parse_uri(uri, query_in_path) gives {scheme, host, port, path, query}; the query is left in the path unless
-- query_in_path is false.
function _M.parse_uri(_, uri, query_in_path)
	if query_in_path == nil then query_in_path = true end
	local scheme, authority, rest = match(uri, "^(%a[%w+.-]*)://([^/?#]*)([^#]*)")
	if not scheme then
		authority, rest = match(uri, "^//([^/?#]*)([^#]*)")
		if not authority then return nil, "bad uri: " .. uri end
		scheme = ngx.var and ngx.get_phase() ~= "timer" and ngx.var.scheme or "http"
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
	if query_in_path and query ~= "" then
		path, query = path .. "?" .. query, ""
	end
	return { scheme, host, port, path, query }
end

local function pool_name(o)
	local name = { o.scheme or "http", o.host, tostring(o.port or "") }
	if o.scheme == "https" then
		name[#name + 1] = o.ssl_server_name or o.host
		name[#name + 1] = tostring(o.ssl_verify ~= false)
		-- a client's certificate is its own identity: connections that carry it are not for others
		name[#name + 1] = o.ssl_client_cert and tostring(o.ssl_client_cert) or ""
	end
	if o.proxy then name[#name + 1] = o.proxy end
	return concat(name, ":")
end

local function host_header(scheme, host, port)
	if find(host, "^unix:") then return "localhost" end
	if not port or port == default_port[scheme] then return host end
	return host .. ":" .. port
end

-- tunnel asks a proxy to connect to host:port.
local function tunnel(self, host, port, authorization)
	local target = host .. ":" .. port
	local req = { "CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\n" }
	if authorization then
		req[#req + 1] = "Proxy-Authorization: " .. authorization .. "\r\n"
	end
	req[#req + 1] = "\r\n"
	local sock = self.sock
	local ok, err = sock:send(req)
	if not ok then return nil, err end
	local line
	line, err = sock:receive()
	if not line then return nil, err end
	local status = tonumber(match(line, "^HTTP/1%.%d (%d%d%d)"))
	repeat
		local header
		header, err = sock:receive()
		if not header then return nil, err end
	until header == ""
	if status ~= 200 then
		return nil, "failed to establish a tunnel through a proxy: " .. (status or line)
	end
	return true
end

-- connect{scheme, host, port, pool, pool_size, backlog, ssl_verify, ssl_server_name, ssl_reused_session,
-- ssl_send_status_req, ssl_client_cert, ssl_client_priv_key, proxy_opts} opens a connection, TLS included. The older
-- forms connect(host, port, opts) and connect("unix:/path", opts) open it without TLS.
function _M.connect(self, o, ...)
	local sock = self.sock
	if not sock then return nil, "not initialized" end
	self.keepalive, self.unread = true, nil
	if type(o) ~= "table" then
		local port = ...
		self.scheme, self.host, self.port = "http", o, type(port) == "number" and port or nil
		return sock:connect(o, ...)
	end
	local scheme = o.scheme or "http"
	local port = tonumber(o.port)
	if not port and not find(o.host, "^unix:") then port = default_port[scheme] end
	self.scheme, self.host, self.port, self.via = scheme, o.host, port, nil

	local proxy = o.proxy_opts and (scheme == "https" and o.proxy_opts.https_proxy or o.proxy_opts.http_proxy)
	if not proxy then proxy = nil end
	local opts = {
		pool = o.pool or pool_name{ scheme = scheme, host = o.host, port = port, ssl_server_name = o.ssl_server_name,
			ssl_verify = o.ssl_verify, ssl_client_cert = o.ssl_client_cert, proxy = proxy },
		pool_size = o.pool_size, backlog = o.backlog,
	}
	local ok, err
	if proxy then
		local at
		at, err = _M.parse_uri(self, proxy)
		if not at then return nil, err end
		ok, err = sock:connect(at[2], at[3], opts)
		if not ok then return nil, err end
		if scheme == "https" then
			if sock:getreusedtimes() == 0 then
				ok, err = tunnel(self, o.host, port, o.proxy_opts.https_proxy_authorization)
				if not ok then
					sock:close()
					return nil, err
				end
			end
		else
			self.via = o.proxy_opts.http_proxy_authorization or true
		end
	elseif port then
		ok, err = sock:connect(o.host, port, opts)
	else
		ok, err = sock:connect(o.host, opts)
	end
	if not ok then return nil, err end
	local session
	if scheme == "https" and sock:getreusedtimes() == 0 then
		if o.ssl_client_cert and o.ssl_client_priv_key then
			ok, err = sock:setclientcert(o.ssl_client_cert, o.ssl_client_priv_key)
			if not ok then
				sock:close()
				return nil, err
			end
		end
		session, err = sock:sslhandshake(o.ssl_reused_session, o.ssl_server_name or o.host, o.ssl_verify ~= false, o.ssl_send_status_req)
		if not session then return nil, err end
	end
	return true, nil, session
end

function _M.ssl_handshake(self, ...)
	self.scheme = "https"
	return self.sock:sslhandshake(...)
end

function _M.get_reused_times(self) return self.sock:getreusedtimes() end

function _M.close(self) return self.sock:close() end

-- set_keepalive gives the connection back to its pool, or closes it where the peer wants that or a response was not read to
-- its end; the second result tells which: 1, or 2 and "connection must be closed".
function _M.set_keepalive(self, ...)
	if self.keepalive and not self.unread then return self.sock:setkeepalive(...) end
	local ok, err = self.sock:close()
	if not ok then return nil, err end
	return 2, "connection must be closed"
end

local function query_text(query)
	if type(query) == "table" then query = ngx.encode_args(query) end
	if query and query ~= "" and sub(query, 1, 1) ~= "?" then query = "?" .. query end
	return query or ""
end

local function clean(what, s)
	if find(s, "[\r\n]") then error("bad " .. what .. ": line break", 0) end
	return s
end

local function body_length(body)
	if type(body) == "string" then return #body end
	if type(body) == "table" then
		local n = 0
		for _, piece in ipairs(body) do n = n + (type(piece) == "table" and body_length(piece) or #tostring(piece)) end
		return n
	end
end

local function send_body(sock, body, chunked)
	if type(body) ~= "function" then return sock:send(body) end
	local sent = 0
	while true do
		local piece, err = body()
		if err then return nil, err end
		if piece == nil then break end
		if #piece > 0 then
			local ok
			if chunked then
				ok, err = sock:send{ string.format("%x\r\n", #piece), piece, "\r\n" }
			else
				ok, err = sock:send(piece)
			end
			if not ok then return nil, err end
			sent = sent + #piece
		end
	end
	if chunked then
		local ok, err = sock:send("0\r\n\r\n")
		if not ok then return nil, err end
	end
	return sent
end

-- send_request{method, path, query, headers, body, version} writes a request.
function _M.send_request(self, p)
	local sock = self.sock
	if not sock then return nil, "not initialized" end
	local headers = case_names()
	for name, value in pairs(p.headers or {}) do headers[name] = value end
	local body = p.body
	local method = p.method or "GET"
	local chunked = false
	if not headers["Host"] then headers["Host"] = host_header(self.scheme, self.host or "", self.port) end
	if not headers["User-Agent"] then headers["User-Agent"] = _M._USER_AGENT end
	if type(body) == "function" and not headers["Content-Length"] then
		if headers["Transfer-Encoding"] == nil then headers["Transfer-Encoding"] = "chunked" end
		chunked = lower(tostring(headers["Transfer-Encoding"])) == "chunked"
	elseif not headers["Content-Length"] and not headers["Transfer-Encoding"] then
		local n = body and body_length(body)
		if n then
			headers["Content-Length"] = n
		elseif method == "POST" or method == "PUT" or method == "PATCH" then
			headers["Content-Length"] = 0
		end
	end
	if p.version == 1.0 and not headers["Connection"] then headers["Connection"] = "Keep-Alive" end

	local path = p.path or "/"
	local query = query_text(p.query)
	if query ~= "" and find(path, "?", 1, true) then query = "&" .. sub(query, 2) end
	if self.via then
		path = "http://" .. host_header("http", self.host, self.port) .. path
		if type(self.via) == "string" then headers["Proxy-Authorization"] = self.via end
	end
	local out = { clean("method", method), " ", clean("path", path), clean("query", query), p.version == 1.0 and " HTTP/1.0\r\n" or " HTTP/1.1\r\n" }
	for name, value in pairs(headers) do
		if type(value) ~= "table" then value = { value } end
		for _, v in ipairs(value) do
			out[#out + 1] = clean("header name", tostring(name)) .. ": " .. clean("header", tostring(v)) .. "\r\n"
		end
	end
	out[#out + 1] = "\r\n"
	local expects = body and headers["Expect"] and lower(headers["Expect"]) == "100-continue"
	-- a small body goes with the head
	if type(body) == "string" and not expects then
		out[#out + 1] = body
		body = nil
	end
	local ok, err = sock:send(out)
	if not ok then return nil, err end
	self.method, self.early = method, nil
	if body and expects then
		local status, version, reason
		status, version, reason = _M.receive_status(self)
		if not status then return nil, version end
		if status ~= 100 then -- the final answer, without having seen the body
			self.early = { status, version, reason }
			return true
		end
		local line
		repeat line, err = sock:receive() until not line or line == ""
		if not line then return nil, err end
	end
	if body then
		ok, err = send_body(sock, body, chunked)
		if not ok then return nil, err end
	end
	return true
end

-- receive_status gives a response's status, version and reason, or nil and a message.
function _M.receive_status(self)
	local line, err = self.sock:receive()
	if not line then return nil, err end
	local version, status, reason = match(line, "^HTTP/(%d%.%d) (%d%d%d) ?(.*)$")
	if not version then return nil, "couldn't parse HTTP version from response: " .. line end
	return tonumber(status), tonumber(version), reason
end

local function receive_headers(sock)
	local headers = case_names()
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

-- The readers below give a body's pieces, at most max bytes each, then nil; nil and a message where it breaks off.

local function chunked_reader(self, res)
	local sock = self.sock
	local left, ended = 0, false
	return function(max)
		max = tonumber(max) or CHUNK
		if ended then return nil end
		if left == 0 then
			local line, err = sock:receive()
			if not line then return nil, err end
			left = tonumber(match(line, "^%s*(%x+)"), 16)
			if not left then return nil, "unable to read chunksize" end
			if left == 0 then
				ended = true
				local trailers
				trailers, err = receive_headers(sock)
				if not trailers then return nil, err end
				for name, value in pairs(trailers) do res.headers[name] = value end
				self.unread = nil
				return nil
			end
		end
		local data, err, part = sock:receive(left < max and left or max)
		if not data then return nil, err, part end
		left = left - #data
		if left == 0 then
			local ok
			ok, err = sock:receive(2)
			if not ok then return nil, err, data end
		end
		return data
	end
end

local function counted_reader(self, left)
	local sock = self.sock
	return function(max)
		max = tonumber(max) or CHUNK
		if left == 0 then
			self.unread = nil
			return nil
		end
		local data, err, part = sock:receive(left < max and left or max)
		if not data then return nil, err, part end
		left = left - #data
		if left == 0 then self.unread = nil end
		return data
	end
end

local function closing_reader(self)
	local sock = self.sock
	local ended = false
	return function(max)
		if ended then return nil end
		local data, err = sock:receiveany(tonumber(max) or CHUNK)
		if data then return data end
		ended = true
		if err == "closed" then
			self.unread = nil
			return nil
		end
		return nil, err
	end
end

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

-- read_response reads a response's head. params are those of send_request.
function _M.read_response(self, params)
	local sock = self.sock
	local status, version, reason, headers, err
	repeat
		if self.early then
			status, version, reason = self.early[1], self.early[2], self.early[3]
			self.early = nil
		else
			status, version, reason = _M.receive_status(self)
			if not status then return nil, version end
		end
		headers, err = receive_headers(sock)
		if not headers then return nil, err end
	until status >= 200 or status == 101

	local connection = headers["Connection"]
	if version == 1.0 then
		self.keepalive = listed(connection, "keep-alive")
	else
		self.keepalive = not listed(connection, "close")
	end
	local res = { status = status, reason = reason, version = version, headers = headers, has_body = false, body_reader = no_body, read_body = read_body }
	function res.read_trailers() return res.headers end
	local method = params and params.method or self.method
	if method ~= "HEAD" and status ~= 204 and status ~= 304 and status >= 200 then
		local length = headers["Content-Length"]
		if type(length) == "table" then length = length[1] end
		length = tonumber(length)
		self.unread = true
		res.has_body = true
		if listed(headers["Transfer-Encoding"], "chunked") then
			res.body_reader = chunked_reader(self, res)
		elseif length then
			res.body_reader = counted_reader(self, length)
			if length == 0 then
				self.unread = nil
				res.has_body = false
			end
		else
			self.keepalive = false
			res.body_reader = closing_reader(self)
		end
	end
	return res
end

-- request{method, path, query, headers, body, version} sends a request on the open connection and reads the head
-- of its response: {status, reason, headers, has_body, body_reader, read_body}.
function _M.request(self, params)
	if self.unread then return nil, "the body of the previous response was not read" end
	local ok, err = _M.send_request(self, params)
	if not ok then return nil, err end
	return _M.read_response(self, params)
end

-- request_uri(uri, {method, query, headers, body, ssl_verify, ssl_server_name, keepalive, keepalive_timeout, keepalive_pool,
-- pool_size, backlog, proxy_opts}) does all of it: connect, request, read the body (res.body), keep the connection.
function _M.request_uri(self, uri, params)
	params = params or {}
	local at, err = _M.parse_uri(self, uri, false)
	if not at then return nil, err end
	local o = {}
	for k, v in pairs(params) do o[k] = v end
	o.scheme, o.host, o.port = at[1], at[2], at[3]
	local ok
	ok, err = _M.connect(self, o)
	if not ok then return nil, err end
	local p = { method = params.method, headers = params.headers, body = params.body, version = params.version,
		path = params.path or at[4], query = params.query or at[5] }
	local res
	res, err = _M.request(self, p)
	if not res then
		self.sock:close()
		return nil, err
	end
	local body
	body, err = res:read_body()
	if not body then
		self.sock:close()
		return nil, err
	end
	res.body = body
	if params.keepalive == false then
		self.sock:close()
	else
		_M.set_keepalive(self, params.keepalive_timeout, params.keepalive_pool)
	end
	return res
end

-- get_client_body_reader(max) reads the present request's own body in pieces, to pass it on as a request's body; nil
-- where it has none.
function _M.get_client_body_reader(_, max)
	local sock, err = ngx.req.socket()
	if not sock then
		if err == "no body" then return nil end
		return nil, err
	end
	local left = tonumber(ngx.var.content_length) or 0
	max = max or CHUNK
	return function()
		if left == 0 then return nil end
		local data, rerr = sock:receive(left < max and left or max)
		if not data then return nil, rerr end
		left = left - #data
		return data
	end
end

return _M
