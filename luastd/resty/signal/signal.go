// Package signal is resty.signal: signals to other processes. Its interface is lua-resty-signal's, which needs a library of machine code.
package signal

import (
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"moongate/luastd/handler"
	"moongate/runtime/machine"
)

// Loader makes the module resty.signal.
func Loader(*handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		t := L.SetFuncs(L.CreateTable(0, 3), map[string]lua.LGFunction{"signum": signum, "kill": kill})
		t.RawSetString("version", lua.LNumber(0.04))
		L.Push(t)
		return 1
	}
}

// number is the signal that a value names: a number, or a name without SIG. NONE only asks whether a process is there.
func number(v lua.LValue) (syscall.Signal, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return syscall.Signal(int(v)), true
	case lua.LString:
		if v == "NONE" {
			return 0, true
		}
		if n := unix.SignalNum("SIG" + string(v)); n != 0 {
			return n, true
		}
	}
	return 0, false
}

func fail(L *lua.LState, problem string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(problem))
	return 2
}

// num, err = signal.signum(name)
func signum(L *lua.LState) int {
	n, ok := number(L.Get(1))
	if !ok {
		return fail(L, "unknown signal name")
	}
	L.Push(lua.LNumber(n))
	return 1
}

// ok, err = signal.kill(pid, name|num)
func kill(L *lua.LState) int {
	pid, isNumber := machine.ToNumber(L.Get(1))
	if !lua.LVAsBool(L.Get(2)) || !isNumber {
		machine.Throw(L, lua.LString("assertion failed!"))
	}
	sig, ok := number(L.Get(2))
	if !ok {
		return fail(L, "unknown signal name")
	}
	if err := syscall.Kill(int(pid), sig); err != nil {
		text := err.Error()
		return fail(L, strings.ToUpper(text[:1])+text[1:])
	}
	L.Push(lua.LTrue)
	return 1
}
