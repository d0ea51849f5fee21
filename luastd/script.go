package luastd

import (
	"fmt"
	"io"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// Script is a Lua program that is run from the shell (moongate resty).
type Script struct {
	Name   string // as given; arg[0]
	Source string
	Chunk  string // "@file.lua", "=(command line -e)"
	Args   []string
	Stdout io.Writer
	Stderr io.Writer
}

// RunScript runs a program in the first worker of t, which has started, with the whole ngx API in a
// timer's context, as OpenResty's resty does. ngx.print, ngx.say and print write to Stdout. It answers
// with the process's exit status.
func RunScript(t *phases.Tree, s Script) int {
	w := phases.MainOf[mainConf](t, Module).runtime
	v := w.vms[0]
	fail := func(msg string) int {
		fmt.Fprintln(s.Stderr, "ERROR: "+msg)
		return 1
	}
	proto, err := w.group.Compile(strings.TrimPrefix(s.Source, "\ufeff"), s.Chunk)
	if err != nil {
		return fail(err.Error())
	}
	c := &handler.Ctx{Tree: t, VM: v, Phase: handler.Timer, Settings: httpSettings(t)}
	var fn *lua.LFunction
	v.W.Do(func(L *lua.LState) error { //nolint:errcheck // nothing in it fails
		arg := L.NewTable()
		arg.RawSetInt(0, lua.LString(s.Name))
		for i, a := range s.Args {
			arg.RawSetInt(i+1, lua.LString(a))
		}
		L.G.Global.RawSetString("arg", arg)
		toStdout(v, s.Stdout)
		fn = v.W.Function(proto, nil)
		return nil
	})
	args := make([]lua.LValue, len(s.Args))
	for i, a := range s.Args {
		args[i] = lua.LString(a)
	}
	_, err = v.W.Run(c, fn, 0, args...)
	switch ctl := vm.ControlOf(err).(type) {
	case nil:
	case handler.Exit:
		return int(ctl.Status)
	default:
		return 0
	}
	if err != nil {
		msg := handler.ErrorText(err)
		if !strings.Contains(msg, "\ncoroutine 1:\n") { // of one thread, the traceback is debug.traceback's
			msg = strings.Replace(msg, "\ncoroutine 0:\n", "\n", 1)
		}
		return fail(msg)
	}
	return 0
}

// toStdout sends what a script prints to the terminal.
func toStdout(v *handler.VM, out io.Writer) {
	L := v.W.L
	write := func(newline string, sep string) lua.LGFunction {
		return func(L *lua.LState) int {
			var b strings.Builder
			for i := 1; i <= L.GetTop(); i++ {
				if i > 1 {
					b.WriteString(sep)
				}
				appendPrinted(&b, L, L.Get(i))
			}
			b.WriteString(newline)
			io.WriteString(out, b.String()) //nolint:errcheck // as the shell's own tools
			L.Push(lua.LNumber(1))
			return 1
		}
	}
	v.Ngx.RawSetString("print", L.NewFunction(write("", "")))
	v.Ngx.RawSetString("say", L.NewFunction(write("\n", "")))
	v.Ngx.RawSetString("flush", L.NewFunction(func(L *lua.LState) int { L.Push(lua.LNumber(1)); return 1 }))
	L.G.Global.RawSetString("print", L.NewFunction(write("\n", "\t")))
}

func appendPrinted(b *strings.Builder, L *lua.LState, x lua.LValue) {
	switch x := x.(type) {
	case lua.LNumber:
		b.WriteString(codec.FormatNumber(float64(x)))
	case *lua.LTable:
		if x.Metatable == lua.LNil || L.GetMetaField(x, "__tostring") == lua.LNil {
			if n := x.Len(); n > 0 {
				for i := 1; i <= n; i++ {
					appendPrinted(b, L, x.RawGetInt(i))
				}
				return
			}
		}
		b.WriteString(lua.LVAsString(L.ToStringMeta(x)))
	default:
		b.WriteString(lua.LVAsString(L.ToStringMeta(x)))
	}
}
