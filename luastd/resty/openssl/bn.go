package openssl

import (
	"crypto/rand"
	"math/big"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
)

// bnBits bounds what an operation may make, so that no script asks for more than a machine has.
const bnBits = 1 << 17

const bnMeta = "moongate.openssl.bn" // in the registry

// pushBN pushes a number as an object of resty.openssl.bn.
func pushBN(L *lua.LState, n *big.Int) {
	if n.BitLen() > bnBits {
		codec.Raise(L, "bn: the result is too large")
	}
	meta, ok := L.G.Registry.RawGetString(bnMeta).(*lua.LTable)
	if !ok {
		_, meta = bnClass(L)
	}
	object(L, meta, n)
}

// bnAt is argument n: an object, a number or a string of decimal digits.
func bnAt(L *lua.LState, n int) *big.Int {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		x, _ := big.NewFloat(float64(v)).Int(nil)
		return x
	case lua.LString:
		if x, ok := new(big.Int).SetString(string(v), 10); ok {
			return x
		}
	default:
		if x, ok := isObject[*big.Int](v); ok {
			return x
		}
	}
	codec.Raise(L, "bn: expect a bn instance or a number")
	return nil
}

func bnNew(L *lua.LState) int {
	n := new(big.Int)
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
	case lua.LNumber:
		n, _ = big.NewFloat(float64(v)).Int(nil)
	case lua.LString:
		base := 10
		if b, ok := L.Get(2).(lua.LNumber); ok {
			base = int(b)
		}
		return bnParse(L, string(v), base)
	default:
		return refuse(L, "bn.new: expect nil, a number or a string at #1")
	}
	pushBN(L, n)
	return 1
}

