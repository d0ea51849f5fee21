package lualib

import (
	"fmt"
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

func (l *library) openPackage(L *lua.LState) {
	l.loaded = L.CreateTable(0, 16)
	l.preload = L.CreateTable(0, 16)
	L.G.Registry.RawSetString("_LOADED", l.loaded)
	L.G.Registry.RawSetString("_PRELOAD", l.preload)
	t := L.CreateTable(0, 10)
	l.pkg = t
	t.RawSetString("loaded", l.loaded)
	t.RawSetString("preload", l.preload)
	t.RawSetString("path", lua.LString(l.Path))
	t.RawSetString("cpath", lua.LString(l.CPath))
	t.RawSetString("config", lua.LString("/\n;\n?\n!\n-\n"))
	fill(L, t, map[string]lua.LGFunction{
		"searchpath": packageSearchPath, "loadlib": packageLoadLib, "seeall": l.packageSeeAll,
	})
	loaders := L.CreateTable(4, 0)
	for i, fn := range []lua.LGFunction{l.findPreload, l.findLua, l.findC, l.findRoot} {
		machine.SetInt(loaders, i+1, L.NewFunction(fn))
	}
	t.RawSetString("loaders", loaders)
	l.provide("package", t)
	l.G.RawSetString("require", machine.NewQuick(L, l.require, l.quickRequire))
	l.G.RawSetString("module", L.NewFunction(l.module))
}

// search looks a module up in a path and returns the file, or what was tried.
func search(name, path, sep, rep string) (file, tried string) {
	if sep != "" {
		name = strings.ReplaceAll(name, sep, rep)
	}
	var b strings.Builder
	for template := range strings.SplitSeq(path, ";") {
		if template == "" {
			continue
		}
		file := strings.ReplaceAll(template, "?", name)
		if f, err := os.Open(file); err == nil {
			_ = f.Close()
			return file, ""
		}
		fmt.Fprintf(&b, "\n\tno file '%s'", file)
	}
	return "", b.String()
}

// file, err = package.searchpath(name, path [, sep [, rep]])
func packageSearchPath(L *lua.LState) int {
	path := checkString(L, 2)
	file, tried := search(checkString(L, 1), path, optString(L, 3, "."), optString(L, 4, "/"))
	if file != "" {
		return pushString(L, file)
	}
	L.Push(lua.LNil)
	return 1 + pushString(L, tried)
}

const noC = "modules in C cannot be loaded here"

// f, err, what = package.loadlib(file, name)
//
// Deviation: libraries of machine code are refused.
func packageLoadLib(L *lua.LState) int {
	checkString(L, 1)
	checkString(L, 2)
	L.Push(lua.LNil)
	pushString(L, noC)
	return 2 + pushString(L, "absent")
}

// package.seeall(t)
func (l *library) packageSeeAll(L *lua.LState) int {
	t := checkTable(L, 1)
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		mt = L.CreateTable(0, 1)
		t.Metatable = mt
	}
	machine.Set(mt, lua.LString("__index"), l.G)
	return 0
}

// path is the string in a field of package.
func (l *library) path(L *lua.LState, field string) string {
	s, ok := machine.ToString(l.pkg.RawGetString(field))
	if !ok {
		machine.Errorf(L, "'package.%s' must be a string", field)
	}
	return s
}

func (l *library) findPreload(L *lua.LState) int {
	name := checkString(L, 1)
	preload, ok := l.pkg.RawGetString("preload").(*lua.LTable)
	if !ok {
		machine.Errorf(L, "'package.preload' must be a table")
	}
	if fn := machine.Index(L, preload, lua.LString(name)); fn != lua.LNil {
		L.Push(fn)
		return 1
	}
	return pushString(L, fmt.Sprintf("\n\tno field package.preload['%s']", name))
}

func (l *library) findLua(L *lua.LState) int {
	name := checkString(L, 1)
	file, tried := search(name, l.path(L, "path"), ".", "/")
	if file == "" {
		return pushString(L, tried)
	}
	src, chunkname, problem := l.readFile(file)
	if problem == "" {
		proto, err := l.compile(src, chunkname, "bt")
		if err == nil {
			L.Push(L.NewFunctionFromProto(proto))
			return 1
		}
		problem = messageOf(err)
	}
	machine.Errorf(L, "error loading module '%s' from file '%s':\n\t%s", name, file, problem)
	return 0
}

func (l *library) findC(L *lua.LState) int {
	name := checkString(L, 1)
	return l.refuseC(L, name, name)
}

