package vm

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// Recursion through Go functions must end in an error of Lua's, long before Go's own stack limit ends the process.
func TestDeepRecursionThroughGo(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	for _, tc := range []struct{ name, src string }{
		{"pcall", `local function f() pcall(f) end f() return 1`},
		{"xpcall", `local function f() xpcall(f, print) end f() return 1`},
		{"index", `local t t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return pcall(function() return t[1] end) == false and 1`},
		{"gsub", `local function f() ("x"):gsub("x", f) end pcall(f) return 1`},
		{"sort", `local function f() table.sort({1, 2}, f) end pcall(f) return 1`},
		{"coroutines", `local function f() return coroutine.wrap(f)() end pcall(f) return 1`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := show(w.Run(nil, load(t, w, tc.src), lua.MultRet)); got != "1" {
				t.Error(got)
			}
		})
	}
}
