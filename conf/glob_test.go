package conf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatchName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*.conf", "a.conf", true},
		{"*.conf", ".conf", false},
		{"*.conf", ".a.conf", false},
		{".*.conf", ".a.conf", true},
		{"?.conf", "a.conf", true},
		{"?.conf", ".conf", false},
		{"?", "ab", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-b-c-d", false},
		{"*", "", true},
		{"a**", "a", true},
		{"[a-c]x", "bx", true},
		{"[a-c]x", "dx", false},
		{"[!a-c]x", "dx", true},
		{"[^a-c]x", "bx", false},
		{"[]a]", "]", true},
		{"[!]a]", "b", true},
		{"[a-]", "-", true},
		{"[[:digit:]-]*", "7a", true},
		{"[[:alpha:][:digit:]]", "_", false},
		{"[[:upper:]]", "A", true},
		{`[\]]`, "]", true},
		{"[a", "[a", true},
		{"[a", "a", false},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{`a\`, `a\`, true},
	}
	for _, tt := range tests {
		if got := matchName(tt.pattern, tt.name); got != tt.want {
			t.Errorf("matchName(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"a/x.conf", "a-b/x.conf", "a/.hidden.conf", ".git/x.conf", "B/y.conf", "top.conf", "c.conf/in", "[z].conf",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		pattern string
		want    []string
	}{
		{"*/*.conf", []string{"B/y.conf", "a-b/x.conf", "a/x.conf"}},
		{"*.conf", []string{"[z].conf", "c.conf", "top.conf"}},
		{"a*/x.conf", []string{"a-b/x.conf", "a/x.conf"}},
		{"a//x*", []string{"a//x.conf"}},
		{"*/none", nil},
		{"none/*", nil},
		{"top.conf/*", nil},
		{"top.conf", []string{"top.conf"}},
		{`[[]z].conf`, []string{"[z].conf"}},
		{"a*/", []string{"a-b/", "a/"}},
	}
	for _, tt := range tests {
		names, err := Glob(dir + "/" + tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			got = append(got, strings.TrimPrefix(name, dir+"/"))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("Glob(%q) -want +got:\n%s", tt.pattern, d)
		}
	}
	if names, _ := Glob(""); names != nil {
		t.Errorf(`Glob("") = %q`, names)
	}
	if names, _ := Glob("*_test.g[o]"); len(names) == 0 || strings.Contains(names[0], "/") {
		t.Errorf("relative pattern: %q", names)
	}
}
