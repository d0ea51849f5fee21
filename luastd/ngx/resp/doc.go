// Package resp is the response's head as scripts see it: ngx.header, ngx.resp and the module ngx.resp.
//
// Which headers may have several lines and which names are the engine's own follows
// ngx_http_lua_headers_out.c; the Lua side follows lua-resty-core (resty.core.response, ngx.resp).
package resp
