// Package output holds what a script says to the client and to the error log, and how it leaves its
// handler: ngx.print, ngx.say, ngx.flush, ngx.eof, ngx.send_headers, ngx.exit, ngx.exec, ngx.redirect,
// ngx.log and print, together with what the ngx table itself knows: its constants, ngx.status, ngx.ctx,
// ngx.arg, ngx.get_phase, ngx.headers_sent and ngx.is_subrequest.
//
// Behaviour follows lua-nginx-module (src/ngx_http_lua_output.c, _control.c, _log.c, _misc.c) and
// lua-resty-core (resty.core.misc, ctx, exit, param, phase), down to the words of their errors.
package output
