package output

import (
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/runtime/machine"
)

// library is this package's side of one worker. Guarded by the worker's baton.
type library struct {
	v *handler.VM
	// buf is where output and log lines are put together; nil while someone uses it.
	buf []byte
	// refs numbers the ngx.ctx whose end is to be logged.
	refs refs
}

// refs gives numbers from 1 on; the one that was given back last comes first.
type refs struct {
	mu   sync.Mutex
	last int
	back []int
}

func (r *refs) take() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.back); n > 0 {
		ref := r.back[n-1]
		r.back = r.back[:n-1]
		return ref
	}
	r.last++
	return r.last
}

func (r *refs) free(ref int) {
	r.mu.Lock()
	r.back = append(r.back, ref)
	r.mu.Unlock()
}

// Register installs the package's functions into v.Ngx, and print as a global. It is called once per
// worker, with the baton held.
func Register(v *handler.VM) {
	l := &library{v: v}
	L := v.W.L
	for name, fn := range map[string]lua.LGFunction{
		"print":         l.print,
		"say":           l.say,
		"flush":         l.flush,
		"eof":           l.eof,
		"send_headers":  l.sendHeaders,
		"exit":          l.exit,
		"exec":          l.exec,
		"redirect":      l.redirect,
		"log":           l.log,
		"_phase_ctx":    l.phaseContext,
		"get_raw_phase": l.rawPhase,
	} {
		v.Ngx.RawSetString(name, L.NewFunction(fn))
	}
	v.Ngx.RawSetString("get_phase", machine.NewQuick(L, l.phase, l.quickPhase))
	L.SetGlobal("print", L.NewFunction(l.printLog))
	setConstants(v)
	l.openMagic(L)
	l.openArg(L)
}

// takeBuf borrows the buffer, empty; giveBuf returns it.
func (l *library) takeBuf() []byte {
	b := l.buf
	l.buf = nil
	return b[:0]
}

// keepBuf is the largest buffer that is kept for the next call.
const keepBuf = 64 << 10

func (l *library) giveBuf(b []byte) {
	if cap(b) <= keepBuf {
		l.buf = b
	}
}

// failed pushes nil and an error's text.
func failed(L *lua.LState, text string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(text))
	return 2
}

var one lua.LValue = lua.LNumber(1)

func succeeded(L *lua.LState) int {
	L.Push(one)
	return 1
}
