// Package codec holds the pure functions behind the ngx table: URI and query-string
// escaping, base64, digests, SQL quoting and the clock functions, together with their Lua
// bindings.
//
// Nothing here needs a request, so every function may be called in any phase and from any
// goroutine. The Go functions are the single implementation: the Lua bindings, the
// ngx.req.* functions and the HTTP engine all use them.
//
// Behaviour follows lua-nginx-module and lua-resty-core, down to the words of their
// errors. The package also exports the few helpers that every Lua binding in Go needs to
// fail as LuaJIT does (Raise, ArgError, CheckString, …): gopher-lua's own add a position
// where C code adds none, and leave out the quotes around function names.
package codec
