package lualib

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestCaseOfEveryByte compares string.upper and string.lower with a plain loop, at all offsets of eight bytes.
func TestCaseOfEveryByte(t *testing.T) {
	var all strings.Builder
	for c := range 256 {
		all.WriteByte(byte(c))
	}
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	for cut := range 17 {
		s := all.String()[cut:]
		for _, c := range []struct {
			name        string
			f           lua.LGFunction
			first, last byte
		}{{"upper", stringUpper, 'a', 'z'}, {"lower", stringLower, 'A', 'Z'}} {
			want := []byte(s)
			for i, b := range want {
				if b >= c.first && b <= c.last {
					want[i] ^= 0x20
				}
			}
			L.SetTop(0)
			L.SetTop(0)
			if err := L.CallByParam(lua.P{Fn: L.NewFunction(c.f), NRet: 1, Protect: true}, lua.LString(s)); err != nil {
				t.Fatal(err)
			}
			if got := lua.LVAsString(L.Get(-1)); got != string(want) {
				t.Errorf("%s from byte %d on: %q, want %q", c.name, cut, got, want)
			}
		}
	}
}
