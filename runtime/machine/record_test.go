package machine_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

func keysByNext(t *testing.T, tab *lua.LTable) (keys []string) {
	t.Helper()
	for k, v, ok := machine.Next(tab, lua.LNil); k != lua.LNil; k, v, ok = machine.Next(tab, k) {
		if !ok || v == lua.LNil {
			t.Fatalf("Next: %v %v %v", k, v, ok)
		}
		if keys = append(keys, k.String()); len(keys) > 1000 {
			t.Fatal("Next does not end")
		}
	}
	return keys
}

func keysByPairs(tab *lua.LTable) (keys []string) {
	for k := range machine.Pairs(tab) {
		keys = append(keys, k.String())
	}
	return keys
}

// keysByGopherLua traverses as gopher-luar does.
func keysByGopherLua(tab *lua.LTable) (keys []string) {
	machine.IndexKeys(tab)
	for k, _ := tab.Next(lua.LNil); k != lua.LNil; k, _ = tab.Next(k) {
		keys = append(keys, k.String())
	}
	return keys
}

// TestOrder holds tables that several hands write to, ours and gopher-lua's own setters, against a list of pairs.
func TestOrder(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		var want []string
		names := make([]lua.LValue, r.IntN(12))
		for i := range names {
			names[i] = lua.LString("n" + strconv.Itoa(i))
			want = append(want, names[i].String())
		}
		shared := slices.Clone(names)
		tab := machine.NewRecord(names, names)
		twin := machine.NewRecord(names, names)
		gone := false // a key that comes back takes its old place or a new one
		for range r.IntN(40) {
			name := "n" + strconv.Itoa(r.IntN(16))
			has := slices.Contains(want, name)
			switch what := r.IntN(8); {
			case what < 2:
				machine.Set(tab, lua.LString(name), lua.LTrue)
			case what < 4:
				tab.RawSetString(name, lua.LTrue)
			case what == 4:
				tab.RawSetH(lua.LString(name), lua.LTrue)
			case what == 5:
				if gone = gone || has; has {
					machine.Set(tab, lua.LString(name), lua.LNil)
					want = slices.DeleteFunc(want, func(s string) bool { return s == name })
				}
				continue
			case what == 6 && r.IntN(4) == 0:
				machine.Clear(tab)
				want = nil
				continue
			default:
				machine.Next(tab, lua.LNil)
				if has {
					machine.Next(tab, lua.LString(name))
				}
				continue
			}
			if !has {
				want = append(want, name)
			}
		}
		for name, got := range map[string][]string{"Pairs": keysByPairs(tab), "Next": keysByNext(t, tab)} {
			if gone {
				slices.Sort(got)
				slices.Sort(want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %s:\n%s", seed, name, diff)
			}
		}
		if got := keysByGopherLua(tab); len(got) != len(want) {
			t.Fatalf("seed %d: gopher-lua finds %q, want %q", seed, got, want)
		}
		if diff := cmp.Diff(keysByPairs(machine.NewRecord(shared, shared)), keysByPairs(twin)); diff != "" {
			t.Fatalf("seed %d: a table of the same names has changed:\n%s", seed, diff)
		}
	}
}

// TestNextRemoves empties a table while it is traversed.
func TestNextRemoves(t *testing.T) {
	for _, n := range []int{1, 5, 8, 9, 30} {
		names := make([]lua.LValue, n)
		for i := range names {
			names[i] = lua.LString(strconv.Itoa(i) + "x")
		}
		tab := machine.NewRecord(names, names)
		seen := 0
		for k, _, ok := machine.Next(tab, lua.LNil); k != lua.LNil; k, _, ok = machine.Next(tab, k) {
			if !ok {
				t.Fatalf("%d names: lost after %d", n, seen)
			}
			seen++
			machine.Set(tab, k, lua.LNil)
		}
		if seen != n || machine.Hashed(tab) != 0 {
			t.Errorf("%d names: saw %d, left %d", n, seen, machine.Hashed(tab))
		}
	}
}

// TestRecordTwice: the last value of a name wins, at the place of the first.
func TestRecordTwice(t *testing.T) {
	names := []lua.LValue{lua.LString("a"), lua.LString("b"), lua.LString("a")}
	tab := machine.NewRecord(names, []lua.LValue{lua.LNumber(1), lua.LNumber(2), lua.LNumber(3)})
	if diff := cmp.Diff([]string{"a", "b"}, keysByNext(t, tab)); diff != "" {
		t.Error(diff)
	}
	if got := machine.Field(tab, "a"); got != lua.LNumber(3) {
		t.Errorf("a = %v", got)
	}
}

// TestCopyString: the value does not share the bytes that it was made of, and a short one takes one allocation.
func TestCopyString(t *testing.T) {
	for n := range 80 {
		b := []byte(strings.Repeat("x", n))
		v := machine.CopyString(b)
		runtime.GC()
		clear(b)
		if v != lua.LString(strings.Repeat("x", n)) {
			t.Errorf("%d bytes: %q", n, v)
		}
	}
	b := make([]byte, 40)
	if n := testing.AllocsPerRun(100, func() { kept = machine.CopyString(b) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

var kept lua.LValue
