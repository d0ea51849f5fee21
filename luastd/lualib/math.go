package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

func (l *library) openMath(L *lua.LState) {
	t := L.CreateTable(0, 32)
	for name, fn := range map[string]func(float64) float64{
		"abs": math.Abs, "floor": math.Floor, "ceil": math.Ceil, "sqrt": math.Sqrt, "log10": math.Log10, "exp": math.Exp,
		"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "asin": math.Asin, "acos": math.Acos, "atan": math.Atan,
		"sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh,
	} {
		t.RawSetString(name, machine.NewQuick(L, func(L *lua.LState) int { return pushNumber(L, fn(checkNumber(L, 1))) }, quickMath(fn)))
	}
	for name, fn := range map[string]func(x, y float64) float64{
		"atan2": math.Atan2, "pow": math.Pow, "fmod": math.Mod,
	} {
		t.RawSetString(name, L.NewFunction(func(L *lua.LState) int {
			x := checkNumber(L, 1)
			return pushNumber(L, fn(x, checkNumber(L, 2)))
		}))
	}
	fill(L, t, map[string]lua.LGFunction{
		"log": mathLog, "frexp": mathFrexp, "ldexp": mathLdexp, "modf": mathModf, "max": mathMax, "min": mathMin,
		"deg": angle("deg", 180/math.Pi), "rad": angle("rad", math.Pi/180),
		"random": l.mathRandom, "randomseed": l.mathRandomSeed,
	})
	hasten(L, t, map[string]machine.Quick{
		"max": quickBest(func(r, v float64) bool { return r > v }), "min": quickBest(func(r, v float64) bool { return r < v }),
	})
	t.RawSetString("pi", lua.LNumber(math.Pi))
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	l.random.seed(0)
	l.provide("math", t)
}

// y = math.log(x [, base])
func mathLog(L *lua.LState) int {
	x := checkNumber(L, 1)
	if L.GetTop() < 2 {
		return pushNumber(L, math.Log(x))
	}
	// LuaJIT divides logarithms to base 2.
	return pushNumber(L, log2(x)*(1/log2(checkNumber(L, 2))))
}

// angle is y = math.deg(x) or y = math.rad(x), which LuaJIT has in Lua.
func angle(name string, factor float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x, ok := machine.ToNumber(L.Get(1))
		if !ok {
			machine.Throw(L, lua.LString("[builtin:"+name+"]:0: attempt to perform arithmetic on a "+machine.TypeName(L.Get(1))+" value"))
		}
		return pushNumber(L, x*factor)
	}
}

// m, e = math.frexp(x)
func mathFrexp(L *lua.LState) int {
	m, e := math.Frexp(checkNumber(L, 1))
	pushNumber(L, m)
	return 1 + pushNumber(L, float64(e))
}

// x = math.ldexp(m, e)
func mathLdexp(L *lua.LState) int {
	return pushNumber(L, math.Ldexp(checkNumber(L, 1), checkInt(L, 2)))
}

// i, f = math.modf(x)
func mathModf(L *lua.LState) int {
	x := checkNumber(L, 1)
	i, f := math.Trunc(x), 0.0
	if math.IsInf(x, 0) {
		f = math.Copysign(0, x)
	} else {
		f = math.Copysign(x-i, x)
	}
	pushNumber(L, i)
	return 1 + pushNumber(L, f)
}

// x = math.max(x, ...)
//
// The later of two that are equal wins, and of a nan and a number: as the processor's instruction has it.
func mathMax(L *lua.LState) int {
	r := checkNumber(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if v := checkNumber(L, i); !(r > v) {
			r = v
		}
	}
	return pushNumber(L, r)
}

// x = math.min(x, ...)
func mathMin(L *lua.LState) int {
	r := checkNumber(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if v := checkNumber(L, i); !(r < v) {
			r = v
		}
	}
	return pushNumber(L, r)
}

// x = math.random([m [, n]])
func (l *library) mathRandom(L *lua.LState) int {
	d := l.random.float()
	switch L.GetTop() {
	case 0:
		return pushNumber(L, d)
	case 1:
		return pushNumber(L, math.Floor(d*checkNumber(L, 1))+1)
	}
	m, n := checkNumber(L, 1), checkNumber(L, 2)
	return pushNumber(L, math.Floor(d*(n-m+1))+m)
}

// math.randomseed(x)
func (l *library) mathRandomSeed(L *lua.LState) int {
	l.random.seed(checkNumber(L, 1))
	return 0
}
