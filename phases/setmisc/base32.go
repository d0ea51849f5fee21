package setmisc

import (
	"strings"

	"moongate/phases"
)

// base32 encodes with a location's alphabet and padding.
type base32 struct {
	alphabet string
	digits   [256]int8
	padding  bool
}

// usual is what locations have that say nothing else.
var usual = newBase32("0123456789abcdefghijklmnopqrstuv", true)

func newBase32(alphabet string, padding bool) *base32 {
	b := &base32{alphabet: alphabet, padding: padding}
	for i := range b.digits {
		b.digits[i] = -1
	}
	for i := range len(alphabet) {
		b.digits[alphabet[i]] = int8(i)
	}
	return b
}

func base32Of(r *phases.Request) *base32 { return phases.LocationOf[location](r.Loc, module).codec }

func (b *base32) encode(s string) string {
	out := make([]byte, 0, (len(s)+4)/5*8)
	acc, bits := uint(0), 0
	for i := range len(s) {
		acc, bits = acc<<8|uint(s[i]), bits+8
		for bits >= 5 {
			bits -= 5
			out = append(out, b.alphabet[acc>>bits&31])
		}
	}
	if bits > 0 {
		out = append(out, b.alphabet[acc<<(5-bits)&31])
	}
	for b.padding && len(out)%8 != 0 {
		out = append(out, '=')
	}
	return string(out)
}

// decode gives nothing for what is no base32.
func (b *base32) decode(s string) string {
	if i := strings.IndexByte(s, '='); i >= 0 {
		s = s[:i]
	}
	switch len(s) % 8 {
	case 1, 3, 6:
		return ""
	}
	out := make([]byte, 0, len(s)*5/8)
	acc, bits := uint(0), 0
	for i := range len(s) {
		d := b.digits[s[i]]
		if d < 0 {
			return ""
		}
		acc, bits = acc<<5|uint(d), bits+5
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	return string(out)
}
