package regex

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// oracleCase is a pattern with subjects, for pcre2test and for us.
type oracleCase struct {
	pattern  string
	flags    Flags
	subjects []string
}

// oracleResult is what one subject gave: caps nil for no match, or an error.
type oracleResult struct {
	caps []int
	err  string
}

var oracleModifiers = []struct {
	flag Flags
	name string
}{
	{Caseless, "caseless"}, {Multiline, "multiline"}, {DotAll, "dotall"}, {Extended, "extended"}, {Anchored, "anchored"},
	{DollarEndOnly, "dollar_endonly"}, {UTF, "utf"}, {DupNames, "dupnames"}, {Ungreedy, "ungreedy"}, {FirstLine, "firstline"}, {UCP, "ucp"},
	{NoAutoCapture, "no_auto_capture"},
}

// input writes a case in pcre2test's language.
func (c *oracleCase) input(w *bytes.Buffer) {
	fmt.Fprintf(w, "/%s/hex,allaftertext", hex.EncodeToString([]byte(c.pattern)))
	for _, m := range oracleModifiers {
		if c.flags&m.flag != 0 {
			w.WriteString("," + m.name)
		}
	}
	w.WriteByte('\n')
	for _, s := range c.subjects {
		for i := 0; i < len(s); {
			if c.flags&UTF != 0 {
				r, n := utf8.DecodeRuneInString(s[i:])
				fmt.Fprintf(w, `\x{%x}`, r)
				i += n
				continue
			}
			fmt.Fprintf(w, `\x%02x`, s[i])
			i++
		}
		w.WriteString("\\=offset=0\n") // a bare \= would be a comment where the subject is empty
	}
	w.WriteByte('\n')
}

// decodeShown undoes pcre2test's escapes.
func decodeShown(s string, utf bool) string {
	var b []byte
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], `\x{`) {
			end := strings.IndexByte(s[i:], '}')
			n, _ := strconv.ParseInt(s[i+3:i+end], 16, 32)
			b = appendChar(b, rune(n), utf)
			i += end + 1
			continue
		}
		if strings.HasPrefix(s[i:], `\x`) {
			n, _ := strconv.ParseInt(s[i+2:i+4], 16, 32)
			b = append(b, byte(n))
			i += 4
			continue
		}
		b = append(b, s[i])
		i++
	}
	return string(b)
}

// runOracle gives the cases to pcre2test. A case whose pattern it refuses has nil results and its message.
func runOracle(t *testing.T, cases []oracleCase) (results [][]oracleResult, refused []string) {
	t.Helper()
	program, err := exec.LookPath("pcre2test")
	if err != nil {
		t.Skip("SKIPPED: pcre2test (Debian's pcre2-utils) is not installed, nothing was compared with PCRE2")
	}
	var in bytes.Buffer
	for i := range cases {
		cases[i].input(&in)
	}
	cmd := exec.Command(program, "-q")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pcre2test: %v", err)
	}
	results = make([][]oracleResult, len(cases))
	refused = make([]string, len(cases))
	at, sub := -1, 0
	var cur *oracleResult
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "/") && strings.Contains(line, "/hex,"):
			at, sub, cur = at+1, 0, nil
		case at < 0:
		case strings.HasPrefix(line, "Failed: error") && strings.Contains(line, " at offset "):
			refused[at] = line
		case strings.HasPrefix(line, "** "):
			t.Fatalf("pcre2test: %s (pattern %q)", line, cases[at].pattern)
		case strings.HasSuffix(line, `\=offset=0`):
			results[at] = append(results[at], oracleResult{})
			cur = &results[at][sub]
			sub++
		case cur == nil:
		case strings.HasPrefix(line, "Failed: error"), strings.HasPrefix(line, "Error "):
			cur.err = line
		case len(line) > 3 && (line[2] == ':' || line[2] == '+'):
			group, err := strconv.Atoi(strings.TrimSpace(line[:2]))
			if err != nil {
				continue
			}
			text := line[4:]
			for len(cur.caps) < 2*group+2 {
				cur.caps = append(cur.caps, -1)
			}
			if text == "<unset>" {
				continue
			}
			n := len(decodeShown(text, cases[at].flags&UTF != 0))
			if line[2] == ':' {
				cur.caps[2*group] = n // its length, until the rest is known
			} else {
				end := len(cases[at].subjects[sub-1]) - n
				cur.caps[2*group], cur.caps[2*group+1] = end-cur.caps[2*group], end
			}
		}
	}
	if at != len(cases)-1 {
		t.Fatalf("pcre2test answered %d of %d patterns", at+1, len(cases))
	}
	return results, refused
}

