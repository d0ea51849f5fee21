package machine

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// The places in maps are used with the version of Go that this was written for, so they must be right there.
func TestMapsAreTransparent(t *testing.T) {
	if !transparent && strings.HasPrefix(runtime.Version(), mapsOf) {
		t.Error("Go's maps have another layout")
	}
}

func TestFieldsAsInMaps(t *testing.T) {
	names := []string{""}
	for i := range 3000 {
		names = append(names, fmt.Sprint("name", i*i))
	}
	hints := []uint32{0, 5, 8, 1 << 15, 1<<20 + 77, ^uint32(0)}
	for _, n := range []int{0, 1, 2, 7, 8, 9, 15, 100, 1000, 3000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var m map[string]lua.LValue
			check := func(when string) {
				t.Helper()
				for i, name := range names[:min(n+3, len(names))] {
					want := m[name]
					hint := hints[i%len(hints)]
					for round := range 3 {
						if got := field(m, name, &hint); got != want {
							t.Fatalf("%s: field %q is %v in round %d, want %v", when, name, got, round, want)
						}
					}
					if got := lookup(m, name); got != want {
						t.Fatalf("%s: lookup of %q gives %v, want %v", when, name, got, want)
					}
					v := lua.LNumber(-i)
					if got := replaceField(m, name, v, &hint); got != (want != nil) {
						t.Fatalf("%s: replacing %q: %v", when, name, got)
					}
					if want != nil && m[name] != v {
						t.Fatalf("%s: %q is %v after it was replaced by %v", when, name, m[name], v)
					}
				}
			}
			check("nil")
			m = make(map[string]lua.LValue)
			check("empty")
			for i, name := range names[:n] {
				m[name] = lua.LNumber(i)
			}
			check("full")
			for i, name := range names[:n] {
				if i%3 == 0 {
					delete(m, name)
				}
			}
			check("after deletion")
			for i, name := range names[:n] {
				m[name] = lua.LNumber(i)
			}
			check("full again")
			clear(m)
			check("cleared")
		})
	}
}
