package lualib

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// section is a part of a file: a line "--- name" and what follows it.
type section struct{ name, body string }

func sections(t *testing.T, file string) []section {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []section
	for part := range strings.SplitSeq("\n"+string(b), "\n--- ") {
		if name, body, ok := strings.Cut(part, "\n"); ok || name != "" {
			out = append(out, section{name, body})
		}
	}
	return out
}

var address = regexp.MustCompile(`0x[0-9a-f]{6,}`)

// TestLanguage runs the programs of testdata/lang/*.lua, each in a VM of its own, and compares what they print and the first line of the
// error that they end in with what LuaJIT gave for them (*.out). Addresses are not compared.
func TestLanguage(t *testing.T) {
	files, err := filepath.Glob("testdata/lang/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".lua")
		want := make(map[string]string)
		for _, s := range sections(t, base+".out") {
			want[s.name] = s.body
		}
		for _, s := range sections(t, file) {
			t.Run(filepath.Base(base)+"/"+s.name, func(t *testing.T) {
				h := newHost(t)
				problem := run(h, s.body+"\n")
				got := h.Output()
				if problem != "" {
					problem, _, _ = strings.Cut(problem, "\n")
					got += "error: " + problem
				}
				got = address.ReplaceAllString(strings.TrimSuffix(got, "\n"), "0x")
				if diff := cmp.Diff(strings.Split(strings.TrimSuffix(want[s.name], "\n"), "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("-LuaJIT +ours:\n%s", diff)
				}
			})
		}
	}
}