// trimUnset drops unset groups at the end, which pcre2test does not show.
func trimUnset(caps []int) []int {
	for len(caps) > 2 && caps[len(caps)-1] < 0 {
		caps = caps[:len(caps)-2]
	}
	return caps
}

// compareOracle runs the cases on both sides and returns the number of differences, which it reports.
func compareOracle(t *testing.T, cases []oracleCase) {
	t.Helper()
	results, refused := runOracle(t, cases)
	var compared, errs, diffs int
	report := func(format string, args ...any) {
		if diffs++; diffs <= 25 {
			t.Errorf(format, args...)
		}
	}
	for i, c := range cases {
		re, err := Compile(c.pattern, c.flags)
		if (err != nil) != (refused[i] != "") {
			if reason := acceptedSyntax(c.pattern, refused[i], err); reason == "" {
				report("compile %q flags %x: we say %v, pcre2 says %q", c.pattern, c.flags, err, refused[i])
			}
			continue
		}
		if err != nil {
			errs++
			continue
		}
		for j, s := range c.subjects {
			want := results[i][j]
			if want.err != "" {
				continue
			}
			caps := make([]int, 2*(re.NumCaptures()+1))
			ok, err := re.Match(s, 0, caps, nil)
			compared++
			if err != nil {
				if acceptedError(err, want.caps) != "" {
					continue
				}
				report("match %q flags %x on %q: %v, pcre2: %v", c.pattern, c.flags, s, err, want.caps)
				continue
			}
			var got []int
			if ok {
				got = trimUnset(caps)
			}
			if !slices.Equal(got, trimUnset(want.caps)) && acceptedMatch(c.pattern, got, want.caps) == "" {
				report("match %q flags %x on %q:\n got %v\nwant %v", c.pattern, c.flags, s, got, want.caps)
			}
		}
	}
	t.Logf("%d patterns, %d refused by both, %d matches compared, %d differences", len(cases), errs, compared, diffs)
}

// generator makes random patterns of a fixed seed.
type generator struct {
	*rand.Rand
	utf    bool
	groups int
	refs   bool // back-references, recursion, conditions
}

func (g *generator) pick(s ...string) string { return s[g.IntN(len(s))] }

func (g *generator) atom(depth int) string {
	if depth <= 0 || g.IntN(3) > 0 {
		switch g.IntN(12) {
		case 0:
			return g.pick(".", `\d`, `\w`, `\s`, `\D`, `\W`, `\S`, `\h`, `\N`, `\R`, `\v`, `\H`)
		case 1:
			return g.pick("[ab]", "[^a]", "[a-c]", "[^b-d]", `[\d_]`, `[[:alpha:]]`, "[^[:space:]]", "[-a]", "[]a]", "[A-C]", `[^\Wa]`)
		case 2:
			return g.pick("^", "$", `\b`, `\B`, `\A`, `\z`, `\Z`, `\G`)
		case 3:
			if g.utf {
				return g.pick("é", "É", `\p{L}`, `\P{Ll}`, "[é-ü]", "[^é]", `\x{20ac}`, "ſ", "k", "К", `\X`, "[aé]")
			}
			return g.pick(`\x61`, `\141`, `\n`, "A", "B", `\xe9`)
		default:
			return g.pick("a", "b", "c", "a", "b", "ab", "abc", "1", " ", "_", "d")
		}
	}
	inner := func() string { return g.alt(depth - 1) }
	switch g.IntN(16) {
	case 0, 1, 2, 3, 4:
		g.groups++
		return "(" + inner() + ")"
	case 5, 6, 7:
		return "(?:" + inner() + ")"
	case 8:
		return "(?>" + inner() + ")"
	case 9:
		return g.pick("(?=", "(?!") + inner() + ")"
	case 10:
		return g.pick("(?<=", "(?<!") + g.pick("a", "ab", "a|b", "a|bc", `\w`, "[ab]c", "^", "(a)", `.\b`, "(?=a)b") + ")"
	case 11:
		return "(?" + g.pick("i", "s", "m", "-i", "x", "i-s", "U", "^") + ":" + inner() + ")"
	case 12:
		return "(?|" + inner() + "|" + inner() + ")"
	case 13:
		if g.refs {
			return fmt.Sprintf(g.pick(`\%d`, `\g{%d}`, `(?(%d)a|b)`, `(?(%d)`+inner()+")", `(?%d)`, `(?%d)`), 1+g.IntN(max(g.groups, 1)))
		}
		return g.pick("a?", "b*")
	case 14:
		if g.refs {
			return g.pick("(?R)", `\K`, "(?(?=a)b|c)", "(?(?!a)"+inner()+"|b)", "(?(R)a|b)", "(?(DEFINE)(a)b)")
		}
		return "(?i)"
	default:
		if g.refs && g.IntN(3) == 0 {
			return g.pick("(*PRUNE)", "(*COMMIT)", "(*SKIP)", "(*THEN)", "(*F)", "(*ACCEPT)")
		}
		return "(" + inner() + ")"
	}
}