// findRoot looks for a library that holds a whole package: "a.so" for "a.b".
func (l *library) findRoot(L *lua.LState) int {
	name := checkString(L, 1)
	root, _, ok := strings.Cut(name, ".")
	if !ok {
		return 0
	}
	return l.refuseC(L, name, root)
}

func (l *library) refuseC(L *lua.LState, name, as string) int {
	file, tried := search(as, l.path(L, "cpath"), ".", "/")
	if file != "" {
		machine.Errorf(L, "error loading module '%s' from file '%s':\n\t%s", name, file, noC)
	}
	return pushString(L, tried)
}

// loading marks a module whose loader has not returned.
var loading = &lua.LUserData{Metatable: lua.LNil}

// quickRequire is the short way of require, for a module that is loaded.
func (l *library) quickRequire(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) == 0 {
		return nil, false
	}
	name, ok := args[0].(lua.LString)
	if !ok {
		return nil, false
	}
	v := machine.Field(l.loaded, string(name))
	return v, lua.LVAsBool(v) && v != loading
}

// v = require(name)
func (l *library) require(L *lua.LState) int {
	name, key := checkString(L, 1), L.Get(1)
	if _, ok := key.(lua.LString); !ok {
		key = lua.LString(name)
	}
	if v := machine.Index(L, l.loaded, key); lua.LVAsBool(v) {
		if v == loading {
			machine.Errorf(L, "loop or previous error loading module '%s'", name)
		}
		L.Push(v)
		return 1
	}
	loader := l.loader(L, name)
	machine.SetIndex(L, l.loaded, key, loading)
	L.Push(loader)
	L.Push(key)
	L.Call(1, 1)
	v := L.Get(-1)
	L.Pop(1)
	if v != lua.LNil {
		machine.SetIndex(L, l.loaded, key, v)
	} else if v = machine.Index(L, l.loaded, key); v == loading {
		v = lua.LTrue
		machine.SetIndex(L, l.loaded, key, v)
	}
	L.Push(v)
	return 1
}

// loader asks package.loaders for the function that loads a module.
func (l *library) loader(L *lua.LState, name string) *lua.LFunction {
	loaders, ok := l.pkg.RawGetString("loaders").(*lua.LTable)
	if !ok {
		machine.Errorf(L, "'package.loaders' must be a table")
	}
	var tried strings.Builder
	for i := 1; ; i++ {
		find := machine.GetInt(loaders, i)
		if find == lua.LNil {
			machine.Errorf(L, "module '%s' not found:%s", name, tried.String())
		}
		L.Push(find)
		L.Push(lua.LString(name))
		L.Call(1, 1)
		r := L.Get(-1)
		L.Pop(1)
		if fn, ok := r.(*lua.LFunction); ok {
			return fn
		}
		if s, ok := machine.ToString(r); ok {
			tried.WriteString(s)
		}
	}
}

// module(name, ...)
func (l *library) module(L *lua.LState) int {
	name := checkString(L, 1)
	m, ok := l.loaded.RawGetString(name).(*lua.LTable)
	if !ok {
		if m = l.globalTable(L, name); m == nil {
			machine.Errorf(L, "name conflict for module '%s'", name)
		}
		machine.Set(l.loaded, lua.LString(name), m)
	}
	if machine.Index(L, m, lua.LString("_NAME")) == lua.LNil {
		machine.SetIndex(L, m, lua.LString("_M"), m)
		machine.SetIndex(L, m, lua.LString("_NAME"), lua.LString(name))
		machine.SetIndex(L, m, lua.LString("_PACKAGE"), lua.LString(name[:strings.LastIndexByte(name, '.')+1]))
	}
	caller, ok := machine.CallAt(L, 1)
	if !ok || caller.Function().IsG {
		machine.Errorf(L, "'module' not called from a Lua function")
	}
	caller.Function().Env = m
	for i := 2; i <= L.GetTop(); i++ {
		L.Push(L.Get(i))
		L.Push(m)
		L.Call(1, 0)
	}
	return 0
}

// globalTable is the table that a dotted name stands for, made if need be; nil if something else has the name.
func (l *library) globalTable(L *lua.LState, name string) *lua.LTable {
	t := l.G
	for part := range strings.SplitSeq(name, ".") {
		v := machine.Get(t, lua.LString(part))
		if v == lua.LNil {
			sub := L.NewTable()
			machine.Set(t, lua.LString(part), sub)
			v = sub
		}
		var ok bool
		if t, ok = v.(*lua.LTable); !ok {
			return nil
		}
	}
	return t
}
