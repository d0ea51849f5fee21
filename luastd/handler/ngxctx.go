package handler

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/phases"
	"moongate/runtime/machine"
)

// Connection is what the scripts of a TLS handshake leave to the connection's requests: the worker that they run in,
// whose tables cannot be another's, and ngx.ctx.
type Connection struct {
	*phases.Conn // nil where the front end does not say
	VM           *VM
	NgxCtx       *lua.LTable
}

const handshakes = SSLCert | SSLClientHello | SSLSessionFetch | SSLSessionStore

// NewNgxCtx gives t, or a new table where it is nil, what a new ngx.ctx has: a request reads through it what its
// connection's handshake has left, and what it writes is its own.
func (c *Ctx) NewNgxCtx(L *lua.LState, t *lua.LTable) *lua.LTable {
	if t == nil {
		t = machine.NewTable(4)
	}
	switch {
	case c.Phase&handshakes != 0:
		t.RawSetString("__index", t)
	case c.R != nil && c.R.Conn != nil:
		if left, ok := c.R.Conn.Bound.(*Connection); ok && left.NgxCtx != nil && left.VM == c.VM {
			t.Metatable = left.NgxCtx
		}
	}
	return t
}
