package cdata

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestString(t *testing.T) {
	tests := []struct {
		name string
		in   *lua.LUserData
		want string
	}{
		{"signed", NewInt64(-5), "-5LL"},
		{"unsigned", NewUint64(1<<64 - 1), "18446744073709551615ULL"},
		{"imaginary", NewComplex(complex(0, 1)), "0+1i"},
		{"complex", NewComplex(complex(1.5, -2)), "1.5-2i"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, ok := tt.in.Value.(interface{ String() string })
			if !ok || s.String() != tt.want {
				t.Errorf("got %v, want %s", tt.in.Value, tt.want)
			}
		})
	}
}

func TestDivide(t *testing.T) {
	const lowest = 1 << 63
	tests := []struct {
		name                string
		a, b                uint64
		unsigned, remainder bool
		want                uint64
	}{
		{"towards zero", ^uint64(6), 2, false, false, ^uint64(2)},
		{"remainder has the sign of the dividend", ^uint64(6), 3, false, true, ^uint64(0)},
		{"by zero", 5, 0, false, false, lowest},
		{"lowest by -1", lowest, ^uint64(0), false, false, lowest},
		{"unsigned", ^uint64(0), 2, true, false, 1<<63 - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := divide(tt.a, tt.b, tt.unsigned, tt.remainder); got != tt.want {
				t.Errorf("got %d, want %d", int64(got), int64(tt.want))
			}
		})
	}
}

func TestEqual(t *testing.T) {
	tests := []struct {
		name string
		a, b lua.LValue
		want bool
	}{
		{"same", NewInt64(1), NewInt64(1), true},
		{"signed and unsigned", NewInt64(1), NewUint64(1), true},
		{"number", NewInt64(1), lua.LNumber(1), true},
		{"other number", lua.LNumber(2), NewInt64(1), false},
		{"string", NewInt64(1), lua.LString("1"), false},
		{"complex and number", NewComplex(2), lua.LNumber(2), false},
		{"two complex", NewComplex(2), NewComplex(2), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Equal(tt.a, tt.b); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
