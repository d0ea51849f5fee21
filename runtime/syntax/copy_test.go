package syntax_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
)

// TestCopy: a copy runs the same instructions, and neither it nor a function inside it shares the room for hints.
func TestCopy(t *testing.T) {
	proto, err := syntax.Compile("local t = ... return function() return function() return t.x end end", "=test")
	if err != nil {
		t.Fatal(err)
	}
	var check func(a, b *lua.FunctionProto)
	check = func(a, b *lua.FunctionProto) {
		if diff := cmp.Diff(a.Code, b.Code); diff != "" {
			t.Error(diff)
		}
		if cap(b.Code) < 2*len(b.Code) || &a.Code[0] == &b.Code[0] || len(a.FunctionPrototypes) != len(b.FunctionPrototypes) {
			t.Fatalf("line %d: no room of its own for %d hints, or %d functions inside, not %d", a.LineDefined, len(b.Code), len(b.FunctionPrototypes), len(a.FunctionPrototypes))
		}
		for i := range a.FunctionPrototypes {
			check(a.FunctionPrototypes[i], b.FunctionPrototypes[i])
		}
	}
	check(proto, syntax.Copy(proto))
}
