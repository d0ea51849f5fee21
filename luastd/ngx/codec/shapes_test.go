package codec_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// flat is a table as text: names sorted by their order, lists in brackets.
func flat(t *lua.LTable) string {
	var b strings.Builder
	for k, v := range machine.Pairs(t) {
		if list, ok := v.(*lua.LTable); ok {
			v = lua.LString("[" + flat(list) + "]")
		}
		fmt.Fprintf(&b, "%s:%s=%s;", k, v.Type(), v)
	}
	return b.String()
}

// TestRememberedNames holds the short way for few arguments against the long one.
func TestRememberedNames(t *testing.T) {
	L := newState(t)
	var shapes codec.Shapes
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"a", "b=1", "c=%41+x", "%61=2", "=x", "", "a=1=2", "d=", "longer-name=value", "e", "f", "g=7", "h+h=8", "%=%"}
	for range 20000 {
		parts := make([]string, r.IntN(11))
		for i := range parts {
			parts[i] = pieces[r.IntN(len(pieces))]
		}
		query, limit := strings.Join(parts, "&"), []int{-1, 0, 1, 3, 8, 9, 100}[r.IntN(7)]
		want, wantMore := codec.URIArgsToTable(L, query, limit, L.NewTable(), nil)
		got, gotMore := codec.URIArgsToTable(L, query, limit, nil, &shapes)
		if diff := cmp.Diff(flat(want), flat(got)); diff != "" || gotMore != wantMore {
			t.Fatalf("%q, %d: %v %v\n%s", query, limit, wantMore, gotMore, diff)
		}
	}
}

func TestShapesOf(t *testing.T) {
	var shapes codec.Shapes
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprint("n", i)
	}
	tests := []struct {
		name  string
		names []string
		want  bool
	}{
		{"none", nil, true},
		{"two", []string{"Host", "Accept"}, true},
		{"twice", []string{"Host", "host"}, false},
		{"an empty one", []string{"", "x"}, true},
		{"many", many, false},
		{"long", []string{strings.Repeat("x", 600)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				shape := shapes.Of(tt.names, true)
				if (shape != nil) != tt.want {
					t.Fatalf("got %v", shape)
				}
				if shape == nil {
					continue
				}
				for i, name := range shape.Names() {
					if name.String() != strings.ToLower(tt.names[i]) {
						t.Errorf("%d: %q", i, name)
					}
				}
			}
		})
	}
}
