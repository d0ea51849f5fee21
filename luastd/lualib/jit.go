package lualib

import (
	"runtime"

	lua "github.com/yuin/gopher-lua"
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
	nothing := func(*lua.LState) int { return 0 }
	fill(L, t, map[string]lua.LGFunction{
		"on": nothing, "off": nothing, "flush": nothing, "attach": nothing, "security": nothing,
		"status": func(L *lua.LState) int { return pushBool(L, false) },
	})
	opt := fill(L, L.CreateTable(0, 1), map[string]lua.LGFunction{"start": nothing})
	t.RawSetString("opt", opt)
	l.provide("jit", t)
	l.loaded.RawSetString("jit.opt", opt)
}
