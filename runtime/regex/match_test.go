package regex

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// show renders a match: each group's text, joined by |, with - for one that is unset.
func show(subject string, ok bool, caps []int) string {
	if !ok {
		return "no match"
	}
	var parts []string
	for i := 0; i < len(caps); i += 2 {
		if caps[i] < 0 {
			parts = append(parts, "-")
			continue
		}
		parts = append(parts, subject[caps[i]:caps[i+1]])
	}
	return strings.Join(parts, "|")
}

type matchTest struct {
	name, pattern, subject string
	want                   string
	flags                  Flags
}

var matchTests = []matchTest{
	{"first alternative wins", `he|hello`, "hello", "he", 0},
	{"leftmost wins", `b|ab`, "xab", "ab", 0},
	{"captures of the last round", `(?:(a)|(b))+`, "ab", "ab|a|b", 0},
	{"unset group", `(a)?(b)`, "b", "b|-|b", 0},
	{"group undone by backtracking", `(?:(a)b|ac)`, "ac", "ac|-", 0},
	{"empty loop ends", `(a|)*b`, "aab", "aab|", 0},
	{"empty rounds up to the least", `(|a){2,3}b`, "aab", "aab|a", 0},
	{"counted", `(?:ab){2,3}`, "abababab", "ababab", 0},
	{"counted lazy", `(?:ab){2,3}?`, "abababab", "abab", 0},
	{"counted large", `(?:[ab]c){30}`, strings.Repeat("acbc", 15), strings.Repeat("acbc", 15), 0},
	{"counted large lazy", `(?:(a)c){20,}?b`, strings.Repeat("ac", 25) + "b", strings.Repeat("ac", 25) + "b|a", 0},
	{"possessive", `a++a`, "aaa", "no match", 0},
	{"possessive group", `(?:ab)*+ab`, "abab", "no match", 0},
	{"atomic", `(?>a|ab)c`, "abc", "no match", 0},
	{"atomic keeps captures", `(?>(a)|(b))c`, "bc", "bc|-|b", 0},
	{"braces that are no quantifier", `a{,3}b{x}`, "a{,3}b{x}", "a{,3}b{x}", 0},

	{"class with bracket first", `[]a]+`, "a]]", "a]]", 0},
	{"negated class", `[^^]+`, "ab^", "ab", 0},
	{"class ranges and escapes", `[\x41-C\d\-]+`, "aB-C3", "B-C3", 0},
	{"posix", `[[:upper:][:digit:]]+`, "xA1b", "A1", 0},
	{"posix negated", `[[:^digit:]]+`, "12ab3", "ab", 0},
	{"posix caseless", `[[:upper:]]+`, "12ab3", "ab", Caseless},
	{"quoted in class", `[\Q]^\E]+`, "a]^", "]^", 0},
	{"horizontal and vertical space", `\h+\v\H\V`, "\t \nab", "\t \nab", 0},
	{"not newline", `\N+`, "ab\nc", "ab", DotAll},
	{"newline sequence", `a\Rb`, "a\r\nb", "a\r\nb", 0},
	{"newline sequence is atomic", `a\R\nb`, "a\r\nb", "no match", 0},
	{"quoted", `\Qa.b\E+`, "a.bbb", "a.bbb", 0},
	{"octal", `\101\x42\x{43}\o{104}\e?\cA?`, "ABCD", "ABCD", 0},

	{"caseless", `hElLo`, "say HELLO", "HELLO", Caseless},
	{"caseless in the middle", `a(?i)b|c`, "aC", "C", 0},
	{"flags end with their group", `(a(?i)b)c`, "aBC", "no match", 0},
	{"flags for a group", `(?i:a)b`, "Ab", "Ab", 0},
	{"flags reset", `(?i)a(?^:b)`, "AB", "no match", 0},
	{"extended", "a b # comment\n c", "abc", "abc", Extended},
	{"extended in a class", `a[ ]b`, "a b", "a b", Extended},
	{"comment", `a(?# not this )b`, "ab", "ab", 0},
	{"dot", `a.b`, "a\nb", "no match", 0},
	{"dot all", `a.b`, "a\nb", "a\nb", DotAll},
	{"dollar before last newline", `a$`, "a\n", "a", 0},
	{"dollar end only", `a$`, "a\n", "no match", DollarEndOnly},
	{"multiline", `^b$`, "a\nb\nc", "b", Multiline},
	{"no line starts at the end", `\n^`, "a\n", "no match", Multiline},
	{"subject ends", `a\Z`, "a\n", "a", 0},
	{"very end", `a\z`, "a\n", "no match", 0},
	{"anchored", `b`, "ab", "no match", Anchored},
	{"first line", `b`, "a\nb", "no match", FirstLine},
	{"ungreedy", `a+`, "aaa", "a", Ungreedy},
	{"ungreedy turned", `a+?`, "aaa", "aaa", Ungreedy},
	{"no auto capture", `(a)(?<n>b)`, "ab", "ab|b", NoAutoCapture},

	{"lookahead", `\w+(?=;)`, "ab cd;", "cd", 0},
	{"lookahead keeps captures", `(?=(a+))a`, "aaa", "a|aaa", 0},
	{"negative lookahead", `foo(?!bar)`, "foobar foobaz", "foo", 0},
	{"lookbehind", `(?<=\$)\d+`, "a5 $42", "42", 0},
	{"lookbehind alternatives", `(?<=ab|c)x`, "abx", "x", 0},
	{"negative lookbehind", `(?<!a)b`, "abb", "b", 0},
	{"lookbehind in a lookahead", `a(?=b(?<=ab)c)`, "abc", "a", 0},
	{"spelt out", `(*positive_lookbehind:a)b(*nla:c)`, "abc ab", "b", 0},
	{"non-atomic lookahead", `(?*(a+))\1a`, "aaa", "aaa|aa", 0},
	{"keep", `foo\Kbar`, "foobar", "bar", 0},

	{"back-reference", `(\w)\1`, "abccd", "cc|c", 0},
	{"back-reference relative", `(a)(b)\g{-1}\g1\g{2}`, "abbab", "abbab|a|b", 0},
	{"back-reference by name", `(?<x>a)(?'y'b)(?P<z>c)\k<x>\k'y'\k{x}(?P=z)\g{y}`, "abcabacb", "abcabacb|a|b|c", 0},
	{"back-reference caseless", `(ab)\1`, "abAB", "abAB|ab", Caseless},
	{"back-reference to unset", `(a)?\1b`, "b", "no match", 0},
	{"back-reference to unset in JavaScript", `(a)?\1b`, "b", "b|-", JavascriptCompat},
	{"back-reference inside its group", `(a\1?){3}`, "aaaaaa", "aaaaaa|aaa", 0},
	{"forward reference", `(?:\2b|(c)(a))+`, "caab", "caab|c|a", 0},
	{"duplicate names", `(?:(?<n>a)|(?<n>b))\k<n>`, "bb", "bb|-|b", DupNames},
	{"branch reset", `(?|(a)|(b))(c)`, "bc", "bc|b|c", 0},

	{"condition on a group", `(a)?(?(1)b|c)`, "ab c", "ab|a", 0},
	{"condition false", `^(a)?(?(1)b|c)`, "c", "c|-", 0},
	{"condition on a name", `(?<q>")?\w+(?(<q>)")`, `"ab" cd`, `"ab"|"`, 0},
	{"condition on what follows", `(?(?=\d)\d{2}|[a-z])`, "12", "12", 0},
	{"condition on what does not follow", `(?(?!\d)[a-z]|\d{2})`, "x", "x", 0},
	{"condition on recursion", `(a(?(R)b|(?1)c))`, "aabc", "aabc|aabc", 0},
	{"define", `(?(DEFINE)(?<byte>25[0-5]|2[0-4]\d|1?\d?\d))\b(?&byte)(?:\.(?&byte)){3}\b`, "at 10.0.255.1.", "10.0.255.1|-", 0},

	{"recursion", `\((?:[^()]++|(?R))*\)`, "f(a(b)(c)d)", "(a(b)(c)d)", 0},
	{"recursion into a group", `(\[(?:\d+|(?1))*\])`, "x[1[2]3]", "[1[2]3]|[1[2]3]", 0},
	{"recursion ahead", `(?+1)(a|b)`, "ba", "ba|a", 0},
	{"recursion restores captures", `(?:(.)(?:(?R)|.?)\1)`, "abcba", "abcba|a", 0},
	{"recursion can be backtracked into", `^(.|(.)(?1)?\2)$`, "abba", "abba|abba|a", 0},
	{"palindrome", `^((.)(?1)\2|.?)$`, "racecar", "racecar|racecar|r", 0},
	{"subroutine is not its text", `(?i:(a))(?1)`, "AA", "AA|A", 0},

	{"fail", `a(*F)|b`, "ab", "b", 0},
	{"accept", `(a(*ACCEPT)b)c`, "ax", "a|a", 0},
	{"accept in an assertion", `(?=a(*ACCEPT)b)ac`, "ac", "ac", 0},
	{"commit", `a+(*COMMIT)b`, "aac aab", "no match", 0},
	{"prune", `a+(*PRUNE)b|c`, "aac", "c", 0},
	{"skip", `a+(*SKIP)b|.`, "aac", "c", 0},
	{"skip to a mark", `a(*MARK:m)a(*SKIP:m)b|.`, "aac", "a", 0},
	{"then", `(?:a(*THEN)x|ab)c|abd`, "abc", "abc", 0},

	{"CRLF lines", `(*CRLF)(?m)^b$`, "a\r\nb\r\nc", "b", 0},
	{"CRLF dot", `(*CRLF).+`, "a\nb\r\n", "a\nb", 0},
	{"any CRLF dot", `(*ANYCRLF).+`, "ab\rc", "ab", 0},
	{"limited newline sequence", `(*BSR_ANYCRLF)a\Rb`, "a\vb", "no match", 0},

	{"UTF dot", `^.$`, "é", "é", UTF},
	{"bytes without UTF", `^..$`, "é", "é", 0},
	{"UTF in the pattern", `(*UTF8)^.$`, "€", "€", 0},
	{"UTF class", `[а-я]+`, "Привет", "ривет", UTF},
	{"UTF caseless", `ПРИВЕТ`, "Привет", "Привет", UTF | Caseless},
	{"Kelvin sign", `k`, "\u212a", "\u212a", UTF | Caseless},
	{"property", `\p{Lu}\p{^Lu}+\PL`, "xÉté!", "Été!", UTF},
	{"script", `\p{Greek}+`, "abc αβγ", "αβγ", UTF},
	{"UCP", `\w+`, "été", "été", UTF | UCP},
	{"no UCP", `\w+`, "été", "t", UTF},
	{"grapheme", `^\X$`, "e\u0301", "e\u0301", UTF},
	{"UTF lookbehind", `(?<=é)a`, "éa", "a", UTF},
	{"UTF backing off", `.*é`, "aéé b", "aéé", UTF},
	{"UTF escape", `\x{20ac}\N{U+e9}`, "€é", "€é", UTF},

	{"JavaScript unicode escape", `\u0041\x42\U`, "ABU", "ABU", JavascriptCompat},
	{"JavaScript empty class", `a[]|b`, "ab", "b", JavascriptCompat},
	{"JavaScript full class", `a[^]`, "a\n", "a\n", JavascriptCompat},
}

