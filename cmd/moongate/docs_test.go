package main

import (
	"os"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"moongate/phases"
)

// docs/directives.md names every directive, no other, and marks what is ignored or refused.
func TestDirectivesPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/directives.md")
	if err != nil {
		t.Fatal(err)
	}
	// the mark of each directive; one that several modules have is on the page as often
	page := map[string][]string{}
	name := regexp.MustCompile("`([a-z0-9_]+)`")
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) != 3 {
			continue
		}
		mark := ""
		for _, m := range []string{"—", "✗"} {
			if strings.HasPrefix(cells[2], m) {
				mark = m
			}
		}
		for _, m := range name.FindAllStringSubmatch(cells[0], -1) {
			page[m[1]] = append(page[m[1]], mark)
		}
	}
	known := map[string]bool{}
	check := func(ds []phases.Directive) {
		for _, d := range ds {
			known[d.Name] = true
			want, found := markOf(d.Set), false
			for _, mark := range page[d.Name] {
				found = found || mark == want
			}
			if !found {
				t.Errorf("%s: the page has marks %q, not %q", d.Name, page[d.Name], want)
			}
		}
	}
	check(phases.CoreDirectives())
	for _, m := range modules() {
		check(m.Directives)
	}
	for n := range page {
		if !known[n] {
			t.Errorf("%s is on the page, but is no directive", n)
		}
	}
}

func markOf(set phases.SetFunc) string {
	switch name := runtime.FuncForPC(reflect.ValueOf(set).Pointer()).Name(); {
	case strings.HasSuffix(name, "phases.Ignore"):
		return "—"
	case strings.Contains(name, "NotBuilt"):
		return "✗"
	}
	return ""
}
