package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	head, blocks, numbers := split("use X;\n__DATA__\n\n=== TEST 1: a\n--- config\n=== TEST 3: b\n--- SKIP\n")
	if head != "use X;\n__DATA__\n" {
		t.Errorf("head %q", head)
	}
	if diff := cmp.Diff([]int{1, 3}, numbers); diff != "" {
		t.Error(diff)
	}
	if skipMark.MatchString(blocks[1]) || !skipMark.MatchString(blocks[3]) {
		t.Errorf("%v", blocks)
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, out, diag string
		passed          int // assertions of block 2
		why             string
		detail          int
		died            bool
		lastWords       string
	}{
		{name: "all well", out: "1..2\nok 1 - t/a.t TEST 2: x - status\nok 2 - t/a.t TEST 2: x - body\n", passed: 2},
		{name: "one of two", out: "ok 1 - t/a.t TEST 2: x - status\nnot ok 2 - t/a.t TEST 2: x - body\n",
			diag: "#   Failed test 't/a.t TEST 2: x - body'\n#   got: 1\nelse\n", passed: 1, why: "t/a.t TEST 2: x - body", detail: 2},
		{name: "skipped", out: "ok 1 # skip t/a.t TEST 2: x - too old\n"},
		{name: "refused", out: "Bail out!  TEST 2: x - cannot start\n", diag: "nginx: [emerg] unknown directive \"y\"\n", died: true, lastWords: `unknown directive "y"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(tt.out, tt.diag)
			if got.died != tt.died || got.lastWords != tt.lastWords {
				t.Errorf("%v %q", got.died, got.lastWords)
			}
			a := got.blocks[2]
			if a == nil {
				a = &asserted{}
			}
			why, detail := "", 0
			if a.failed != nil {
				why, detail = a.failed.Why, len(a.failed.Detail)
			}
			if a.passed != tt.passed || why != tt.why || detail != tt.detail {
				t.Errorf("%d %q %d", a.passed, why, detail)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	if diff := cmp.Diff("1, 2, 4–6, 9", numbers([]int{1, 2, 4, 5, 6, 9})); diff != "" {
		t.Error(diff)
	}
}

// TestKnowledge: the file of reasons can be read, and says each thing once.
func TestKnowledge(t *testing.T) {
	var k knowledge
	if err := load("deviations.json", &k); err != nil {
		t.Fatal(err)
	}
	if err := k.compile(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range k.Classes {
		if seen[c.Name] || c.Reason == "" || !strings.HasSuffix(c.Reason, ".") && !strings.HasSuffix(c.Reason, ").") {
			t.Errorf("class %q", c.Name)
		}
		seen[c.Name] = true
	}
}
