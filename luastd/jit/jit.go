// Package jit holds the modules that come with LuaJIT beside the table jit: jit.v, jit.dump, jit.p, jit.zone and jit.bcsave.
//
// Nothing is compiled to machine code here, so that the first three have nothing to report: they can be switched on and off, and
// open no file. jit.bcsave writes what string.dump makes, for *_by_lua_file and loadfile; an object file or a C source
// for a linker it refuses.
package jit

import (
	_ "embed"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
)

//go:embed bcsave.lua
var bcsaveSource string

//go:embed zone.lua
var zoneSource string

// Bcsave returns the loader of jit.bcsave, for package.preload.
var Bcsave = handler.Embedded("jit.bcsave", bcsaveSource)

// Zone returns the loader of jit.zone, for package.preload.
var Zone = handler.Embedded("jit.zone", zoneSource)

// Reporter returns the loader of jit.v and jit.dump, for package.preload: on([options [, file]]), off() and start, which is on.
func Reporter(*handler.VM) lua.LGFunction { return silent("on", "off", "start") }

// Profiler returns the loader of jit.p, for package.preload: start([options [, file]]) and stop().
func Profiler(*handler.VM) lua.LGFunction { return silent("start", "stop") }

// silent loads a table of functions that do nothing.
func silent(names ...string) lua.LGFunction {
	return func(L *lua.LState) int {
		t := L.CreateTable(0, len(names))
		nothing := L.NewFunction(func(*lua.LState) int { return 0 })
		for _, name := range names {
			t.RawSetString(name, nothing)
		}
		L.Push(t)
		return 1
	}
}
