package lualib

import (
	"math"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// openJIT installs the table jit. It says truthfully that nothing is compiled to machine code, and takes the orders that make no
// difference then.
func (l *library) openJIT(L *lua.LState) {
	t := L.CreateTable(0, 12)
	t.RawSetString("version", lua.LString("LuaJIT 2.1.ROLLING"))
	t.RawSetString("version_num", lua.LNumber(20199))
	osName := map[string]string{"linux": "Linux", "darwin": "OSX", "windows": "Windows", "freebsd": "BSD"}[runtime.GOOS]
	if osName == "" {
		osName = "POSIX"
	}
	t.RawSetString("os", lua.LString(osName))
	arch := map[string]string{"amd64": "x64", "386": "x86"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	t.RawSetString("arch", lua.LString(arch))
	fill(L, t, map[string]lua.LGFunction{
		"on": jitMode, "off": jitMode, "flush": jitFlush, "attach": jitAttach, "security": jitSecurity, "prngstate": l.jitPRNGState,
		"status": func(L *lua.LState) int { return pushBool(L, false) },
	})
	opt := fill(L, L.CreateTable(0, 1), map[string]lua.LGFunction{"start": jitOptStart})
	t.RawSetString("opt", opt)
	l.provide("jit", t)
	l.loaded.RawSetString("jit.opt", opt)
}

// jit.on([f|true [, true|false]]), jit.off(...)
func jitMode(L *lua.LState) int {
	switch v := L.Get(1).(type) {
	case *lua.LNilType, *lua.LFunction:
	case lua.LBool:
		if !v {
			machine.TypeError(L, 1, "function")
		}
	default:
		machine.TypeError(L, 1, "function")
	}
	return 0
}

// jit.flush([f|true|trace [, true|false]])
func jitFlush(L *lua.LState) int {
	if _, ok := L.Get(1).(lua.LNumber); ok {
		return 0
	}
	return jitMode(L)
}

// jit.attach(callback [, event]): there are no events.
func jitAttach(L *lua.LState) int {
	checkFunction(L, 1)
	optString(L, 2, "")
	return 0
}

// n = jit.security("prng"|"strhash"|"strid"|"mcode")
func jitSecurity(L *lua.LState) int {
	switch name := checkString(L, 1); name {
	case "prng", "strhash", "strid", "mcode":
		return pushNumber(L, 1)
	default:
		machine.ArgError(L, 1, "invalid option '"+name+"'")
	}
	return 0
}

// state = jit.prngstate([state]): the compiler's random numbers, of which there are none here; what is set is given back.
func (l *library) jitPRNGState(L *lua.LState) int {
	old := L.CreateTable(len(l.prngState), 0)
	for i, v := range l.prngState {
		old.RawSetInt(i+1, lua.LNumber(v))
	}
	word := func(v lua.LValue) uint32 {
		n, ok := v.(lua.LNumber)
		if !ok || float64(n) < 0 || float64(n) > math.MaxUint32 || float64(n) != math.Trunc(float64(n)) {
			machine.ArgError(L, 1, "PRNG state must be an array with up to 8 integers or an integer")
		}
		return uint32(n)
	}
	var state [8]uint32
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
		state = l.prngState
	case lua.LNumber:
		state[0] = word(v)
	default:
		t := checkTable(L, 1)
		n := t.Len()
		if n > len(state) {
			word(lua.LNil)
		}
		for i := range n {
			state[i] = word(machine.GetInt(t, i+1))
		}
	}
	l.prngState = state
	L.Push(old)
	return 1
}

const (
	jitFlags  = " fold cse dce fwd dse narrow loop abc sink fuse "
	jitParams = " maxtrace maxrecord maxirconst maxside maxsnap minstitch hotloop hotexit tryside instunroll loopunroll" +
		" callunroll recunroll sizemcode maxmcode "
)

// jit.opt.start(flag, ...): flags and parameters are checked, and make no difference.
func jitOptStart(L *lua.LState) int {
	for i := 1; i <= L.GetTop(); i++ {
		s := checkString(L, i)
		if !knownOption(s) {
			machine.Errorf(L, "unknown or malformed optimization flag '%s'", s)
		}
	}
	return 0
}

func knownOption(s string) bool {
	if len(s) == 1 && s[0] >= '0' && s[0] <= '9' {
		return true
	}
	if name, value, ok := strings.Cut(s, "="); ok {
		return name != "" && strings.Contains(jitParams, " "+name+" ") && strings.Trim(value, "0123456789") == ""
	}
	s = strings.TrimPrefix(s, "+")
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		s = rest
	} else if rest, ok := strings.CutPrefix(s, "no"); ok && !strings.Contains(jitFlags, " "+s+" ") {
		s = strings.TrimPrefix(rest, "-")
	}
	return s != "" && strings.Contains(jitFlags, " "+s+" ")
}
