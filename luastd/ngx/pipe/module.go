package pipe

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// Loader makes the module ngx.pipe.
func Loader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		m := &module{v: v}
		methods := L.NewTable()
		for name, f := range map[string]func(L *lua.LState, p *process) int{
			"pid": m.pid, "set_timeouts": m.setTimeouts, "write": m.write, "shutdown": m.shutdown, "wait": m.wait, "kill": m.kill,
		} {
			methods.RawSetString(name, L.NewFunction(method(f)))
		}
		for i, name := range [...]string{"stdout", "stderr"} {
			methods.RawSetString(name+"_read_all", L.NewFunction(method(m.read(i, (*stream).all))))
			methods.RawSetString(name+"_read_line", L.NewFunction(method(m.read(i, (*stream).line))))
			methods.RawSetString(name+"_read_bytes", L.NewFunction(m.readBytes(i)))
			methods.RawSetString(name+"_read_any", L.NewFunction(m.readAny(i)))
		}
		m.meta = L.NewTable()
		m.meta.RawSetString("__index", methods)
		t := L.NewTable()
		t.RawSetString("spawn", L.NewFunction(m.spawn))
		t.RawSetString("version", lua.LString("0.1.31"))
		L.Push(t)
		return 1
	}
}

type module struct {
	v    *handler.VM
	meta *lua.LTable
}

func fail(L *lua.LState, msg string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(msg))
	return 2
}

// processOf is argument 1, which must be a process.
func processOf(L *lua.LState) *process {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if p, ok := ud.Value.(*process); ok {
			return p
		}
	}
	codec.Raise(L, "not a process instance")
	return nil
}

func method(f func(L *lua.LState, p *process) int) lua.LGFunction {
	return func(L *lua.LState) int { return f(L, processOf(L)) }
}

// current is the context at work; it raises where OpenResty does not let a script wait.
func (m *module) current(L *lua.LState) *handler.Ctx {
	c := m.v.Current()
	if c == nil {
		codec.Raise(L, "no request found")
	}
	if m.v.Strict && c.Phase&handler.Yieldable == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	return c
}

const defaultTimeout = 10 * time.Second

// proc, err = pipe.spawn(args, opts?)
func (m *module) spawn(L *lua.LState) int {
	c := m.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "API disabled in the current context")
	}
	args := commandOf(L)
	p := &process{v: m.v, writeTimeout: defaultTimeout, waitTimeout: defaultTimeout}
	p.out[0].timeout, p.out[1].timeout = defaultTimeout, defaultTimeout
	merge, size := false, 4096
	var env []string
	if o, ok := L.Get(2).(*lua.LTable); ok {
		merge = lua.LVAsBool(L.GetField(o, "merge_stderr"))
		if v := L.GetField(o, "buffer_size"); lua.LVAsBool(v) {
			f, ok := machine.ToNumber(v)
			if !ok || f < 1 {
				codec.Raise(L, "bad buffer_size option")
			}
			size = int(f)
		}
		if v := L.GetField(o, "environ"); lua.LVAsBool(v) {
			env = environ(L, v)
		}
		p.timeouts(L, L.GetField(o, "write_timeout"), L.GetField(o, "stdout_read_timeout"), L.GetField(o, "stderr_read_timeout"), L.GetField(o, "wait_timeout"))
	}
	if err := p.start(c, args, env, merge, size); err != nil {
		var no syscall.Errno
		if errors.As(err, &no) {
			return fail(L, "pipe failed: "+no.Error())
		}
		return fail(L, "pipe failed: "+err.Error())
	}
	if c.Enabled(phases.LogDebug) {
		merged := 0
		if merge {
			merged = 1
		}
		c.Log(phases.LogDebug, fmt.Sprintf("lua pipe spawn process:%016X pid:%d merge_stderr:%d buffer_size:%d", p.id(), p.pid, merged, size))
	}
	c.OnEnd(p.destroy)
	L.Push(&lua.LUserData{Value: p, Env: L.Env, Metatable: m.meta})
	return 1
}

// commandOf is argument 1 as a command: a table of arguments, or a line for the shell.
func commandOf(L *lua.LState) []string {
	switch v := L.Get(1).(type) {
	case lua.LString:
		return []string{"/bin/sh", "-c", string(v)}
	case *lua.LTable:
		var args []string
		for i := 1; ; i++ {
			e := v.RawGetInt(i)
			if e == lua.LNil {
				break
			}
			args = append(args, codec.ToString(L, e))
		}
		if len(args) == 0 {
			codec.Raise(L, "bad args arg: non-empty table expected")
		}
		return args
	default:
		codec.Raise(L, "bad args arg: table expected, got "+v.Type().String())
	}
	return nil
}

func environ(L *lua.LState, v lua.LValue) []string {
	t, ok := v.(*lua.LTable)
	if !ok {
		codec.Raise(L, "bad environ option: table expected, got "+v.Type().String())
	}
	var env []string
	for i := 1; ; i++ {
		e := t.RawGetInt(i)
		if e == lua.LNil {
			return env
		}
		at := "bad value at index " + strconv.Itoa(i) + " of environ option: "
		s, ok := e.(lua.LString)
		if !ok {
			codec.Raise(L, at+"string expected, got "+e.Type().String())
		}
		if len(s) < 2 || bytes.IndexByte([]byte(s[1:]), '=') < 0 {
			codec.Raise(L, at+"'name=[value]' format expected, got '"+string(s)+"'")
		}
		env = append(env, string(s))
	}
}

