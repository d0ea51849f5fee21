package machine

import (
	"math/rand/v2"
	"strconv"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestFieldsAgainstMap does to a table what instructions do, each name with a hint of its own, and compares it with a map.
func TestFieldsAgainstMap(t *testing.T) {
	const names = 1500
	for _, most := range []int{3, 8, 9, 40, names} {
		r := rand.New(rand.NewPCG(1, uint64(most)))
		hints := make([]uint32, names)
		for round := range 50 {
			tab, want := NewTable(round%10), map[string]lua.LValue{}
			for range 4 * most {
				i := r.IntN(most)
				name := "field " + strconv.Itoa(i)
				key := lua.LValue(lua.LString(name))
				switch r.IntN(4) {
				case 0:
					setString(tab, name, key, lua.LNil)
					delete(want, name)
				case 1:
					v := lua.LValue(lua.LNumber(i))
					if !assign(tab, name, key, v, &hints[i]) {
						t.Fatal("not assigned")
					}
					want[name] = v
				case 2:
					if got := own(tableOf(tab).strdict, name, &hints[i]); got != want[name] {
						t.Fatalf("%s is %v, want %v", name, got, want[name])
					}
				}
				if got := field(tableOf(tab).strdict, name, &hints[i]); got != want[name] {
					t.Fatalf("%s is %v, want %v", name, got, want[name])
				}
			}
			seen := 0
			for k, v := range Pairs(tab) {
				seen++
				if want[string(k.(lua.LString))] != v {
					t.Fatalf("traversal: %v is %v, want %v", k, v, want[string(k.(lua.LString))])
				}
			}
			if seen != len(want) {
				t.Fatalf("%d fields traversed, want %d", seen, len(want))
			}
		}
	}
}

func TestAbsences(t *testing.T) {
	if transparent && !absences {
		t.Error("maps are probed in a way that is not known")
	}
}

// TestTableAllocations holds what tables take that get their fields one by one.
func TestTableAllocations(t *testing.T) {
	if !transparent {
		t.Skip("maps of an unknown layout")
	}
	keys := []lua.LValue{lua.LString("a"), lua.LString("b"), lua.LString("c"), lua.LString("d")}
	for _, tt := range []struct {
		name         string
		fields, most int
	}{{"without room", 0, 2}, {"with room", 4, 1}} {
		hints := make([]uint32, len(keys))
		got := testing.AllocsPerRun(100, func() {
			tab := NewTable(tt.fields)
			for i, k := range keys {
				assign(tab, string(k.(lua.LString)), k, lua.LTrue, &hints[i])
			}
		})
		if got > float64(tt.most) {
			t.Errorf("%s: %v allocations, want at most %d", tt.name, got, tt.most)
		}
	}
}
