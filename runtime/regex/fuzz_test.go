package regex

import (
	"testing"
	"time"
)

// FuzzMatch checks that no pattern and subject panic, hang or give captures outside of the subject.
func FuzzMatch(f *testing.F) {
	for _, tt := range matchTests {
		f.Add(tt.pattern, tt.subject, uint32(tt.flags))
	}
	for _, tt := range syntaxErrors {
		f.Add(tt.pattern, "abc", uint32(0))
	}
	f.Fuzz(func(t *testing.T, pattern, subject string, flags uint32) {
		if len(pattern) > 200 || len(subject) > 1000 {
			return
		}
		start := time.Now()
		re, err := Compile(pattern, Flags(flags))
		if err != nil {
			return
		}
		caps := make([]int, 2*(re.NumCaptures()+1))
		lim := &Limits{Steps: 20_000}
		for _, match := range []func(string, int, []int, *Limits) (bool, error){re.Match, re.MatchDFA} {
			ok, err := match(subject, 0, caps, lim)
			if err != nil || !ok {
				continue
			}
			for i := 0; i < len(caps); i += 2 {
				// \K in a lookahead can put the start behind the end.
				if caps[i] < -1 || caps[i] > len(subject) || caps[i+1] < -1 || caps[i+1] > len(subject) || (caps[i] < 0) != (caps[i+1] < 0) {
					t.Fatalf("%q on %q: captures %v", pattern, subject, caps)
				}
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("%q on %q took %v", pattern, subject, took)
		}
	})
}
