package syntax

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// Ten times the text takes about ten times as long to compile.
func TestTimeIsLinear(t *testing.T) {
	// Blocks keep the locals few.
	blocks := func(unit string) func(int) string {
		return func(n int) string { return strings.Repeat("do "+unit+" end\n", n) }
	}
	inside := func(start, unit, end string) func(int) string {
		return func(n int) string { return start + strings.Repeat(unit, n) + end }
	}
	numbered := func(unit string) func(int) string {
		return func(n int) string {
			var src strings.Builder
			for i := range n {
				fmt.Fprintf(&src, unit, i)
			}
			return src.String()
		}
	}
	for _, tc := range []struct {
		name string
		src  func(int) string
	}{
		{"assignments", blocks("x = y + 1")},
		{"functions", blocks("local function f(a) return function() return a end end f(1)\ndo local g = f end")},
		{"constants", blocks("t = {1, 2, 'three', x = 4}")},
		{"strings", numbered("x = 'a%d'\n")},
		{"branches", blocks("if a then b() elseif c then d() else e() end")},
		{"a chain of branches", inside("if a then b() ", "elseif a then b()\n", "end")},
		{"a chain of or", inside("x = a", " or a\n", "")},
		{"a chain of and", inside("if a", " and a\n", " then b() end")},
		{"breaks", inside("while a do ", "if b then break end\n", "end")},
		{"gotos to a label in front", inside("::top:: ", "if a then goto top end\n", "")},
		{"gotos to a label behind", inside("do ", "if a then goto out end\n", "::out:: end")},
		{"gotos and labels in blocks", blocks("goto on ::on::")},
		{"gotos each to a label behind", numbered("goto l%[1]d ::l%[1]d:: x = 1\n")},
		{"gotos each to a label in front", numbered("::l%[1]d:: if a then goto l%[1]d end\n")},
		{"fields by position", inside("t = {", "1, a,\n", "}")},
		{"fields by name", func(n int) string { return "t = {" + numbered("a%d = 1,\n")(n) + "}" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const n = 500
			small, large := tc.src(n), tc.src(10*n)
			least := [2]time.Duration{time.Hour, time.Hour}
			// Quadratic time would be a hundred times, in every round. A round that something else disturbed is made up for by a later one.
			for range 20 {
				least[0] = min(least[0], timeToCompile(t, small))
				least[1] = min(least[1], timeToCompile(t, large))
				if least[1] < 20*least[0] {
					return
				}
			}
			t.Errorf("%v, and %v for ten times as much", least[0], least[1])
		})
	}
}

// timeToCompile is the processor's time where the system tells that of a thread, without the collector's.
func timeToCompile(t *testing.T, src string) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	start := threadTime()
	if _, err := Compile(src, "=c"); err != nil {
		t.Fatal(err)
	}
	return threadTime() - start
}