func (g *generator) item(depth int) string {
	a := g.atom(depth)
	if g.IntN(3) == 0 && !strings.ContainsAny(a[:1], "^$") && !slices.Contains([]string{`\b`, `\B`, `\A`, `\z`, `\Z`, `\G`, `\K`, "(?i)"}, a) && !strings.HasPrefix(a, "(*") {
		a += g.pick("*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "*", "+") + g.pick("", "", "", "?", "+")
	}
	return a
}

func (g *generator) cat(depth int) string {
	var b strings.Builder
	for range g.IntN(4) {
		b.WriteString(g.item(depth))
	}
	return b.String()
}

func (g *generator) alt(depth int) string {
	s := g.cat(depth)
	for g.IntN(3) == 0 {
		s += "|" + g.cat(depth)
	}
	return s
}

func (g *generator) subject() string {
	var b strings.Builder
	for range g.IntN(12) {
		if g.utf && g.IntN(5) == 0 {
			b.WriteString(g.pick("é", "É", "€", "ſ", "K", "ü", "e\u0301", "\u00a0", "😀"))
			continue
		}
		b.WriteString(g.pick("a", "b", "c", "a", "b", "A", "B", "1", " ", "_", "d", "\n", "ab", "abc", "\r\n"))
	}
	return b.String()
}

func (g *generator) cases(n int, flags Flags) []oracleCase {
	cases := make([]oracleCase, n)
	for i := range cases {
		g.groups = 0
		c := &cases[i]
		c.flags = flags
		for _, m := range oracleModifiers {
			if m.flag&(Caseless|Multiline|DotAll|DollarEndOnly|Ungreedy|FirstLine|Anchored) != 0 && g.IntN(8) == 0 {
				c.flags |= m.flag
			}
		}
		if c.flags&FirstLine != 0 {
			c.flags &^= Anchored // PCRE2 10.42 forgets the anchor then, in UTF mode
		}
		for c.pattern == "" {
			c.pattern = g.item(3) + g.alt(3)
		}
		for range 5 {
			c.subjects = append(c.subjects, g.subject())
		}
	}
	return cases
}

// oracleSeed is fixed unless MOONGATE_ORACLE_SEED asks for other patterns.
func oracleSeed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("MOONGATE_ORACLE_SEED"), 10, 64); err == nil {
		return n
	}
	return 20240817
}

func TestOracleRandom(t *testing.T) {
	tests := []struct {
		name  string
		n     int
		flags Flags
		refs  bool
	}{
		{"plain", 3000, 0, false},
		{"utf", 2000, UTF, false},
		{"ucp", 500, UTF | UCP, false},
		{"references", 3000, 0, true},
		{"references utf", 500, UTF, true},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &generator{Rand: rand.New(rand.NewPCG(oracleSeed(), uint64(i))), utf: tt.flags&UTF != 0, refs: tt.refs}
			compareOracle(t, g.cases(tt.n, tt.flags))
		})
	}
}
