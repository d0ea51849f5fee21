package syntax

import (
	"strings"
	"testing"
	"time"
)

// Ten times the text takes about ten times as long to compile.
func TestTimeIsLinear(t *testing.T) {
	for _, tc := range []struct{ name, unit string }{
		{"assignments", "x = y + 1\n"},
		{"functions", "local function f(a) return function() return a end end f(1)\ndo local g = f end\n"},
		{"constants", "t = {1, 2, 'three', x = 4}\n"},
		{"branches", "if a then b() elseif c then d() else e() end\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// Blocks keep the locals few.
			unit := "do " + tc.unit + " end\n"
			best := func(n int) time.Duration {
				src := strings.Repeat(unit, n)
				least := time.Hour
				for range 5 {
					start := time.Now()
					if _, err := Compile(src, "=c"); err != nil {
						t.Fatal(err)
					}
					least = min(least, time.Since(start))
				}
				return least
			}
			small, large := best(2000), best(20000)
			// Quadratic time would be a hundred times. The rest is room for a loaded machine.
			if large > 60*small {
				t.Errorf("%v, and %v for ten times as much", small, large)
			}
			t.Logf("%v, and %v for ten times as much", small, large)
		})
	}
}
