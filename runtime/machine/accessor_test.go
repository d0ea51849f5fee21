package machine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
)

// TestAccessors: what the short way does not answer goes the long one; both see what a script sees.
func TestAccessors(t *testing.T) {
	for _, tt := range []struct {
		name, src, want string
	}{
		{"a field the short way knows", `return x.short`, "got short"},
		{"an index", `return x[1]`, "got 1"},
		{"a field it does not know", `return x.long`, "called long"},
		{"by a variable", `local k = "short" return x[k]`, "got short"},
		{"a field of the table itself", `rawset(x, "short", "own") local v = x.short rawset(x, "short", nil) return v`, "own"},
		{"through another table", `return setmetatable({}, {__index = x}).short`, "got short"},
		{"the function itself", `return getmetatable(x).__index(x, "short")`, "called short"},
		{"an assignment", `x.short = 1 return log`, "set short 1"},
		{"an assignment by index", `x[2] = true return log`, "set 2 true"},
		{"an assignment it does not know", `x.long = 2 return log`, "call set long 2"},
		{"an assignment to the table's own field", `rawset(x, "own", 1) x.own = 2 return x.own`, "2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			L := lua.NewState()
			defer L.Close()
			known := func(key lua.LValue) bool { return key != lua.LString("long") }
			mt := L.NewTable()
			mt.RawSetString("__index", Getter(L, func(L *lua.LState) int {
				L.Push(lua.LString("called " + L.Get(2).String()))
				return 1
			}, func(key lua.LValue) (lua.LValue, bool) { return lua.LString("got " + key.String()), known(key) }))
			note := func(s string) { L.SetGlobal("log", lua.LString(s)) }
			mt.RawSetString("__newindex", Setter(L, func(L *lua.LState) int {
				note("call set " + L.Get(2).String() + " " + L.Get(3).String())
				return 0
			}, func(key, v lua.LValue) bool {
				if known(key) {
					note("set " + key.String() + " " + v.String())
				}
				return known(key)
			}))
			x := L.NewTable()
			x.Metatable = mt
			L.SetGlobal("x", x)
			if err := L.DoString(tt.src); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, L.Get(-1).String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
