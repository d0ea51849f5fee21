package req

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// readingKey is where a context keeps the channel that is closed when its body has been read.
type readingKey struct{}

// bodyReady reports whether the body has been read to its end (or set).
func bodyReady(c *handler.Ctx) bool { return c.R.BodyRead() && c.Value(readingKey{}) == nil }

// readBody is ngx.req.read_body().
func (l *library) readBody(L *lua.LState) int {
	arity(L, 0, 0, "0 arguments")
	c := l.v.Current()
	r := c.LiveIn(L, "request object not found", handler.Main)
	if other, ok := c.Value(readingKey{}).(chan struct{}); ok {
		l.v.Wait(func(cancel <-chan struct{}) {
			select {
			case <-other:
			case <-cancel:
			}
		})
		return 0
	}
	rc := phases.OK
	switch {
	case r.BodyRead(), r.BodyDiscarded():
	case r.IsSub(), !r.HasBody():
		rc = r.ReadBody() // nothing to wait for
	default:
		done := make(chan struct{})
		c.SetValue(readingKey{}, done)
		c.ReadingBody = true
		finished := false
		defer func() {
			if !finished { // the thread was killed: the body's rest stays unread
				r.KeepAlive = false
			}
			c.SetValue(readingKey{}, nil)
			c.ReadingBody = false
			close(done)
		}()
		l.v.Wait(func(cancel <-chan struct{}) {
			if w, ok := r.Wire.(interface {
				WatchBody(cancel <-chan struct{}) (stop func())
			}); ok {
				defer w.WatchBody(cancel)()
			}
			rc = r.ReadBody()
		})
		finished = true
	}
	if rc >= 300 || rc == phases.Error {
		c.Exited, c.HasExit = rc, true
		vm.Raise(L, handler.Exit{Status: rc})
	}
	return 0
}

// discardBody is ngx.req.discard_body().
func (l *library) discardBody(L *lua.LState) int {
	arity(L, 0, 0, "0 arguments")
	r := l.v.Current().Live(L, "request object not found")
	if r.HasBody() {
		if rc := r.DiscardBody(); rc == phases.Error || rc >= 300 {
			codec.Raise(L, "failed to discard request body")
		}
	}
	return 0
}

// bodyData is data = ngx.req.get_body_data(max_bytes?).
func (l *library) bodyData(L *lua.LState) int {
	limit := 0
	if arity(L, 0, 1, "0 or 1 arguments") == 1 {
		limit = int(codec.CheckNumber(L, 1, "get_body_data"))
	}
	c := l.v.Current()
	r := c.Live(L, "request object not found")
	value := lua.LValue(lua.LNil)
	if bodyReady(c) {
		if data, ok := r.Body.Bytes(); ok {
			if limit > 0 && len(data) > limit {
				data = data[:limit]
			}
			value = lua.LString(data)
		}
	}
	L.Push(value)
	return 1
}

// bodyFile is file_name = ngx.req.get_body_file().
func (l *library) bodyFile(L *lua.LState) int {
	arity(L, 0, 0, "0 arguments")
	c := l.v.Current()
	r := c.Live(L, "request object not found")
	value := lua.LValue(lua.LNil)
	if bodyReady(c) && r.Body.File() != "" {
		value = lua.LString(r.Body.File())
	}
	L.Push(value)
	return 1
}

// writable is the request of a function that replaces the body; it raises unless the body was read, or is
// being read through a request socket.
func (l *library) writable(L *lua.LState, missing string) *phases.Request {
	c := l.v.Current()
	r := c.Live(L, missing)
	if r.BodyDiscarded() {
		codec.Raise(L, "request body already discarded asynchronously")
	}
	if !bodyReady(c) && !r.BodyStreamed() {
		codec.Raise(L, "request body not read yet")
	}
	return r
}

// newLength makes n the length of the request's body, in its header too.
func newLength(r *phases.Request, n int64) {
	r.ContentLength = n
	r.In.Put("Content-Length", strconv.FormatInt(n, 10))
}

// setBodyData is ngx.req.set_body_data(data).
func (l *library) setBodyData(L *lua.LState) int {
	arity(L, 1, 1, "1 arguments")
	data := codec.CheckString(L, 1, "set_body_data")
	r := l.writable(L, "request object not found")
	r.Body.SetBytes([]byte(data))
	newLength(r, int64(len(data)))
	return 0
}

// setBodyFile is ngx.req.set_body_file(file_name, auto_clean?).
func (l *library) setBodyFile(L *lua.LState) int {
	n := arity(L, 1, 2, "1 or 2 arguments")
	name := codec.CheckString(L, 1, "set_body_file")
	r := l.writable(L, "no request found")
	clean := n == 2 && flag(L, 2, "set_body_file")
	if err := r.Body.SetFile(name, clean); err != nil {
		r.Logf(phases.LogCrit, "stat() \"%s\" failed %s", name, phases.Errno(err))
		codec.Raise(L, "stat() \""+name+"\" failed")
	}
	newLength(r, r.Body.Size())
	return 0
}
