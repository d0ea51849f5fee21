package worker

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLineBuffer writes lines of given lengths, each named by a letter, and lists those that are still there. A capital
// letter reads the oldest line instead.
func TestLineBuffer(t *testing.T) {
	type step struct {
		name string
		n    int // bytes of the line; 0 reads one
	}
	const h = recordOverhead
	tests := []struct {
		name  string
		max   int64
		steps []step
		want  string
	}{
		{"what fits", 3 * (10 + h), []step{{"a", 10}, {"b", 10}, {"c", 10}}, "abc"},
		{"the oldest gives way", 3 * (10 + h), []step{{"a", 10}, {"b", 10}, {"c", 10}, {"d", 10}}, "bcd"},
		{"a line lies in one piece", 3*(10+h) + 5, []step{{"a", 10}, {"b", 10}, {"c", 10}, {"d", 12}}, "cd"},
		{"a long line drops those before it", 100 + h, []step{{"a", 10}, {"b", 10}, {"c", 90}}, "c"},
		{"too long at all", 50, []step{{"a", 10}, {"b", 60}}, "a"},
		{"as long as the ring", 50, []step{{"a", 10}, {"b", 50 - h}}, "b"},
		{"reading makes room in front", 3 * (10 + h), []step{{"a", 10}, {"b", 10}, {"c", 10}, {"", 0}, {"d", 10}}, "bcd"},
		{"round again", 2*(10+h) + 3, []step{{"a", 10}, {"b", 10}, {"c", 10}, {"d", 10}, {"e", 10}}, "de"},
		{"empty again", 10 + h, []step{{"a", 10}, {"", 0}, {"b", 10}}, "b"},
		{"behind the gap", 100, []step{{"a", 20}, {"b", 20}, {"c", 20}, {"d", 4}, {"e", 20}}, "de"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &lineBuffer{max: tt.max}
			for _, s := range tt.steps {
				if s.n == 0 {
					b.drop()
					continue
				}
				b.add(record{line: s.name + strings.Repeat(".", s.n-1)})
			}
			got := ""
			for _, r := range b.list {
				got += r.line[:1]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
