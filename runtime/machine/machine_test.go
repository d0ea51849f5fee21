package machine

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
)

func TestFormatNumber(t *testing.T) {
	tests := []struct {
		name string
		in   float64
		want string
	}{
		{"integer", 42, "42"},
		{"large integer", 99999999999999, "99999999999999"},
		{"larger integer", 1e14, "1e+14"},
		{"fraction", 0.1 + 0.2, "0.3"},
		{"fourteen digits", 1.0 / 3, "0.33333333333333"},
		{"tie goes up", 123456789012345, "1.2345678901235e+14"},
		{"negative zero", math.Copysign(0, -1), "-0"},
		{"infinity", math.Inf(-1), "-inf"},
		{"nan", math.NaN(), "nan"},
		{"smallest", 5e-324, "4.9406564584125e-324"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FormatNumber(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestSparse checks that a far integer key takes no array, and comes back when the array reaches it.
func TestSparse(t *testing.T) {
	tb := &lua.LTable{Metatable: lua.LNil}
	SetInt(tb, 1<<24, lua.LTrue)
	SetInt(tb, 200, lua.LTrue)
	if n := len(Array(tb)); n != 0 {
		t.Errorf("array of %d", n)
	}
	for i := 1; i < 200; i++ {
		SetInt(tb, i, lua.LNumber(i))
	}
	if n := tb.Len(); n != 200 {
		t.Errorf("length %d", n)
	}
	if v := GetInt(tb, 200); v != lua.LTrue {
		t.Errorf("element 200 is %v", v)
	}
	if v := GetInt(tb, 1<<24); v != lua.LTrue {
		t.Errorf("far element is %v", v)
	}
	if n := Count(tb); n != 201 {
		t.Errorf("%d elements", n)
	}
}

// TestForget checks that a table whose keys come and go does not grow.
func TestForget(t *testing.T) {
	tb := &lua.LTable{Metatable: lua.LNil}
	for i := range 100000 {
		key := lua.LString(FormatNumber(float64(i)))
		Set(tb, key, lua.LTrue)
		Set(tb, key, lua.LNil)
	}
	if n := len(tableOf(tb).keys); n > 2*gap {
		t.Errorf("%d keys are remembered", n)
	}
}

func TestNext(t *testing.T) {
	tb := &lua.LTable{Metatable: lua.LNil}
	want := map[lua.LValue]lua.LValue{}
	for _, k := range []lua.LValue{lua.LNumber(1), lua.LNumber(2), lua.LNumber(0.5), lua.LNumber(-1), lua.LString("a"), lua.LTrue, lua.LNumber(1e6)} {
		Set(tb, k, lua.LNumber(7))
		want[k] = lua.LNumber(7)
	}
	got := map[lua.LValue]lua.LValue{}
	for k := lua.LValue(lua.LNil); ; {
		next, v, ok := Next(tb, k)
		if !ok {
			t.Fatalf("key %v is not known", k)
		}
		if k = next; k == lua.LNil {
			break
		}
		got[k] = v
		Set(tb, k, lua.LNil) // allowed while traversing
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, _, ok := Next(tb, lua.LString("unknown")); ok {
		t.Error("an unknown key is taken")
	}
}

// benchmark runs a loop body in a plain gopher-lua state.
func benchmark(b *testing.B, body string) {
	L := lua.NewState()
	defer L.Close()
	proto, err := syntax.Compile("local t, n = {x = 1, 1, 2, 3}, ... for i = 1, n do "+body+" end", "=bench")
	if err != nil {
		b.Fatal(err)
	}
	fn := L.NewFunctionFromProto(proto)
	b.ReportAllocs()
	b.ResetTimer()
	if err := L.CallByParam(lua.P{Fn: fn, Protect: true}, lua.LNumber(b.N)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkArith(b *testing.B)  { benchmark(b, "local x = i * 2 + 1 - i % 7") }
func BenchmarkField(b *testing.B)  { benchmark(b, "t.x = t.x + 1") }
func BenchmarkIndex(b *testing.B)  { benchmark(b, "t[2] = t[1]") }
func BenchmarkConcat(b *testing.B) { benchmark(b, "local s = 'a' .. i .. 'b'") }
func BenchmarkCall(b *testing.B)   { benchmark(b, "local function f(a) return a end f(i)") }

// TestPairs checks that a traversal ends and finds every element, wherever the table keeps it.
func TestPairs(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	for _, c := range []struct {
		name string
		keys []lua.LValue
	}{
		{"nothing", nil},
		{"an integer outside of the array, which is not there", []lua.LValue{lua.LNumber(100)}},
		{"an integer behind the array", []lua.LValue{lua.LNumber(1), lua.LNumber(1000)}},
		{"all kinds", []lua.LValue{lua.LNumber(1), lua.LNumber(3), lua.LNumber(-1), lua.LNumber(1.5), lua.LString("x"), lua.LTrue}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb := L.NewTable()
			for _, k := range c.keys {
				Set(tb, k, lua.LTrue)
			}
			var got []lua.LValue
			for k, v := range Pairs(tb) {
				if v != lua.LTrue {
					t.Errorf("element %v is %v", k, v)
				}
				if got = append(got, k); len(got) > len(c.keys) {
					break
				}
			}
			if diff := cmp.Diff(c.keys, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
