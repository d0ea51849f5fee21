package luastd

import (
	lua "github.com/yuin/gopher-lua"
	luar "layeh.com/gopher-luar"

	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/runtime/machine"
)

// Gateway is what require "moongate" gives to admin scripts, through gopher-luar: the configuration
// that serves, to be read. Its methods are called as gateway:Servers() and so on.
type Gateway struct {
	Version string
	tree    *phases.Tree
}

// ServerInfo describes a server block.
type ServerInfo struct {
	Name      string
	Names     []string
	Listens   []string
	Locations []LocationInfo
	Scripts   []string // URIs that drop-in scripts answer
}

// LocationInfo describes a location block.
type LocationInfo struct {
	Modifier string // "", "=", "^~", "~" or "@"
	Name     string
}

// Servers lists the server blocks in the configuration's order.
func (g *Gateway) Servers() []ServerInfo {
	var out []ServerInfo
	for _, s := range g.tree.Servers {
		// gopher-luar makes nil of an empty list that was never made
		info := ServerInfo{Name: s.Name(), Scripts: append([]string{}, DropIns(s)...), Names: []string{}, Listens: []string{}, Locations: []LocationInfo{}}
		for _, n := range s.Names {
			info.Names = append(info.Names, n.Name)
		}
		for _, l := range s.Listens() {
			info.Listens = append(info.Listens, l.Text)
		}
		for _, loc := range s.Root().Children() {
			info.Locations = append(info.Locations, LocationInfo{loc.Kind.Modifier(), loc.Name})
		}
		out = append(out, info)
	}
	return out
}

// Workers is how many Lua VMs serve.
func (g *Gateway) Workers() int { return g.tree.Core.Workers }

// ConfigFile is the path of the main configuration file.
func (g *Gateway) ConfigFile() string { return g.tree.ConfFile }

// Prefix is the directory that relative paths start at.
func (g *Gateway) Prefix() string { return g.tree.Prefix }

func loadGateway(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		for _, v := range []any{[]ServerInfo{}, []LocationInfo{}, &ServerInfo{}, &LocationInfo{}} {
			indexTables(L, luar.MT(L, v).LTable)
		}
		L.Push(luar.New(L, &Gateway{Version: phases.Version, tree: v.Tree}))
		return 1
	}
}

// indexTables makes tables ready for gopher-luar, which traverses them by gopher-lua's own LTable.Next when they are assigned where a
// struct is wanted.
func indexTables(L *lua.LState, mt *lua.LTable) {
	for _, event := range []string{"__newindex", "__add"} {
		fn, ok := mt.RawGetString(event).(*lua.LFunction)
		if !ok || fn.GFunction == nil {
			continue
		}
		mt.RawSetString(event, L.NewFunction(func(L *lua.LState) int {
			for i := range L.GetTop() {
				machine.IndexKeys(L.Get(i + 1))
			}
			return fn.GFunction(L)
		}))
	}
}
