package req

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// builderKey is where a context keeps the body that a script is building.
type builderKey struct{}

// initBody is ngx.req.init_body(buffer_size?).
func (l *library) initBody(L *lua.LState) int {
	n := arity(L, 0, 1, "0 or 1 argument")
	r := l.writable(L, "no request found")
	size := r.Loc.Core.BodyBufferSize.V
	if n == 1 {
		size = int64(codec.CheckNumber(L, 1, "init_body"))
		if size < 0 {
			codec.Raise(L, "bad size argument: "+codec.FormatNumber(float64(size)))
		}
	}
	l.v.Current().SetValue(builderKey{}, r.NewBody(size))
	r.ContentLength = 0
	return 0
}

func (l *library) builder(L *lua.LState) (*handler.Ctx, *phases.BodyBuilder) {
	c := l.v.Current()
	c.Live(L, "no request found")
	b, ok := c.Value(builderKey{}).(*phases.BodyBuilder)
	if !ok {
		codec.Raise(L, "request_body not initialized")
	}
	return c, b
}

// appendBody is ngx.req.append_body(data_chunk).
func (l *library) appendBody(L *lua.LState) int {
	arity(L, 1, 1, "1 arguments")
	data := codec.CheckString(L, 1, "append_body")
	c, b := l.builder(L)
	if err := b.Append(data); err != nil {
		c.Log(phases.LogCrit, err.Error())
		codec.Raise(L, "fail to write file")
	}
	c.R.ContentLength += int64(len(data))
	return 0
}

// finishBody is ngx.req.finish_body().
func (l *library) finishBody(L *lua.LState) int {
	arity(L, 0, 0, "0 argument")
	c, b := l.builder(L)
	if err := b.Finish(); err != nil {
		c.Log(phases.LogCrit, err.Error())
		codec.Raise(L, "fail to write file")
	}
	newLength(c.R, c.R.Body.Size())
	return 0
}
