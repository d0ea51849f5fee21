package regex

import (
	"strings"
	"sync"
	"unicode"
)

var (
	digitSet = rangeSet{{'0', '9'}}
	wordSet  = rangeSet{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	spaceSet = rangeSet{{'\t', '\r'}, {' ', ' '}}
	horizSet = rangeSet{{'\t', '\t'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200a},
		{0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}}
	vertSet = rangeSet{{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}}
)

// posixSets are the POSIX classes in the C locale.
var posixSets = map[string]rangeSet{
	"alpha":  {{'A', 'Z'}, {'a', 'z'}},
	"lower":  {{'a', 'z'}},
	"upper":  {{'A', 'Z'}},
	"alnum":  {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}},
	"ascii":  {{0, 0x7f}},
	"blank":  {{'\t', '\t'}, {' ', ' '}},
	"cntrl":  {{0, 0x1f}, {0x7f, 0x7f}},
	"digit":  digitSet,
	"graph":  {{0x21, 0x7e}},
	"print":  {{0x20, 0x7e}},
	"punct":  {{0x21, 0x2f}, {0x3a, 0x40}, {0x5b, 0x60}, {0x7b, 0x7e}},
	"space":  spaceSet,
	"word":   wordSet,
	"xdigit": {{'0', '9'}, {'A', 'F'}, {'a', 'f'}},
}

// tables returns the union of Unicode range tables.
func tables(ts ...*unicode.RangeTable) rangeSet {
	var s rangeSet
	for _, t := range ts {
		s.addTable(t)
	}
	return s.normalize()
}

var (
	ucpDigit = sync.OnceValue(func() rangeSet { return tables(unicode.Nd) })
	ucpAlnum = sync.OnceValue(func() rangeSet { return tables(unicode.L, unicode.N) })
	ucpWord  = sync.OnceValue(func() rangeSet { return append(rangeSet{{'_', '_'}}, ucpAlnum()...).normalize() })
	ucpSpace = sync.OnceValue(func() rangeSet {
		s := tables(unicode.Z)
		s.addSet(horizSet)
		s.addSet(vertSet)
		return s.normalize()
	})
	unassigned = sync.OnceValue(func() rangeSet {
		return tables(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs).negate()
	})
	ucpGraph = sync.OnceValue(func() rangeSet {
		not := tables(unicode.Z, unicode.Cc, unicode.Cs)
		not.addSet(unassigned())
		// Format characters are visible but for these, which PCRE takes for invisible.
		not.add(0x61c, 0x61c)
		not.add(0x180e, 0x180e)
		not.add(0x2066, 0x2069)
		return not.negate()
	})
	ucpPrint = sync.OnceValue(func() rangeSet {
		not := tables(unicode.Zl, unicode.Zp, unicode.Cc, unicode.Cs)
		not.addSet(unassigned())
		not.add(0x61c, 0x61c)
		not.add(0x180e, 0x180e)
		not.add(0x2066, 0x2069)
		return not.negate()
	})
	ucpPunct = sync.OnceValue(func() rangeSet {
		s := tables(unicode.P)
		for _, r := range posixSets["punct"] {
			s.addSet(rangeSet{r})
		}
		return s.normalize()
	})
)

// ucpPosix returns the Unicode meaning of a POSIX class, where it has one that differs.
func ucpPosix(name string) (rangeSet, bool) {
	switch name {
	case "alpha":
		return tables(unicode.L), true
	case "lower":
		return tables(unicode.Ll), true
	case "upper":
		return tables(unicode.Lu), true
	case "alnum":
		return ucpAlnum(), true
	case "digit":
		return ucpDigit(), true
	case "space":
		return ucpSpace(), true
	case "blank":
		return horizSet, true
	case "word":
		return ucpWord(), true
	case "cntrl":
		return tables(unicode.Cc), true
	case "graph":
		return ucpGraph(), true
	case "print":
		return ucpPrint(), true
	case "punct":
		return ucpPunct(), true
	}
	return nil, false
}

// looseName strips what Unicode says does not count in a property's name.
func looseName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '_' || r == '\t':
			return -1
		case 'A' <= r && r <= 'Z':
			return r + 0x20
		}
		return r
	}, s)
}

// propertyTables maps loose names of general categories, scripts and binary properties to their tables.
var propertyTables = sync.OnceValue(func() map[string]*unicode.RangeTable {
	m := map[string]*unicode.RangeTable{}
	for n, t := range unicode.Properties {
		m[looseName(n)] = t
	}
	for n, t := range unicode.Scripts {
		m[looseName(n)] = t
	}
	for n, t := range unicode.Categories {
		if n != "Cn" && n != "C" {
			m[looseName(n)] = t
		}
	}
	return m
})

// property returns the set of a name after \p.
func property(name string) (rangeSet, bool) {
	name = looseName(name)
	for _, key := range []string{"script=", "script:", "sc=", "sc:", "scriptextensions=", "scriptextensions:", "scx=", "scx:"} {
		if rest, ok := strings.CutPrefix(name, key); ok {
			for n, t := range unicode.Scripts {
				if looseName(n) == rest {
					return tables(t), true
				}
			}
			return nil, false
		}
	}
	switch name {
	case "any":
		return rangeSet{{0, unicode.MaxRune}}, true
	case "l&", "lc":
		return tables(unicode.Lu, unicode.Ll, unicode.Lt), true
	case "cn":
		return unassigned(), true
	case "c":
		s := tables(unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
		s.addSet(unassigned())
		return s.normalize(), true
	case "xan":
		return ucpAlnum(), true
	case "xsp", "xps":
		return ucpSpace(), true
	case "xwd":
		return ucpWord(), true
	case "xuc":
		return rangeSet{{'$', '$'}, {'@', '@'}, {'`', '`'}, {0xa0, 0xd7ff}, {0xe000, unicode.MaxRune}}, true
	case "ascii":
		return rangeSet{{0, 0x7f}}, true
	case "assigned":
		return unassigned().negate(), true
	case "alphabetic", "alpha":
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic), true
	case "lowercase", "lower":
		return tables(unicode.Ll, unicode.Other_Lowercase), true
	case "uppercase", "upper":
		return tables(unicode.Lu, unicode.Other_Uppercase), true
	case "unknown", "zzzz":
		return unassigned(), true
	}
	if t, ok := propertyTables()[name]; ok {
		return tables(t), true
	}
	return nil, false
}

// isWordUCP is \w with UCP.
func isWordUCP(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// sameFold tells whether two characters differ in case only.
func sameFold(a, b rune) bool {
	if a == b {
		return true
	}
	for f := unicode.SimpleFold(a); f != a; f = unicode.SimpleFold(f) {
		if f == b {
			return true
		}
	}
	return false
}
