package regex

import (
	"unicode"
	"unicode/utf8"
)

const zwj = 0x200d

// grapheme returns the length of the extended grapheme cluster that s, which is not empty, begins with. It follows the rules of
// UAX #29 as far as Go's Unicode tables tell: marks extend, Hangul syllables, flags and emoji sequences stay together.
func grapheme(s string, utf bool) int {
	if !utf {
		if len(s) > 1 && s[0] == '\r' && s[1] == '\n' {
			return 2
		}
		return 1
	}
	prev, n := utf8.DecodeRuneInString(s)
	pictograph := isPictograph(prev)
	flags := boolInt(isRegional(prev))
	for n < len(s) {
		r, l := utf8.DecodeRuneInString(s[n:])
		switch {
		case prev == '\r' && r == '\n':
			return n + l
		case isBreak(prev), isBreak(r):
			return n
		case isExtend(r):
		case hangulJoins(prev, r):
		case isRegional(prev) && isRegional(r) && flags%2 == 1:
			flags++
		case prev == zwj && pictograph && isPictograph(r):
		default:
			return n
		}
		if !isExtend(r) {
			pictograph = isPictograph(r)
		}
		prev = r
		n += l
	}
	return n
}

// isBreak tells controls, beside which a cluster always ends.
func isBreak(r rune) bool {
	return r != zwj && r != 0x200c && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) && !(0xe0020 <= r && r <= 0xe007f) &&
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// isExtend tells what continues a cluster.
func isExtend(r rune) bool {
	return r == zwj || r == 0x200c || 0x1f3fb <= r && r <= 0x1f3ff || 0xe0020 <= r && r <= 0xe007f || unicode.In(r, unicode.M, unicode.Other_Grapheme_Extend)
}

func isRegional(r rune) bool { return 0x1f1e6 <= r && r <= 0x1f1ff }

func isPictograph(r rune) bool {
	return r == 0xa9 || r == 0xae || 0x203c <= r && r <= 0x3299 && unicode.Is(unicode.So, r) || 0x1f000 <= r && r <= 0x1faff && !isRegional(r) && (r < 0x1f3fb || r > 0x1f3ff)
}

// hangulJoins tells whether two jamo or syllables belong to one block.
func hangulJoins(a, b rune) bool {
	const (
		none = iota
		lead
		vowel
		trail
		lv
		lvt
	)
	typ := func(r rune) int {
		switch {
		case 0x1100 <= r && r <= 0x115f, 0xa960 <= r && r <= 0xa97c:
			return lead
		case 0x1160 <= r && r <= 0x11a7, 0xd7b0 <= r && r <= 0xd7c6:
			return vowel
		case 0x11a8 <= r && r <= 0x11ff, 0xd7cb <= r && r <= 0xd7fb:
			return trail
		case 0xac00 <= r && r <= 0xd7a3:
			if (r-0xac00)%28 == 0 {
				return lv
			}
			return lvt
		}
		return none
	}
	x, y := typ(a), typ(b)
	switch x {
	case lead:
		return y == lead || y == vowel || y == lv || y == lvt
	case lv, vowel:
		return y == vowel || y == trail
	case lvt, trail:
		return y == trail
	}
	return false
}
