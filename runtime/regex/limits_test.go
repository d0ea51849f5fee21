package regex

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestCatastrophes checks that no pattern runs for long under the default limits.
func TestCatastrophes(t *testing.T) {
	a30, long := strings.Repeat("a", 30), strings.Repeat("a", 200_000)
	tests := []struct{ name, pattern, subject string }{
		{"nested plus", `(a+)+$`, a30 + "!"},
		{"nested plus lazy", `(?:a+?)+?b`, a30 + "!"},
		{"alternatives that overlap", `(?:a|a)*b`, a30},
		{"captures", `^(([a-z])+.)+[A-Z]([a-z])+$`, strings.Repeat("a", 60)},
		{"many loops", `a*a*a*a*a*a*a*a*b`, strings.Repeat("a", 2000)},
		{"dots", `.*.*.*=.*x`, strings.Repeat("a", 5000) + "="},
		{"dots long", `.*.*x`, long},
		{"quadratic classes", `[ab]*c`, long},
		{"quadratic lazy", `a.*?b`, long},
		{"lookahead", `(?=(a+)+b)`, a30},
		{"negative lookahead", `(?!(a+)+b)c`, a30},
		{"back-reference", `(a*)*\1b`, a30},
		{"back-reference long", `(a+)\1\1\1b`, long},
		{"recursion", `^(a(?1)?)*b`, a30},
		{"empty calls", `(?(DEFINE)(?<a>(?&b)(?&b))(?<b>(?&c)(?&c))(?<c>(?&d)(?&d))(?<d>(?&e)(?&e))(?<e>(?&f)(?&f))` +
			`(?<f>(?&g)(?&g))(?<g>(?&h)(?&h))(?<h>(?&i)(?&i))(?<i>(?&j)(?&j))(?<j>x?x?))` + strings.Repeat(`(?&a)`, 200) + "b", "b"},
		{"empty counts", `((((a?){1000}){1000}){1000}){1000}b`, "c"},
		{"wide stack", `(?:a|b|(c))*d`, strings.Repeat("abc", 300_000)},
		{"deep recursion", `(\((?1)*\))`, strings.Repeat("(", 200_000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			re, err := Compile(tt.pattern, 0)
			if err != nil {
				t.Fatal(err)
			}
			caps := make([]int, 2*(re.NumCaptures()+1))
			for _, match := range []func(string, int, []int, *Limits) (bool, error){re.Match, re.MatchDFA} {
				start := time.Now()
				ok, err := match(tt.subject, 0, caps, nil)
				took := time.Since(start)
				t.Logf("%v %v %v", took, ok, err)
				var me *MatchError
				if err != nil && !errors.As(err, &me) {
					t.Errorf("error %v is no MatchError", err)
				}
				// Far more than what is meant, for slow and busy machines.
				if took > time.Minute {
					t.Errorf("took %v", took)
				}
			}
		})
	}
}

func TestLimits(t *testing.T) {
	re, err := Compile(`(a+)+b`, 0)
	if err != nil {
		t.Fatal(err)
	}
	subject := strings.Repeat("a", 40) + "c b"
	caps := make([]int, 4)
	if _, err := re.Match(subject, 0, caps, &Limits{Steps: 1000}); err != ErrMatchLimit || err.(*MatchError).ErrorCode() != -8 || err.(*MatchError).PCRE2Code() != -47 {
		t.Errorf("1000 steps: %v", err)
	}
	if _, err := re.Match(subject, 0, caps, &Limits{Depth: 10}); err != ErrRecursionLimit || err.(*MatchError).ErrorCode() != -21 {
		t.Errorf("depth 10: %v", err)
	}
	re, err = Compile(`(*LIMIT_MATCH=50)(a+)+b`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := re.Match(subject, 0, caps, nil); err != ErrMatchLimit {
		t.Errorf("limit in the pattern: %v", err)
	}
}