func bnParse(L *lua.LState, s string, base int) int {
	if base == 2 { // OpenSSL's word for the bytes of a number
		pushBN(L, new(big.Int).SetBytes([]byte(s)))
		return 1
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok || (base != 10 && base != 16) {
		return refuse(L, "bn.new: %q is no number of base %d", s, base)
	}
	pushBN(L, n)
	return 1
}

func bnBinary(f func(z, a, b *big.Int)) lua.LGFunction {
	return func(L *lua.LState) int {
		z := new(big.Int)
		f(z, bnAt(L, 1), bnAt(L, 2))
		pushBN(L, z)
		return 1
	}
}

func bnModular(f func(z, a, b *big.Int)) lua.LGFunction {
	return func(L *lua.LState) int {
		m := bnAt(L, 3)
		if m.Sign() == 0 {
			codec.Raise(L, "bn: division by zero")
		}
		z := new(big.Int)
		f(z, bnAt(L, 1), bnAt(L, 2))
		pushBN(L, z.Mod(z, m))
		return 1
	}
}

func bnTest(f func(n *big.Int) bool) lua.LGFunction {
	return func(L *lua.LState) int { return give(L, lua.LBool(f(bnAt(L, 1)))) }
}

func bnDivision(f func(z, a, b *big.Int) *big.Int) lua.LGFunction {
	return func(L *lua.LState) int {
		b := bnAt(L, 2)
		if b.Sign() == 0 {
			codec.Raise(L, "bn: division by zero")
		}
		pushBN(L, f(new(big.Int), bnAt(L, 1), b))
		return 1
	}
}

// bnExp is a^b; its size is bounded before it is computed.
func bnExp(L *lua.LState) int {
	a, b := bnAt(L, 1), bnAt(L, 2)
	if b.Sign() < 0 || !b.IsInt64() || (a.BitLen() > 1 && b.Int64() > bnBits/int64(a.BitLen()-1)) {
		codec.Raise(L, "bn: the result is too large")
	}
	pushBN(L, new(big.Int).Exp(a, b, nil))
	return 1
}

func bnShift(left bool) lua.LGFunction {
	return func(L *lua.LState) int {
		n, ok := L.Get(2).(lua.LNumber)
		if !ok || n < 0 || n > bnBits {
			codec.Raise(L, "bn: expect a number of bits at #2")
		}
		z := new(big.Int)
		if left {
			z.Lsh(bnAt(L, 1), uint(n))
		} else {
			z.Rsh(bnAt(L, 1), uint(n))
		}
		pushBN(L, z)
		return 1
	}
}

// bnBinaryText is s, err = n:to_binary(padto?).
func bnBinaryText(L *lua.LState) int {
	n := bnAt(L, 1)
	size := (n.BitLen() + 7) / 8
	if p, ok := L.Get(2).(lua.LNumber); ok {
		if int(p) < size || p > bnBits {
			return refuse(L, "bn:to_binary: the number takes %d bytes", size)
		}
		size = int(p)
	}
	return give(L, lua.LString(new(big.Int).Abs(n).FillBytes(make([]byte, size))))
}

func bnNumber(L *lua.LState) int {
	f, _ := new(big.Float).SetInt(bnAt(L, 1)).Float64()
	return give(L, lua.LNumber(f))
}

func bnHex(L *lua.LState) int {
	s := strings.ToUpper(bnAt(L, 1).Text(16))
	if len(s)%2 != 0 {
		s = "0" + s
	}
	return give(L, lua.LString(s))
}

func bnDecimal(L *lua.LState) int { return give(L, lua.LString(bnAt(L, 1).String())) }

func bnClass(L *lua.LState) (module, meta *lua.LTable) {
	add := bnBinary(func(z, a, b *big.Int) { z.Add(a, b) })
	sub := bnBinary(func(z, a, b *big.Int) { z.Sub(a, b) })
	mul := bnBinary(func(z, a, b *big.Int) { z.Mul(a, b) })
	div, mod := bnDivision((*big.Int).Quo), bnDivision((*big.Int).Mod)
	module, meta = class(L, map[string]lua.LGFunction{
		"new": bnNew, "add": add, "sub": sub, "mul": mul, "div": div, "mod": mod, "exp": bnExp, "pow": bnExp,
		"gcd":     bnBinary(func(z, a, b *big.Int) { z.GCD(nil, nil, new(big.Int).Abs(a), new(big.Int).Abs(b)) }),
		"sqr":     func(L *lua.LState) int { a := bnAt(L, 1); pushBN(L, new(big.Int).Mul(a, a)); return 1 },
		"mod_add": bnModular(func(z, a, b *big.Int) { z.Add(a, b) }),
		"mod_sub": bnModular(func(z, a, b *big.Int) { z.Sub(a, b) }),
		"mod_mul": bnModular(func(z, a, b *big.Int) { z.Mul(a, b) }),
		"mod_exp": func(L *lua.LState) int {
			m := bnAt(L, 3)
			if m.Sign() == 0 {
				codec.Raise(L, "bn: division by zero")
			}
			z := new(big.Int).Exp(bnAt(L, 1), bnAt(L, 2), m)
			if z == nil {
				codec.Raise(L, "bn: no inverse")
			}
			pushBN(L, z)
			return 1
		},
		"lshift": bnShift(true), "rshift": bnShift(false),
		"is_zero": bnTest(func(n *big.Int) bool { return n.Sign() == 0 }),
		"is_one":  bnTest(func(n *big.Int) bool { return n.IsInt64() && n.Int64() == 1 }),
		"is_odd":  bnTest(func(n *big.Int) bool { return n.Bit(0) == 1 }),
		"is_word": func(L *lua.LState) int { return give(L, lua.LBool(bnAt(L, 1).Cmp(bnAt(L, 2)) == 0)) },
		"is_prime": bnTest(func(n *big.Int) bool {
			return n.BitLen() <= 8192 && n.ProbablyPrime(20)
		}),
		"to_binary": bnBinaryText, "to_number": bnNumber, "tonumber": bnNumber, "to_hex": bnHex, "tostring": bnDecimal, "to_dec": bnDecimal,
		"from_binary": func(L *lua.LState) int { return bnParse(L, text(L, 1, "from_binary"), 2) },
		"from_hex":    func(L *lua.LState) int { return bnParse(L, text(L, 1, "from_hex"), 16) },
		"from_dec":    func(L *lua.LState) int { return bnParse(L, text(L, 1, "from_dec"), 10) },
		// n, err = bn.generate_prime(bits)
		"generate_prime": func(L *lua.LState) int {
			bits, ok := L.Get(1).(lua.LNumber)
			if !ok || bits < 2 || bits > 4096 {
				return refuse(L, "bn.generate_prime: expect a number of bits at #1")
			}
			n, err := rand.Prime(rand.Reader, int(bits))
			if err != nil {
				return refuse(L, "bn.generate_prime: %v", err)
			}
			pushBN(L, n)
			return 1
		},
	})
	L.SetFuncs(meta, map[string]lua.LGFunction{
		"__add": add, "__sub": sub, "__mul": mul, "__div": div, "__mod": mod, "__pow": bnExp, "__tostring": bnDecimal,
		"__unm": func(L *lua.LState) int { pushBN(L, new(big.Int).Neg(bnAt(L, 1))); return 1 },
		"__eq":  func(L *lua.LState) int { return give(L, lua.LBool(bnAt(L, 1).Cmp(bnAt(L, 2)) == 0)) },
		"__lt":  func(L *lua.LState) int { return give(L, lua.LBool(bnAt(L, 1).Cmp(bnAt(L, 2)) < 0)) },
		"__le":  func(L *lua.LState) int { return give(L, lua.LBool(bnAt(L, 1).Cmp(bnAt(L, 2)) <= 0)) },
	})
	L.G.Registry.RawSetString(bnMeta, meta)
	return module, meta
}

func loadBN(L *lua.LState) int {
	module, _ := bnClass(L)
	return give(L, module)
}
