package lualib

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

// TestProgramsAgainstMatcher compares programs of random patterns with what the matcher finds. A pattern that the matcher calls faulty must have no
// program.
func TestProgramsAgainstMatcher(t *testing.T) {
	pieces := []string{"a", "b", "1", "%d", "%a", "%A", ".", "[ab]", "[^a]", "[%d_]", "[a-c]", "[]a]", "(", ")", "()", "*", "+", "-", "?", "$", "^", "%b()", "%1", "%%", "%f[a]", "["}
	letters := []string{"a", "b", "c", "1", "2", "(", ")", " ", "%", "$", "]"}
	pick := func(r *rand.Rand, from []string, most int) string {
		var b strings.Builder
		for range r.IntN(most) {
			b.WriteString(from[r.IntN(len(from))])
		}
		return b.String()
	}
	r := rand.New(rand.NewPCG(3, 4))
	compiled := 0
	for range 60000 {
		pat := pick(r, pieces, 9)
		pr := compile(pat)
		if pr == nil {
			continue
		}
		compiled++
		for range 4 {
			s := pick(r, letters, 12)
			at := r.IntN(len(s) + 1)
			m := parts{src: s, steps: pr.steps}
			start, end := pr.find(&m, at)
			got := []int32{int32(start), int32(end)}
			if start >= 0 {
				for _, c := range m.at[:pr.captures] {
					got = append(got, c.start, c.len)
				}
			}
			if diff := cmp.Diff(matched(s, pat, at), got); diff != "" {
				t.Fatalf("%q in %q from %d on (-matcher +program):\n%s", pat, s, at, diff)
			}
		}
	}
	if compiled < 5000 {
		t.Errorf("only %d patterns have programs", compiled)
	}
}

// matched is what the matcher finds.
func matched(s, pat string, at int) []int32 {
	m := matcher{src: s, pat: pat}
	p := 0
	if strings.HasPrefix(pat, "^") {
		p = 1
	}
	for ; ; at++ {
		m.reset()
		if e := m.match(at, p); e >= 0 {
			found := []int32{int32(at), int32(e)}
			for _, c := range m.captures[:m.level] {
				found = append(found, c.start, c.len)
			}
			return found
		}
		if p == 1 || at >= len(s) {
			return []int32{-1, -1}
		}
	}
}

// TestShortFindAndMatch: calls with few results say what those with all of them say.
func TestShortFindAndMatch(t *testing.T) {
	h := vmtest.New(t, nil, func(w *vm.Worker, out io.Writer) { Open(w.L, Options{Stdout: out, Compile: syntax.Compile}) })
	err := h.Main(`
		local function same(what, short, ...)
			for i = 1, 3 do
				if short[i] ~= (select(i, ...)) then print(what, i, short[i], (select(i, ...))) end
			end
		end
		local subjects = {"", "a", "/api/v3/orders", "12:345", "key = value", "a.b.c", "x%y", "(a(b)c)", "\0a\0"}
		local patterns = {"", "a", "^(/[^/]+/[^/]+)", "^(%d+):(%d+)$", "(%w+)%s*=%s*(%w+)", "()a()", "%.", ".", "(.)(.)(.)(.)", "%b()", "^$", "$", "a-", "(a", "%", "[a", "%z", "^a\0"}
		local function try(f, ...)
			local short
			local ok = pcall(function(...) local a, b, c = f(...) short = {a, b, c} end, ...)
			local all = {pcall(f, ...)}
			if ok ~= all[1] then print("one fails", ...) end
			if ok then same(table.concat({...}, " "), short, unpack(all, 2, table.maxn(all))) end
		end
		for _ = 1, 3 do -- a pattern gets its program when it comes again
			for _, s in ipairs(subjects) do
				for _, p in ipairs(patterns) do
					try(string.match, s, p) try(string.find, s, p)
					for init = -3, 4 do try(string.match, s, p, init) try(string.find, s, p, init) end
				end
			end
		end
		local a, b = string.find("a.b", ".", 1, true) print(a, b)
		a, b = string.find("a.b", ".", -9, false) print(a, b)
		a = string.match(12345, "3(.)") print(a)
	`, "=short")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("2\t2\n1\t1\n4\n", h.Output()); diff != "" {
		t.Error(diff)
	}
}

// TestMatchAllocations holds what a match with two captures takes.
func TestMatchAllocations(t *testing.T) {
	l := new(library)
	args := []lua.LValue{lua.LString("12345:678"), lua.LString("^(%d+):(%d+)$")}
	l.quickMatch(nil, args)
	got := testing.AllocsPerRun(100, func() {
		if _, b, _, ok := l.quickMatch(nil, args); !ok || b != lua.LString("678") {
			t.Fatal(b)
		}
	})
	if got > 1 {
		t.Errorf("%v allocations, want at most 1", got)
	}
}
