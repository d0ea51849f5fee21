// Package bit is LuaJIT's module bit: Lua BitOp's functions on 32-bit integers, and on 64-bit ones where an operand is a boxed
// integer (1LL, 1ULL).
package bit

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// Open installs the table bit into the globals of L's VM and into package.loaded.
func Open(L *lua.LState) {
	t := L.CreateTable(0, 12)
	for name, fn := range map[string]lua.LGFunction{
		"tobit": tobit, "tohex": tohex, "bnot": bnot, "bswap": bswap,
		"band":   func(L *lua.LState) int { return fold(L, func(a, b uint64) uint64 { return a & b }) },
		"bor":    func(L *lua.LState) int { return fold(L, func(a, b uint64) uint64 { return a | b }) },
		"bxor":   func(L *lua.LState) int { return fold(L, func(a, b uint64) uint64 { return a ^ b }) },
		"lshift": shift(lshift), "rshift": shift(rshift), "arshift": shift(arshift), "rol": shift(rol), "ror": shift(ror),
	} {
		t.RawSetString(name, L.NewFunction(fn))
	}
	L.G.Global.RawSetString("bit", t)
	if loaded, ok := L.G.Registry.RawGetString("_LOADED").(*lua.LTable); ok {
		loaded.RawSetString("bit", t)
	}
}

// width is what an operation works on: 32 bits, or 64 with or without sign.
type width uint8

const (
	plain width = iota
	signed
	unsigned
)

// operand is argument n as bits; numbers wrap around to 32 bits.
func operand(L *lua.LState, n int) (uint64, width) {
	v := L.Get(n)
	if b, u, ok := cdata.Integer(v); ok {
		if u {
			return b, unsigned
		}
		return b, signed
	}
	if c, ok := cdata.ComplexOf(v); ok {
		return cdata.Truncate(real(c)), signed
	}
	f, ok := machine.ToNumber(v)
	if !ok {
		if ud, isUserdata := v.(*lua.LUserData); isUserdata {
			if c, isC := ud.Value.(interface{ CName() string }); isC {
				machine.ArgError(L, n, "cannot convert '"+c.CName()+"' to 'int64_t'")
			}
		}
		machine.TypeError(L, n, "number")
	}
	return wrap(f), plain
}

// wrap rounds a number to the nearest integer, halves to even, and takes its low 32 bits with sign: what BitOp calls normalised. From
// 2^51 on the outcome is arbitrary, but the same as LuaJIT's.
func wrap(f float64) uint64 {
	if i := int32(f); float64(i) == f {
		return uint64(i)
	}
	// The sum has the integer in the low bits of its mantissa.
	return uint64(int32(math.Float64bits(f + 3<<51)))
}

func push(L *lua.LState, v uint64, w width) int {
	switch w {
	case plain:
		L.Push(machine.Number(L, float64(int32(v))))
	case signed:
		L.Push(cdata.NewInt64(int64(v)))
	case unsigned:
		L.Push(cdata.NewUint64(v))
	}
	return 1
}

// n = bit.tobit(x)
func tobit(L *lua.LState) int {
	v, _ := operand(L, 1)
	return push(L, v, plain)
}

// n = bit.bnot(x)
func bnot(L *lua.LState) int {
	v, w := operand(L, 1)
	return push(L, ^v, w)
}

// n = bit.bswap(x)
func bswap(L *lua.LState) int {
	v, w := operand(L, 1)
	if w == plain {
		return push(L, uint64(bits.ReverseBytes32(uint32(v))), w)
	}
	return push(L, bits.ReverseBytes64(v), w)
}

// n = bit.band(x, ...), bit.bor, bit.bxor
func fold(L *lua.LState, op func(a, b uint64) uint64) int {
	n := L.GetTop()
	r, w := operand(L, 1)
	for i := 2; i <= n; i++ {
		v, wi := operand(L, i)
		r, w = op(r, v), max(w, wi)
	}
	if w == plain {
		return push(L, r, w)
	}
	// Beside a boxed integer, numbers are converted to 64 bits, as C does it.
	for i := 1; i <= n; i++ {
		v, wi := operand(L, i)
		if wi == plain {
			f, _ := machine.ToNumber(L.Get(i))
			v = cdata.FromFloat(f)
		}
		if i == 1 {
			r = v
		} else {
			r = op(r, v)
		}
	}
	return push(L, r, w)
}

// shift makes a function of a value and a number of bits, of which only the low 5 (or 6) count.
func shift(op func(v uint64, n uint, w width) uint64) lua.LGFunction {
	return func(L *lua.LState) int {
		v, w := operand(L, 1)
		n, _ := operand(L, 2)
		mask := uint64(31)
		if w != plain {
			mask = 63
		}
		return push(L, op(v, uint(n&mask), w), w)
	}
}

func lshift(v uint64, n uint, _ width) uint64 { return v << n }

func rshift(v uint64, n uint, w width) uint64 {
	if w == plain {
		return uint64(uint32(v) >> n)
	}
	return v >> n
}

func arshift(v uint64, n uint, w width) uint64 {
	if w == plain {
		return uint64(int32(v) >> n)
	}
	return uint64(int64(v) >> n)
}

func rol(v uint64, n uint, w width) uint64 {
	if w == plain {
		return uint64(bits.RotateLeft32(uint32(v), int(n)))
	}
	return bits.RotateLeft64(v, int(n))
}

func ror(v uint64, n uint, w width) uint64 {
	if w == plain {
		return uint64(bits.RotateLeft32(uint32(v), -int(n)))
	}
	return bits.RotateLeft64(v, -int(n))
}

// s = bit.tohex(x [, n])
func tohex(L *lua.LState) int {
	v, w := operand(L, 1)
	n := 8
	if w != plain {
		n = 16
	}
	if L.GetTop() >= 2 {
		d, _ := operand(L, 2)
		n = int(int32(d))
	}
	digits := "0123456789abcdef"
	if n < 0 {
		n, digits = -n, "0123456789ABCDEF"
	}
	if n < 0 || n > 254 {
		n = 254
	}
	if w == plain {
		v = uint64(uint32(v))
	}
	out := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		out[i] = digits[v&15]
		v >>= 4
	}
	L.Push(lua.LString(out))
	return 1
}
