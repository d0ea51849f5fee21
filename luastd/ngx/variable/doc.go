// Package variable shows nginx's variables to scripts: ngx.var, and the directives of set-misc that take
// one value as ndk.set_var.
//
// Behaviour follows ngx_http_lua_variable.c and lua-resty-core (resty.core.var, resty.core.ndk).
package variable
