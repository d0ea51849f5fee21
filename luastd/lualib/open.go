package lualib

import (
	"io"
	"os"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/syntax"
)

// Options says how the library meets the world. The zero value is that of a program run from a shell.
type Options struct {
	// Stdin, Stdout and Stderr are the standard files of io, and Stdout that of print. They default to the process's.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Compile turns source text into code; it defaults to syntax.Compile. A host that keeps compiled code gives its own.
	Compile func(src, chunkname string) (*lua.FunctionProto, error)
	// Path and CPath are the initial package.path and package.cpath; LuaJIT's defaults if empty.
	Path, CPath string
	// Loaded, if not nil, is told the name of each file that was read as Lua code.
	Loaded func(file string)
	// Exit ends the process for os.exit; it defaults to os.Exit.
	Exit func(code int)
}

const (
	defaultPath = "./?.lua;/usr/local/share/luajit-2.1/?.lua;/usr/local/share/lua/5.1/?.lua;" +
		"/usr/local/share/lua/5.1/?/init.lua"
	defaultCPath = "./?.so;/usr/local/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so"
)

// library is the library of one VM.
type library struct {
	Options
	G        *lua.LTable
	loaded   *lua.LTable
	preload  *lua.LTable
	pkg      *lua.LTable
	tostring *lua.LFunction
	random   prng
	// prngState is what jit.prngstate was given.
	prngState [8]uint32
	programs  programs
	files     files
	gc        collector
}

// Open installs Lua's own library, as LuaJIT has it, into the globals of L's VM: the base functions and the tables string, table,
// math, os, io, debug, package and jit. The table coroutine is left to the host (vm.Worker.OpenCoroutine), and bit is
// package bit. Nothing of gopher-lua's own library is used or needed.
func Open(L *lua.LState, o Options) {
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	if o.Compile == nil {
		o.Compile = syntax.Compile
	}
	if o.Path == "" {
		o.Path = defaultPath
	}
	if o.CPath == "" {
		o.CPath = defaultCPath
	}
	if o.Exit == nil {
		o.Exit = os.Exit
	}
	l := &library{Options: o, G: L.G.Global}
	l.openPackage(L)
	l.openBase(L)
	l.openString(L)
	l.openTable(L)
	l.openMath(L)
	l.openOS(L)
	l.openIO(L)
	l.openDebug(L)
	l.openJIT(L)
}

// provide installs a table of the library under its name.
func (l *library) provide(name string, t *lua.LTable) *lua.LTable {
	number(name+".", t)
	l.G.RawSetString(name, t)
	l.loaded.RawSetString(name, t)
	return t
}

// lazily makes a function that require gives under "table.name" and that appears in the table once it was required.
func (l *library) lazily(L *lua.LState, table *lua.LTable, prefix, name string, fn lua.LGFunction) {
	l.preload.RawSetString(prefix+"."+name, L.NewFunction(func(L *lua.LState) int {
		f := L.NewFunction(fn)
		machine.SetBuiltin(f, builtins[prefix+"."+name])
		machine.Set(table, lua.LString(name), f)
		L.Push(f)
		return 1
	}))
}
