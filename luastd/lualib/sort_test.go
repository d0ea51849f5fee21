package lualib

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestComparator checks which functions table.sort need not call.
func TestComparator(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      bool
	}{
		{"less", "return function(a, b) return a < b end", true},
		{"greater", "return function(a, b) return a > b end", true},
		{"less or equal", "return function(a, b) return a <= b end", true},
		{"a field", "return function(a, b) return a.x < b.x end", true},
		{"an element, the other way round", "return function(a, b) return b[1] < a[1] end", true},
		{"other names", "return function(left, right) return left < right end", true},
		{"different fields", "return function(a, b) return a.x < b.y end", false},
		{"the same argument twice", "return function(a, b) return a < a end", false},
		{"equality", "return function(a, b) return a == b end", false},
		{"a negation", "return function(a, b) return not (a < b) end", false},
		{"more work", "local n = 0 return function(a, b) n = n + 1 return a < b end", false},
		{"an upvalue", "local t = {} return function(a, b) return t[a] < t[b] end", false},
		{"a third parameter", "return function(a, b, c) return a < b end", false},
		{"varargs", "return function(a, b, ...) return a < b end", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			res, err := h.Run(nil, h.Load(t, c.src, "=x"), 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, got := comparatorOf(res[0].(*lua.LFunction)); got != c.want {
				t.Errorf("recognised: %v, want %v", got, c.want)
			}
		})
	}
}
