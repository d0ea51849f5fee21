package vm

import (
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// codeCache keeps what was compiled, by name and text. Code is immutable, so that all workers can run the same.
type codeCache struct{ m sync.Map }

type codeKey struct{ chunkname, src string }

type code struct {
	once  sync.Once
	proto *lua.FunctionProto
	err   error
}

// Compile returns the code of src, compiled at the first call for this name and text and shared from then on; an error is kept as
// well. Any goroutine may call it; it needs no baton.
func (g *Group) Compile(src, chunkname string) (*lua.FunctionProto, error) {
	key := codeKey{chunkname, src}
	v, ok := g.codes.m.Load(key)
	if !ok {
		v, _ = g.codes.m.LoadOrStore(key, new(code))
	}
	c := v.(*code)
	c.once.Do(func() { c.proto, c.err = g.opts.CompileFunc(src, chunkname) })
	return c.proto, c.err
}

// Function makes a function of w's from a chunk's code; env is its environment, nil for the worker's globals. It needs no
// baton.
func (w *Worker) Function(proto *lua.FunctionProto, env *lua.LTable) *lua.LFunction {
	if env == nil {
		env = w.L.G.Global
	}
	proto = w.own(proto)
	fn := &lua.LFunction{Env: env, Proto: proto}
	if proto.NumUpvalues > 0 {
		fn.Upvalues = make([]*lua.Upvalue, proto.NumUpvalues)
	}
	return fn
}

// own is w's copy of a chunk's code, which Options.CopyFunc makes the first time. The first worker has the original.
func (w *Worker) own(proto *lua.FunctionProto) *lua.FunctionProto {
	if w.ID == 0 || w.Group.opts.CopyFunc == nil {
		return proto
	}
	c, ok := w.codes.Load(proto)
	if !ok {
		c, _ = w.codes.LoadOrStore(proto, w.Group.opts.CopyFunc(proto))
	}
	return c.(*lua.FunctionProto)
}

func stockCompile(src, chunkname string) (*lua.FunctionProto, error) {
	name := strings.TrimLeft(chunkname, "@=")
	chunk, err := parse.Parse(strings.NewReader(src), name)
	if err != nil {
		return nil, err
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, err
	}
	dropArg(proto)
	return proto, nil
}

// dropArg takes away Lua 5.0's table arg, which LuaJIT does not make either and which costs 2.5 KB a call.
func dropArg(p *lua.FunctionProto) {
	p.IsVarArg &^= lua.VarArgNeedsArg
	for _, sub := range p.FunctionPrototypes {
		dropArg(sub)
	}
}