// timeouts sets those that are given, in milliseconds; 0 is none.
func (p *process) timeouts(L *lua.LState, write, stdout, stderr, wait lua.LValue) {
	for _, t := range [...]struct {
		v    lua.LValue
		name string
		d    *time.Duration
	}{
		{write, "write_timeout", &p.writeTimeout}, {stdout, "stdout_read_timeout", &p.out[0].timeout},
		{stderr, "stderr_read_timeout", &p.out[1].timeout}, {wait, "wait_timeout", &p.waitTimeout},
	} {
		if !lua.LVAsBool(t.v) {
			continue
		}
		f, ok := machine.ToNumber(t.v)
		if !ok || f < 0 || f > 0xffffffff {
			codec.Raise(L, "bad "+t.name+" option")
		}
		*t.d = time.Duration(f) * time.Millisecond
	}
}

func (m *module) setTimeouts(L *lua.LState, p *process) int {
	p.timeouts(L, L.Get(2), L.Get(3), L.Get(4), L.Get(5))
	return 0
}

func (m *module) pid(L *lua.LState, p *process) int {
	L.Push(lua.LNumber(p.pid))
	return 1
}

// ok, err = proc:shutdown(direction)
func (m *module) shutdown(L *lua.LState, p *process) int {
	direction := codec.ToString(L, L.Get(2))
	if direction != "stdin" && direction != "stdout" && direction != "stderr" {
		codec.Raise(L, "bad shutdown arg: "+direction)
	}
	if p.finalized {
		return fail(L, "closed")
	}
	switch direction {
	case "stdin":
		p.closeStdin()
	case "stdout":
		p.out[0].close()
	case "stderr":
		if p.merged {
			return fail(L, "merged to stdout")
		}
		p.out[1].close()
	}
	L.Push(lua.LTrue)
	return 1
}

// ok, err = proc:kill(signum)
func (m *module) kill(L *lua.LState, p *process) int {
	n, ok := L.Get(2).(lua.LNumber)
	if !ok {
		codec.Raise(L, "bad signal arg: number expected, got "+codec.ToString(L, L.Get(2)))
	}
	if p.finalized || p.dead.Load() {
		return fail(L, "exited")
	}
	var no syscall.Errno
	switch err := p.cmd.Process.Signal(syscall.Signal(n)); {
	case err == nil:
		L.Push(lua.LTrue)
		return 1
	case errors.Is(err, os.ErrProcessDone):
		return fail(L, "exited")
	case errors.Is(err, syscall.EINVAL):
		return fail(L, "invalid signal")
	case errors.As(err, &no):
		return fail(L, no.Error())
	default:
		return fail(L, err.Error())
	}
}

// ok, reason, status = proc:wait()
func (m *module) wait(L *lua.LState, p *process) int {
	c := m.current(L)
	if c.Enabled(phases.LogDebug) {
		c.Log(phases.LogDebug, fmt.Sprintf("lua pipe wait process:%016X pid:%d", p.id(), p.pid))
	}
	if p.finalized {
		return fail(L, "exited")
	}
	p.settle(&p.waiter)
	if p.waiter != nil {
		return fail(L, "pipe busy waiting")
	}
	if !p.dead.Load() {
		expired := false
		p.waiter = m.v.Thread()
		p.yielding("wait", "waiting", p.waitTimeout)
		func() {
			defer func() {
				p.waiter = nil
				p.ended()
			}()
			m.v.Wait(func(cancel <-chan struct{}) {
				var over <-chan time.Time
				if p.waitTimeout > 0 {
					t := time.NewTimer(p.waitTimeout)
					defer t.Stop()
					over = t.C
				}
				select {
				case <-p.done:
				case <-over:
					expired = true
				case <-cancel:
				}
			})
		}()
		if expired {
			return fail(L, "timeout")
		}
	}
	<-p.done
	p.waited()
	L.Push(lua.LBool(p.reason == "exit" && p.status == 0))
	L.Push(lua.LString(p.reason))
	L.Push(lua.LNumber(p.status))
	return 3
}

// nbytes, err = proc:write(data)
func (m *module) write(L *lua.LState, p *process) int {
	c := m.current(L)
	var data []byte
	switch v := L.Get(2).(type) {
	case lua.LString:
		data = []byte(v)
	case lua.LNumber:
		data = codec.AppendNumber(nil, float64(v))
	case *lua.LTable:
		for i := 1; i <= v.Len(); i++ {
			switch e := v.RawGetInt(i).(type) {
			case lua.LString:
				data = append(data, e...)
			case lua.LNumber:
				data = codec.AppendNumber(data, float64(e))
			default:
				codec.Raise(L, "invalid value ("+e.Type().String()+") at index "+strconv.Itoa(i)+" in table for 'concat'")
			}
		}
	default:
		codec.Raise(L, "bad data arg: string, number, or table expected, got "+v.Type().String())
	}
	if p.finalized || p.stdin == nil {
		return fail(L, "closed")
	}
	p.settle(&p.writer)
	if p.writer != nil {
		return fail(L, "pipe busy writing")
	}
	if c.Enabled(phases.LogDebug) {
		c.Log(phases.LogDebug, fmt.Sprintf("lua pipe write process:%016X pid:%d", p.id(), p.pid))
	}
	n, err := 0, error(nil)
	p.writer = m.v.Thread()
	defer func() {
		p.writer = nil
		p.ended()
	}()
	f := p.stdin
	p.yielding("write", "writing", p.writeTimeout)
	p.blocking(p.writeTimeout, f.SetWriteDeadline, func() { n, err = f.Write(data) })
	if err != nil {
		var no syscall.Errno
		if errors.As(err, &no) && c.Enabled(phases.LogDebug) {
			c.Log(phases.LogDebug, fmt.Sprintf("lua pipe write data error pipe:%016X %s", p.id(), phases.Errno(err)))
		}
		if p.stdin != f {
			return fail(L, "aborted")
		}
		return fail(L, message(err))
	}
	L.Push(lua.LNumber(n))
	return 1
}