func TestMatch(t *testing.T) {
	for _, tt := range matchTests {
		t.Run(tt.name, func(t *testing.T) {
			re, err := Compile(tt.pattern, tt.flags)
			if err != nil {
				t.Fatalf("%s: %v", tt.pattern, err)
			}
			caps := make([]int, 2*(re.NumCaptures()+1))
			ok, err := re.Match(tt.subject, 0, caps, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(tt.subject, ok, caps); got != tt.want {
				t.Errorf("%s on %q: got %q, want %q", tt.pattern, tt.subject, got, tt.want)
			}
		})
	}
}

// TestOracleTable asks pcre2test about the same table.
func TestOracleTable(t *testing.T) {
	var cases []oracleCase
	for _, tt := range matchTests {
		if tt.flags&JavascriptCompat == 0 {
			cases = append(cases, oracleCase{tt.pattern, tt.flags, []string{tt.subject}})
		}
	}
	compareOracle(t, cases)
}

// TestOracleNewlines compares the newline conventions.
func TestOracleNewlines(t *testing.T) {
	var cases []oracleCase
	for _, conv := range []string{"CR", "LF", "CRLF", "ANYCRLF", "ANY", "NUL"} {
		for _, p := range []string{`a$`, `^b`, `.+`, `a.b`, `\Ra`, `a\z`, `a\Z`, `\N*`, `(?s).+`, `^.*$`, `a.*?$`, `[^b]+$`, `$`, `(?:.)+b`, `a\R*b`} {
			for _, flags := range []Flags{0, Multiline, UTF, UTF | Multiline} {
				cases = append(cases, oracleCase{"(*" + conv + ")" + p, flags, []string{
					"a", "a\n", "a\r", "a\r\n", "a\nb", "a\rb", "a\r\nb", "\r\nb", "x\x00b", "a\x00", "a\v\fb", "a\u0085b", "a\u2028b", "a\n\rb", "a\r\n\r\nb\r\n"}})
			}
		}
	}
	for i := range cases {
		if cases[i].flags&UTF == 0 {
			cases[i].subjects = cases[i].subjects[:11]
		}
	}
	compareOracle(t, cases)
}

// TestStart checks searches from the middle of a subject.
func TestStart(t *testing.T) {
	tests := []struct {
		name, pattern, subject string
		start                  int
		want                   string
	}{
		{"lookbehind sees what is before", `(?<=a)b`, "ab", 1, "[1 2]"},
		{"word edge sees what is before", `\bb`, "ab", 1, "[]"},
		{"circumflex is the subject's start", `^b`, "ab", 1, "[]"},
		{"line start after a newline", `(?m)^b`, "a\nb", 2, "[2 3]"},
		{"search start", `\Gb`, "ab", 1, "[1 2]"},
		{"search start only there", `\Gb`, "aab", 1, "[]"},
		{"at the end", `x*`, "ab", 2, "[2 2]"},
		{"dots from the middle", `.*b`, "aab", 1, "[1 3]"},
		{"literal from the middle", `ab`, "abab", 1, "[2 4]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			re, err := Compile(tt.pattern, 0)
			if err != nil {
				t.Fatal(err)
			}
			caps := make([]int, 2)
			ok, err := re.Match(tt.subject, tt.start, caps, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := "[]"
			if ok {
				got = fmt.Sprint(caps)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	re, err := Compile("a", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []int{-1, 2} {
		if _, err := re.Match("a", start, make([]int, 2), nil); err != ErrBadOffset {
			t.Errorf("start %d: %v", start, err)
		}
	}
}

func TestNames(t *testing.T) {
	re, err := Compile(`(?<zeta>a)(b)(?<alpha>c)(?|(?<mid>d)|(?<mid>e))(?<alpha>f)`, DupNames)
	if err != nil {
		t.Fatal(err)
	}
	want := []NamedGroup{{"alpha", 3}, {"alpha", 5}, {"mid", 4}, {"zeta", 1}}
	if diff := cmp.Diff(want, re.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if re.NumCaptures() != 5 {
		t.Errorf("%d captures, want 5", re.NumCaptures())
	}
}

func TestBadUTF(t *testing.T) {
	re, err := Compile(".", UTF)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, subject string
		start, code2  int
	}{
		{"one byte missing", "你\xe5\xa5", 0, -3},
		{"two bytes missing", "你\xe5", 0, -4},
		{"second byte", "\xe5a\x80", 0, -8},
		{"third byte", "\xe5\x80a", 0, -9},
		{"surrogate", "\xed\xa0\x80", 0, -16},
		{"too large", "\xf4\x90\x80\x80", 0, -15},
		{"overlong", "\xc0\x80", 0, -17},
		{"overlong three", "\xe0\x80\x80", 0, -18},
		{"stray continuation", "a\x80", 0, -22},
		{"no such byte", "\xff", 0, -23},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := re.Match(tt.subject, tt.start, make([]int, 2), nil)
			var me *MatchError
			if !errors.Is(err, ErrBadUTF) || !errors.As(err, &me) {
				t.Fatalf("got %v", err)
			}
			if me.ErrorCode() != -10 || me.PCRE2Code() != tt.code2 {
				t.Errorf("codes %d, %d, want -10, %d", me.ErrorCode(), me.PCRE2Code(), tt.code2)
			}
		})
	}
	if _, err := re.Match("é", 1, make([]int, 2), nil); err != ErrBadUTFOffset {
		t.Errorf("inside a character: %v", err)
	}
	if _, err := Compile("a\xff", UTF); err == nil {
		t.Error("a pattern that is not UTF-8 compiled")
	}
}

func TestMatchDFA(t *testing.T) {
	tests := []struct{ pattern, subject, want string }{
		{`he|hell|hello wor`, "hello", "hell"},
		{`(he|hell)`, "hello", "hell|-"},
		{`<.*?>`, "<a><b>", "<a><b>"},
		{`a+?`, "aaa", "aaa"},
		{`(?:a|ab)(?:c|bcd)?`, "xabcd", "abcd"},
		{`[0-9]+`, "ab123", "123"},
		{`(?>a+)b|a`, "aac", "a"},
		{`a(?=b)|ab(?!c)`, "abd", "ab"},
		{`world`, "hello", "no match"},
		{`(a|b)*(?:c|$)`, "abab", "abab|-"},
		{`(?:\((?:[^()]|(?R))*\))`, "(a(b))", "(a(b))"},
		{`x{2,5}?`, "xxxxxxx", "xxxxx"},
	}
	for _, tt := range tests {
		re, err := Compile(tt.pattern, 0)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		caps := make([]int, 2*(re.NumCaptures()+1))
		ok, err := re.MatchDFA(tt.subject, 0, caps, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if got := show(tt.subject, ok, caps); got != tt.want {
			t.Errorf("%s on %q: got %q, want %q", tt.pattern, tt.subject, got, tt.want)
		}
	}
	for pattern, want := range map[string]error{`(a)\1`: ErrDFAItem, `a\Kb`: ErrDFAItem, `(a)?(?(1)b|c)`: ErrDFACondition} {
		re, err := Compile(pattern, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := re.MatchDFA("aa", 0, make([]int, 4), nil); err != want {
			t.Errorf("%s: %v, want %v", pattern, err, want)
		}
	}
}

// TestAllocations holds the ceiling: none.
func TestAllocations(t *testing.T) {
	for _, tt := range []struct{ pattern, subject string }{
		{`^/api/v(\d+)/users/([^/]+)$`, "/api/v12/users/joe"},
		{`(?:(a)|(b)|c)*d`, strings.Repeat("abc", 200)},
		{`(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)`, "abcdefghijklmnop"},
	} {
		re, err := Compile(tt.pattern, 0)
		if err != nil {
			t.Fatal(err)
		}
		caps := make([]int, 2*(re.NumCaptures()+1))
		n := testing.AllocsPerRun(200, func() {
			if _, err := re.Match(tt.subject, 0, caps, nil); err != nil {
				t.Fatal(err)
			}
		})
		if n >= 1 {
			t.Errorf("%s: %v allocations", tt.pattern, n)
		}
	}
}

func TestConcurrent(t *testing.T) {
	re, err := Compile(`(\w+)@(\w+)`, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	for i := range 8 {
		go func() {
			subject := fmt.Sprintf("to joe%d@host%d.", i, i)
			caps := make([]int, 6)
			bad := ""
			for range 500 {
				if ok, err := re.Match(subject, 0, caps, nil); err != nil || show(subject, ok, caps) != fmt.Sprintf("joe%d@host%d|joe%d|host%d", i, i, i, i) {
					bad = fmt.Sprint(err, caps)
				}
				if ok, err := re.MatchDFA(subject, 0, caps, nil); err != nil || !ok {
					bad = fmt.Sprint(err, ok)
				}
			}
			done <- bad
		}()
	}
	for range 8 {
		if bad := <-done; bad != "" {
			t.Error(bad)
		}
	}
}
