package charset_test

import (
	"strings"
	"testing"

	"moongate/phases/charset"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

const program = `events {} http { charset utf-8; server { listen ADDR; types { text/html html; text/css css; application/javascript js; image/gif gif; }
	location / { return 200 x; }
	location /off { charset off; return 200 x; }
	location /var { charset $arg_cs; return 200 x; }
	location /types/ { charset_types TEXT/css; return 200 x; }
	location /all/ { charset_types *; return 200 x; }
	location /set { default_type "text/plain; charset=koi8-r"; return 200 x; }
	location /over { default_type "text/plain; charset=koi8-r"; override_charset on; return 200 x; }
	location /overok { default_type "text/plain; charset=UTF-8"; override_charset on; return 200 x; }
	location /moved { return 302 /; }
	location /if { if ($arg_x) { charset koi8-r; } return 200 x; }
	location /missing { return 404; }
} }`

func TestCharset(t *testing.T) {
	s := phasetest.Start(t, program, rewrite.Module, charset.Module)
	for _, c := range []struct{ name, path, want string }{
		{"html", "/a.html", "text/html; charset=utf-8"},
		{"default type", "/a", "text/plain; charset=utf-8"},
		{"javascript", "/a.js", "application/javascript; charset=utf-8"},
		{"css is not among the types", "/a.css", "text/css"},
		{"picture", "/a.gif", "image/gif"},
		{"off", "/off", "text/plain"},
		{"variable", "/var?cs=koi8-r", "text/plain; charset=koi8-r"},
		{"empty variable", "/var", "text/plain"},
		{"types", "/types/a.css", "text/css; charset=utf-8"},
		{"html is always among the types", "/types/a.html", "text/html; charset=utf-8"},
		{"types replace the usual ones", "/types/a.js", "application/javascript"},
		{"all types", "/all/a.gif", "image/gif; charset=utf-8"},
		{"set already", "/set", "text/plain; charset=koi8-r"},
		{"no conversion", "/over", "text/plain; charset=koi8-r"},
		{"the same already", "/overok", "text/plain; charset=UTF-8"},
		{"redirect", "/moved", "text/html"},
		{"if", "/if?x=1", "text/plain; charset=koi8-r"},
		{"error page", "/missing", "text/html; charset=utf-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Get(c.path).Header.Get("Content-Type"); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
	if !s.WaitLog(`no "charset_map" between the charsets "koi8-r" and "utf-8"`) {
		t.Error(s.ErrorLog())
	}
}

func TestErrors(t *testing.T) {
	got := phasetest.LoadError(t, `events {} http { source_charset koi8-r; charset_map a b { } charset a; charset b; server { listen ADDR; } }`, charset.Module)
	for _, want := range []string{`the directive "source_charset" is not supported by moongate yet`, `the directive "charset_map" is not supported by moongate yet`, `"charset" directive is duplicate`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
