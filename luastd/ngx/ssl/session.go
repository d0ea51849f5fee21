package ssl

import (
	"encoding/hex"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/ssl"
)

// sessionFunctions are those of ngx.ssl.session (lua-resty-core, lib/ngx/ssl/session.md).
var sessionFunctions = map[string]function{
	"get_session_id": sessionID, "get_serialized_session": serializedSession, "set_serialized_session": setSerializedSession,
}

// inHandshake is the handshake of the running script, or why there is none.
func inHandshake(v *handler.VM, L *lua.LState) (*ssl.Handshake, string) {
	x, why := connectionOf(v, L)
	if why == "" && x.handshake == nil {
		why = "bad lua context"
	}
	return x.handshake, why
}

// id, err = ssl_sess.get_session_id(), in hexadecimal digits
func sessionID(v *handler.VM, L *lua.LState) int {
	h, why := inHandshake(v, L)
	switch {
	case why != "":
		return refuse(L, why)
	case len(h.SessionID) == 0:
		return refuse(L, "uninitialized session id len in lua context")
	}
	L.Push(lua.LString(hex.EncodeToString(h.SessionID)))
	return 1
}

// session, err = ssl_sess.get_serialized_session()
func serializedSession(v *handler.VM, L *lua.LState) int {
	h, why := inHandshake(v, L)
	switch {
	case why != "":
		return refuse(L, why)
	case len(h.Session) == 0:
		return refuse(L, "bad session in lua context")
	}
	L.Push(lua.LString(h.Session))
	return 1
}

// ok, err = ssl_sess.set_serialized_session(session)
func setSerializedSession(v *handler.VM, L *lua.LState) int {
	h, why := inHandshake(v, L)
	b := []byte(codec.CheckString(L, 1, "set_serialized_session"))
	switch {
	case why != "":
		return refuse(L, why)
	case len(b) == 0:
		return refuse(L, "invalid session length")
	case ssl.ParseSession(b) == nil:
		return refuse(L, "failed to de-serialize session")
	}
	h.Session = b
	return done(L)
}
