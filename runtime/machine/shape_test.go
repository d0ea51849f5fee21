package machine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// TestShape holds tables made of shapes, which writes and deletions follow, against a map.
func TestShape(t *testing.T) {
	for n := range 12 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			names := make([]lua.LValue, n)
			for i := range names {
				names[i] = lua.LString(fmt.Sprint("name", i*i*i))
			}
			shape := machine.NewShape(names)
			for seed := range uint64(200) {
				r := rand.New(rand.NewPCG(seed, uint64(n)))
				want := map[string]string{}
				values := make([]lua.LValue, n)
				for i := range values {
					values[i] = lua.LNumber(r.IntN(1000))
					want[names[i].String()] = values[i].String()
				}
				tab := shape.Record(values)
				twin := shape.Record(values)
				clear(values)
				for range r.IntN(40) {
					name := "name" + strconv.Itoa(r.IntN(20))
					if r.IntN(2) == 0 {
						tab.RawSetString(name, lua.LNil)
						delete(want, name)
						continue
					}
					v := lua.LNumber(r.IntN(1000))
					machine.Set(tab, lua.LString(name), v)
					want[name] = v.String()
				}
				if seed%16 == 0 {
					runtime.GC()
				}
				if diff := cmp.Diff(want, contents(t, tab)); diff != "" {
					t.Fatal(diff)
				}
				if got := len(contents(t, twin)); got != n {
					t.Fatalf("the twin has %d fields, want %d", got, n)
				}
			}
		})
	}
}

func TestShapeRepeats(t *testing.T) {
	names := []lua.LValue{lua.LString("a"), lua.LString("b"), lua.LString("a")}
	tab := machine.NewShape(names).Record([]lua.LValue{lua.LNumber(1), lua.LNumber(2), lua.LNumber(3)})
	if diff := cmp.Diff(map[string]string{"a": "3", "b": "2"}, contents(t, tab)); diff != "" {
		t.Error(diff)
	}
}

// TestParts holds tables of parts, which writes follow, against tables that are filled.
func TestParts(t *testing.T) {
	const s = "the quick brown fox"
	for n := 1; n < 7; n++ {
		for seed := range uint64(100) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			offsets := make([]int, 2*n)
			want := machine.NewTable(0)
			for i := range n {
				from := r.IntN(len(s)+1) - 1
				to := from
				v := lua.LValue(lua.LFalse)
				if from >= 0 {
					to = from + r.IntN(len(s)+1-from)
					v = lua.LString(s[from:to])
				}
				offsets[2*i], offsets[2*i+1] = from, to
				machine.SetInt(want, i, v)
			}
			got := machine.Parts(s, offsets)
			for range r.IntN(30) {
				key, v := lua.LValue(lua.LNumber(r.IntN(30)-10)), lua.LValue(lua.LNumber(r.IntN(9)))
				if r.IntN(3) == 0 {
					v = lua.LNil
				}
				if r.IntN(3) == 0 {
					key = lua.LString(key.String())
				}
				machine.Set(got, key, v)
				machine.Set(want, key, v)
			}
			if seed%16 == 0 {
				runtime.GC()
			}
			if diff := cmp.Diff(elements(want), elements(got)); diff != "" {
				t.Fatal(diff)
			}
			for k := range machine.Pairs(want) {
				if machine.Get(want, k) != machine.Get(got, k) {
					t.Fatalf("%v: %v, want %v", k, machine.Get(got, k), machine.Get(want, k))
				}
			}
			if machine.Len(got) != machine.Len(want) || machine.Count(got) != machine.Count(want) {
				t.Fatalf("length %d, want %d", machine.Len(got), machine.Len(want))
			}
		}
	}
}

// elements is a table in the order of traversal.
func elements(t *lua.LTable) (all []string) {
	for k, v := range machine.Pairs(t) {
		all = append(all, fmt.Sprintf("%s %v: %v", k.Type(), k, v))
	}
	return all
}

// contents is a table of strings by all ways to read it.
func contents(t *testing.T, tab *lua.LTable) map[string]string {
	t.Helper()
	got := map[string]string{}
	for k, v := range machine.Pairs(tab) {
		got[k.String()] = v.String()
	}
	named := map[string]string{}
	for k := range maps.Keys(got) {
		named[k] = tab.RawGetString(k).String()
	}
	if diff := cmp.Diff(got, named); diff != "" {
		t.Fatal(diff)
	}
	if n := len(keysByNext(t, tab)); n != len(got) || machine.Count(tab) != n {
		t.Fatalf("%d keys by Next, %d by Count, %d by Pairs", n, machine.Count(tab), len(got))
	}
	return got
}

func BenchmarkRecord(b *testing.B) {
	names := []lua.LValue{lua.LString("host"), lua.LString("user-agent"), lua.LString("accept"), lua.LString("x-request-id"), lua.LString("accept-language")}
	values := names
	b.Run("names", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			machine.NewRecord(names, values)
		}
	})
	shape := machine.NewShape(names)
	b.Run("shape", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			shape.Record(values)
		}
	})
	b.Run("fields", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			t := machine.NewTable(4)
			for _, name := range names[:4] {
				machine.Set(t, name, name)
			}
		}
	})
}
