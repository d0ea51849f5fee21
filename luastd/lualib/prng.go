package lualib

import "math"

// prng is the generator of LuaJIT's math.random: four combined Tausworthe generators with a period of 2^223, after P. L'Ecuyer,
// "Tables of maximally equidistributed combined LFSR generators". Equal seeds give equal sequences on both.
type prng [4]uint64

// tausworthe holds the parameters k, q and s of each generator.
var tausworthe = [4]struct{ k, q, s uint }{{63, 31, 18}, {58, 19, 28}, {55, 24, 7}, {47, 21, 8}}

func (p *prng) next() (r uint64) {
	for i, t := range tausworthe {
		z := p[i]
		z = ((z<<t.q)^z)>>(t.k-t.s) ^ (z&(math.MaxUint64<<(64-t.k)))<<t.s
		p[i] = z
		r ^= z
	}
	return r
}

// float is a number of 52 random bits, at least 0 and below 1.
func (p *prng) float() float64 {
	return math.Float64frombits(p.next()&(1<<52-1)|0x3ff<<52) - 1
}

func (p *prng) seed(d float64) {
	for i, t := range tausworthe {
		d = float64(d*math.Pi) + math.E
		u := math.Float64bits(d)
		// The generator works only if the upper bits are not all zero.
		if low := uint64(1) << (64 - t.k); u < low {
			u += low
		}
		p[i] = u
	}
	for range 10 {
		p.next()
	}
}
