package phases

import (
	"testing"
	"time"
)

func TestParseHTTPTime(t *testing.T) {
	want := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"RFC 1123", "Sun, 06 Nov 1994 08:49:37 GMT", true},
		{"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", true},
		{"asctime", "Sun Nov  6 08:49:37 1994", true},
		{"another weekday is not looked at", "Mon, 06 Nov 1994 08:49:37 GMT", true},
		{"no zone", "Sun, 06 Nov 1994 08:49:37", true},
		{"empty", "", false},
		{"a word", "yesterday", false},
		{"cut off", "Sun, 06 Nov 1994", false},
		{"no such day", "Sun, 31 Feb 1994 08:49:37 GMT", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := ParseHTTPTime(c.in)
			if ok != c.ok || ok && !got.Equal(want) {
				t.Fatalf("ParseHTTPTime(%q) = %v, %v", c.in, got, ok)
			}
		})
	}
	if got := FormatHTTPTime(want); got != "Sun, 06 Nov 1994 08:49:37 GMT" {
		t.Fatal(got)
	}
}

func TestExtension(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"/a.html", "html"}, {"/a.b/c", ""}, {"/.html", ""}, {"/a/.html", ""}, {"/a/..html", "html"}, {"/a.", ""}, {"/", ""}, {"", ""}, {"/x.tar.gz", "gz"},
	} {
		if got := extension(c.path); got != c.want {
			t.Errorf("extension(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}
