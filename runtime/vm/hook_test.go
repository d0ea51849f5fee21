package vm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/google/go-cmp/cmp"

	"moongate/runtime/machine"
	"moongate/runtime/syntax"
)

// hooked runs a program with a hook and returns its result and the hook's events.
func hooked(t *testing.T, limit time.Duration, h machine.Hook, src string) (string, []string) {
	t.Helper()
	g := newTestGroup(t, Options{CompileFunc: syntax.Compile, CPULimit: limit})
	w := g.Pick()
	var events []string
	h.Function = w.L.NewFunction(func(L *lua.LState) int {
		events = append(events, strings.TrimSpace(L.Get(1).String()+" "+L.Get(2).String()))
		return 0
	})
	if err := w.Do(func(L *lua.LState) error {
		L.G.Global.RawSetString("hook", L.NewFunction(func(L *lua.LState) int {
			if L.ToBool(1) {
				set := h
				machine.SetHook(L, &set)
			} else {
				machine.SetHook(L, nil)
			}
			return 0
		}))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	res := show(w.Run(nil, load(t, w, src), lua.MultRet))
	if err := w.Do(func(L *lua.LState) error { machine.SetHook(L, nil); return nil }); err != nil {
		t.Fatal(err)
	}
	return res, events
}

// A CPU limit has gopher-lua's own loop run the instructions in place of ours. Hooks see the same either way.
func TestHooksWithAndWithoutALimit(t *testing.T) {
	const src = `
local n = 1000.5
local function add(x)
  n = n + x
  return n
end
for i = 1, 3 do add(i) end
hook(true)
local s = 0
for i = 1, 4 do
  s = s + add(i + 0.5)
end
local t = {}
for k, v in ipairs{s, n} do t[k] = v end
while s > 3000 do s = s - 1000.25 end
hook(false)
for i = 1, 3 do s = add(i) end
return s, n, t[1], t[2]`
	for _, h := range []machine.Hook{{Mask: "l"}, {Mask: "c"}, {Mask: "r"}, {Mask: "clr"}, {Count: 1}, {Count: 7}} {
		t.Run(fmt.Sprint(h.Mask, h.Count), func(t *testing.T) {
			plain, events := hooked(t, 0, h, src)
			limited, same := hooked(t, time.Hour, h, src)
			if diff := cmp.Diff("1024.5 1024.5 4051 1018.5", plain); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(plain, limited); diff != "" {
				t.Errorf("results: %s", diff)
			}
			if diff := cmp.Diff(events, same); diff != "" || len(events) == 0 {
				t.Errorf("%d events: %s", len(events), diff)
			}
		})
	}
}

func TestLimitHoldsUnderAHook(t *testing.T) {
	res, _ := hooked(t, 20*time.Millisecond, machine.Hook{Count: 1_000_000}, `hook(true) while true do end`)
	if !strings.Contains(res, "cpu limit exceeded") {
		t.Error(res)
	}
}
