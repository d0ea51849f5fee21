package lualib

import "math"

// log2 is the logarithm to base 2, correctly rounded but for rare cases, as C's is. Go's loses the last bit or two, and scripts
// round the quotient of two of them.
func log2(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return math.Log2(x)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	if m == 1 {
		return float64(e)
	}
	// log(m) is 2*artanh(s), where s = (m-1)/(m+1): a series of odd powers.
	s := doubled{m - 1, 0}.over(sumOf(m, 1))
	square := s.times(s)
	const terms = 24
	sum := doubled{}
	for n := 2*terms + 1; n > 0; n -= 2 {
		sum = sum.times(square).plus(doubled{1, 0}.over(doubled{float64(n), 0}))
	}
	// 2/log(2).
	r := sum.times(s).times(doubled{2.8853900817779268, 4.0710547481862066e-17})
	r = r.plus(doubled{float64(e), 0})
	return r.high + r.low
}

// doubled is a number of twice the precision: the sum of its parts, of which low is at most half of high's last bit.
type doubled struct{ high, low float64 }

func sumOf(a, b float64) doubled {
	s := a + b
	t := s - a
	return doubled{s, (a - (s - t)) + (b - t)}
}

func (a doubled) plus(b doubled) doubled {
	s := sumOf(a.high, b.high)
	return sumOf(s.high, s.low+a.low+b.low)
}

func (a doubled) times(b doubled) doubled {
	p := a.high * b.high
	return sumOf(p, math.FMA(a.high, b.high, -p)+a.high*b.low+a.low*b.high)
}

func (a doubled) over(b doubled) doubled {
	q := a.high / b.high
	rest := math.FMA(-q, b.high, a.high) + a.low - q*b.low
	return sumOf(q, rest/b.high)
}
