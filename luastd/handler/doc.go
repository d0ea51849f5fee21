// Package handler is what the Lua module and the libraries of the ngx table share: the request (or
// timer) that a Lua handler works for, the phase it runs in, and the control values by which a script
// leaves it (ngx.exit and the like). It joins package phases to package vm and holds no API of its own.
package handler
