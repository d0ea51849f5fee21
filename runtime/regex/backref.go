package regex

import "unicode/utf8"

func anySet(groups []int32, slots []int32) bool {
	for _, g := range groups {
		if slots[2*g+1] >= 0 {
			return true
		}
	}
	return false
}

// equalFoldASCII tells whether s is lower, which is lower case, but for the case of ASCII letters. They have the same length.
func equalFoldASCII(s, lower string) bool {
	for i := range len(lower) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// stepBack returns the offset n characters before pos, or -1.
func stepBack(s string, pos, n int) int {
	for ; n > 0; n-- {
		if pos == 0 {
			return -1
		}
		pos--
		for pos > 0 && s[pos]&0xc0 == 0x80 {
			pos--
		}
	}
	return pos
}

// backref returns the offset after what a back-reference matches at pos, or -1, and how many bytes it may have looked at.
func (p *program) backref(in *inst, s string, pos int, slots []int32) (after, cost int) {
	for _, g := range in.refs {
		from, to := int(slots[2*g]), int(slots[2*g+1])
		if to < 0 {
			continue
		}
		if in.op == opBackref {
			n := to - from
			if n < 0 || len(s)-pos < n {
				return -1, 0
			}
			if s[pos:pos+n] == s[from:to] {
				return pos + n, n
			}
			return -1, n
		}
		for from < to {
			if pos >= len(s) {
				return -1, cost
			}
			a, b, na, nb := rune(s[from]), rune(s[pos]), 1, 1
			if p.utf {
				a, na = utf8.DecodeRuneInString(s[from:])
				b, nb = utf8.DecodeRuneInString(s[pos:])
				if !sameFold(a, b) {
					return -1, cost
				}
			} else if lowerASCII(a) != lowerASCII(b) {
				return -1, cost
			}
			from += na
			pos += nb
			cost += 8 * na
		}
		return pos, cost
	}
	if p.jsUnset {
		return pos, 0
	}
	return -1, 0
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r | 0x20
	}
	return r
}
