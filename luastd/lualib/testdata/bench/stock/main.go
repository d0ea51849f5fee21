// Command stock runs a Lua file on gopher-lua as it is, for comparison: moongate's packages would change the interpreter of the whole
// process.
package main

import (
	"log"
	"os"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: stock FILE [ARGS]")
	}
	L := lua.NewState()
	defer L.Close()
	arg := L.NewTable()
	for i, a := range os.Args[2:] {
		arg.RawSetInt(i+1, lua.LString(a))
	}
	L.SetGlobal("arg", arg)
	// Its own os.clock is the time on the wall.
	L.SetField(L.GetGlobal("os"), "clock", L.NewFunction(func(L *lua.LState) int {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			L.RaiseError("getrusage: %s", err.Error())
		}
		L.Push(lua.LNumber(float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9))
		return 1
	}))
	if err := L.DoFile(os.Args[1]); err != nil {
		log.Fatal(err) //nolint:gocritic // the process ends
	}
}
