// Package req is the client's request as scripts see it and change it: ngx.req, and the module ngx.req.
//
// Behaviour follows lua-nginx-module (src/ngx_http_lua_req_body.c, _req_method.c, _args.c, _uri.c,
// _headers.c, _headers_in.c) and lua-resty-core (resty.core.request), down to the words of their errors.
package req
