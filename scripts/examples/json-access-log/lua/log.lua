-- Runs after the client has its answer.
local journal = require "journal"

local var = ngx.var
journal.write {
  time = ngx.time(),
  request_id = var.request_id,
  client = var.remote_addr,
  method = var.request_method,
  host = var.host,
  uri = var.request_uri,
  protocol = var.server_protocol,
  status = tonumber(var.status),
  bytes_sent = tonumber(var.bytes_sent),
  body_bytes_sent = tonumber(var.body_bytes_sent),
  request_length = tonumber(var.request_length),
  request_time = tonumber(var.request_time),
  upstream_addr = var.upstream_addr,
  upstream_status = tonumber(var.upstream_status),
  upstream_time = tonumber(var.upstream_response_time),
  referer = var.http_referer,
  user_agent = var.http_user_agent,
  user = ngx.ctx.user,
}
