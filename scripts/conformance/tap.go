package main

import (
	"regexp"
	"strconv"
	"strings"
)

// tap is what one run of the harness has said.
type tap struct {
	blocks    map[int]*asserted
	skipAll   bool
	died      bool   // it ended before its last block
	lastWords string // why
}

type asserted struct {
	passed int
	failed *failed
}

var (
	inBlock = regexp.MustCompile(`\bTEST (\d+)\b`)
	result  = regexp.MustCompile(`^(not )?ok \d+`)
	starts  = regexp.MustCompile(`nginx: \[emerg\] (.*)`)
)

// detailLines is how much is kept of what the harness says of a failed assertion.
const detailLines = 40

// parse reads the Test Anything Protocol from out, and what belongs to it from the diagnostics.
func parse(out, diag string) *tap {
	t := &tap{blocks: map[int]*asserted{}}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "1..0"):
			t.skipAll = true
			continue
		case strings.HasPrefix(line, "Bail out!"):
			t.died, t.lastWords = true, strings.TrimSpace(strings.TrimPrefix(line, "Bail out!"))
			continue
		}
		m := result.FindStringSubmatch(line)
		n, ok := blockOf(line)
		if m == nil || !ok {
			continue
		}
		a := t.at(n)
		_, description, _ := strings.Cut(line, " - ")
		switch {
		case strings.Contains(line, "# skip") || strings.Contains(line, "# TODO"):
		case m[1] == "":
			a.passed++
		case a.failed == nil:
			a.failed = &failed{Why: description}
		}
	}
	at := (*failed)(nil)
	for line := range strings.Lines(diag) {
		line = strings.TrimRight(line, "\n")
		if m := starts.FindStringSubmatch(line); m != nil {
			t.lastWords = m[1]
		}
		if strings.Contains(line, "Failed test") {
			at = nil
			if n, ok := blockOf(line); ok && t.blocks[n] != nil {
				at = t.blocks[n].failed
			}
		}
		if rest, ok := strings.CutPrefix(line, "#"); ok && at != nil && len(at.Detail) < detailLines {
			at.Detail = append(at.Detail, strings.TrimSpace(rest))
		}
	}
	if strings.Contains(diag, "Looks like your test exited") {
		t.died = true
	}
	return t
}

func (t *tap) at(n int) *asserted {
	if t.blocks[n] == nil {
		t.blocks[n] = &asserted{}
	}
	return t.blocks[n]
}

func blockOf(line string) (int, bool) {
	m := inBlock.FindStringSubmatch(line)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
