package regex

import (
	"slices"
	"sort"
	"unicode"
)

// runeRange is the code points from lo to hi, both included.
type runeRange struct{ lo, hi rune }

// rangeSet is a set of code points, in any order and overlapping until normalize is called.
type rangeSet []runeRange

func (s *rangeSet) add(lo, hi rune) { *s = append(*s, runeRange{lo, hi}) }

func (s *rangeSet) addSet(o rangeSet) { *s = append(*s, o...) }

func (s *rangeSet) addTable(t *unicode.RangeTable) {
	for _, r := range t.R16 {
		s.addStride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		s.addStride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
}

func (s *rangeSet) addStride(lo, hi, stride rune) {
	if stride == 1 {
		s.add(lo, hi)
		return
	}
	for r := lo; r <= hi; r += stride {
		s.add(r, r)
	}
}

// normalize returns s sorted and merged.
func (s rangeSet) normalize() rangeSet {
	if len(s) < 2 {
		return s
	}
	s = slices.Clone(s)
	slices.SortFunc(s, func(a, b runeRange) int { return int(a.lo - b.lo) })
	out := s[:1]
	for _, r := range s[1:] {
		last := &out[len(out)-1]
		if r.lo > last.hi+1 {
			out = append(out, r)
		} else if r.hi > last.hi {
			last.hi = r.hi
		}
	}
	return out
}

// negate returns what is not in s, of all code points.
func (s rangeSet) negate() rangeSet {
	var out rangeSet
	next := rune(0)
	for _, r := range s.normalize() {
		if r.lo > next {
			out.add(next, r.lo-1)
		}
		next = r.hi + 1
	}
	if next <= unicode.MaxRune {
		out.add(next, unicode.MaxRune)
	}
	return out
}

// lastCased bounds the code points that have another case.
const lastCased = 0x1e943

// foldCase returns s and the other cases of its members: ASCII letters only, unless full is set.
func (s rangeSet) foldCase(full bool) rangeSet {
	s = s.normalize()
	out := slices.Clone(s)
	for _, r := range s {
		for c := max(r.lo, 'A'); c <= min(r.hi, 'z'); c++ {
			if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
				out.add(c^0x20, c^0x20)
			}
		}
		if !full {
			continue
		}
		for c := max(r.lo, 'A'); c <= min(r.hi, lastCased); c++ {
			for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
				out.add(f, f)
			}
		}
	}
	return out.normalize()
}

// charset is a finished set of characters. Its fields are read only.
type charset struct {
	bytes  [256]bool // what a byte decides: every byte, or in UTF mode the ASCII ones
	high   highKind
	ranges rangeSet  // UTF mode: the members from 0x80 on
	lead   [256]bool // UTF mode: first bytes of members, ASCII ones included
}

// highKind says which characters beyond ASCII a set of UTF mode has.
type highKind uint8

const (
	highNone highKind = iota // none, so that the set is one of bytes; always so outside of UTF mode
	highAll
	highSome
)

// newCharset finishes a set.
func newCharset(s rangeSet, utf bool) *charset {
	s = s.normalize()
	cs := &charset{}
	limit := rune(0xff)
	if utf {
		limit = 0x7f
	}
	for _, r := range s {
		for c := r.lo; c <= min(r.hi, limit); c++ {
			cs.bytes[c] = true
		}
		if utf && r.hi >= 0x80 {
			cs.ranges.add(max(r.lo, 0x80), r.hi)
		}
	}
	cs.lead = cs.bytes
	if len(cs.ranges) == 0 {
		return cs
	}
	cs.high = highSome
	if coversHigh(cs.ranges) {
		cs.high = highAll
	}
	for _, r := range cs.ranges {
		for b := leadByte(r.lo); b <= leadByte(r.hi); b++ {
			cs.lead[b] = true
		}
	}
	return cs
}

// coversHigh tells whether normalized ranges hold every character from 0x80 on; surrogates are none.
func coversHigh(s rangeSet) bool {
	next := rune(0x80)
	for _, r := range s {
		if r.lo > next && (next != 0xd800 || r.lo > 0xe000) {
			return false
		}
		next = r.hi + 1
	}
	return next > unicode.MaxRune
}

// leadByte returns the first byte of r's UTF-8 form, r being 0x80 or more.
func leadByte(r rune) int {
	switch {
	case r < 0x800:
		return 0xc0 | int(r>>6)
	case r < 0x10000:
		return 0xe0 | int(r>>12)
	}
	return 0xf0 | int(r>>18)
}

// hasHigh tells whether r, 0x80 or more, is a member.
func (cs *charset) hasHigh(r rune) bool {
	if cs.high != highSome {
		return cs.high == highAll
	}
	s := cs.ranges
	i := sort.Search(len(s), func(i int) bool { return s[i].hi >= r })
	return i < len(s) && s[i].lo <= r
}

// single returns the set's only member, or -1.
func (s rangeSet) single() rune {
	s = s.normalize()
	if len(s) == 1 && s[0].lo == s[0].hi {
		return s[0].lo
	}
	return -1
}
