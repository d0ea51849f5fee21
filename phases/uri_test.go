package phases

import (
	"strings"
	"testing"
)

func TestParseURI(t *testing.T) {
	for _, c := range []struct {
		name, in, path, args string
		ok                   bool
	}{
		{"plain", "/a/b", "/a/b", "", true},
		{"arguments stay raw", "/a?b=%20&c", "/a", "b=%20&c", true},
		{"decoded", "/a%20b%2Fc", "/a b/c", "", true},
		{"a decoded question mark is no separator", "/a%3Fb?c", "/a?b", "c", true},
		{"slashes merge", "//a///b", "/a/b", "", true},
		{"dot", "/a/./b", "/a/b", "", true},
		{"dot at the end", "/a/.", "/a/", "", true},
		{"dot-dot", "/a/b/../c", "/a/c", "", true},
		{"dot-dot at the end", "/a/b/..", "/a/", "", true},
		{"encoded dot-dot", "/a/%2e%2E/b", "/b", "", true},
		{"above the root", "/../a", "", "", false},
		{"above the root, encoded", "/a/%2e%2e/%2e%2e/b", "", "", false},
		{"a name that begins with dots", "/a/..b", "/a/..b", "", true},
		{"three dots", "/a/.../b", "/a/.../b", "", true},
		{"zero byte", "/a%00", "", "", false},
		{"half an escape", "/a%2", "", "", false},
		{"no escape", "/a%zz", "", "", false},
		{"fragment", "/a#b", "/a", "", true},
		{"fragment behind arguments", "/a?b#c", "/a", "b", true},
		{"not a path", "a", "", "", false},
		{"empty", "", "", "", false},
		{"dots do not count in arguments", "/a?../..", "/a", "../..", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, args, ok := ParseURI(c.in, true)
			if path != c.path || args != c.args || ok != c.ok {
				t.Errorf("ParseURI(%q) = %q, %q, %v; want %q, %q, %v", c.in, path, args, ok, c.path, c.args, c.ok)
			}
		})
	}
	if p, _, _ := ParseURI("//a//b", false); p != "//a//b" {
		t.Errorf("merge_slashes off: %q", p)
	}
}

func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"/", "/a/../b", "/%2e%2e/", "//a/./b?c#d", "/a%zz"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, merge bool) {
		path, _, ok := ParseURI(s, merge)
		if !ok {
			return
		}
		if path == "" || path[0] != '/' || strings.IndexByte(path, 0) >= 0 {
			t.Fatalf("ParseURI(%q) = %q", s, path)
		}
		for seg := range strings.SplitSeq(path, "/") {
			if seg == ".." || seg == "." {
				t.Fatalf("ParseURI(%q) = %q keeps a dot segment", s, path)
			}
		}
		if merge && strings.Contains(path, "//") {
			t.Fatalf("ParseURI(%q) = %q keeps doubled slashes", s, path)
		}
	})
}

func TestValidHost(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		ok             bool
	}{
		{"plain", "example.org", "example.org", true},
		{"port", "example.org:8080", "example.org", true},
		{"case", "EXAMPLE.org", "example.org", true},
		{"trailing dot", "example.org.", "example.org", true},
		{"two dots", "a..b", "", false},
		{"address", "[::1]:80", "[::1]", true},
		{"open bracket", "[::1", "", false},
		{"slash", "a/b", "", false},
		{"space", "a b", "", false},
		{"control", "a\x01b", "", false},
		{"empty", "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := ValidHost(c.in); got != c.want || ok != c.ok {
				t.Errorf("ValidHost(%q) = %q, %v; want %q, %v", c.in, got, ok, c.want, c.ok)
			}
		})
	}
}

func TestEscapeURI(t *testing.T) {
	if got := EscapeURI("/a b?c#d%é"); got != "/a%20b%3Fc%23d%25%C3%A9" {
		t.Error(got)
	}
	if got := UnescapeURI("a%20b%zz%4"); got != "a b%zz%4" {
		t.Error(got)
	}
}
