package index_test

import (
	"strings"
	"testing"

	"moongate/phases/index"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/static"
)

const program = `events {} http { server { listen ADDR; root PREFIXhtml;
	location / { }
	location /two/ { index none.html second.htm; }
	location /var/ { index $arg_i.html /a/; }
	location /alias/ { alias PREFIXhtml/a/; index index.html; }
	location /abs/ { index none /fallback; }
	location = /fallback { return 200 "fell back with $args"; }
	location /a/only.txt { internal; return 200 internal; }
	location /in/ { alias PREFIXhtml/a/; index only.txt; }
} }`

func TestIndex(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/index.html", "root")
	phasetest.WriteFile(t, dir+"html/a/index.html", "a")
	phasetest.WriteFile(t, dir+"html/two/second.htm", "second")
	phasetest.WriteFile(t, dir+"html/var/x.html", "x")
	phasetest.WriteFile(t, dir+"html/bare/file", "x")
	phasetest.WriteFile(t, dir+"html/a/only.txt", "x")
	phasetest.WriteFile(t, dir+"html/abs/file", "x")
	s := phasetest.StartIn(t, dir, program, rewrite.Module, index.Module, static.Module)
	for _, c := range []struct {
		name, path string
		status     int
		body, log  string
	}{
		{"usual", "/", 200, "root", ""},
		{"directory", "/a/", 200, "a", ""},
		{"second of two", "/two/", 200, "second", ""},
		{"variable", "/var/?i=x", 200, "x", ""},
		{"absolute", "/var/?i=q", 200, "a", ""},
		{"alias", "/alias/", 200, "a", ""},
		{"arguments are kept", "/abs/?q=1", 200, "fell back with q=1", ""},
		{"no directory", "/none/", 404, "", `"PREFIXhtml/none/index.html" is not found (2: No such file or directory), client`},
		{"below a file", "/a/index.html/", 404, "", `"PREFIXhtml/a/index.html/index.html" is not found (20: Not a directory), client`},
		{"directory without index", "/bare/", 403, "", `directory index of "PREFIXhtml/bare/" is forbidden`},
		{"the redirect is internal", "/in/", 200, "x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := s.Get(c.path)
			if res.Status != c.status || c.body != "" && res.Body != c.body {
				t.Fatal(res.Raw, s.ErrorLog())
			}
			if c.log != "" && !s.WaitLog(strings.ReplaceAll(c.log, "PREFIX", dir)) {
				t.Fatal(s.ErrorLog())
			}
		})
	}
	if res := s.Do("PUT", "/", ""); res.Status != 405 {
		t.Errorf("PUT: %s", res.Raw)
	}
}

func TestErrors(t *testing.T) {
	got := phasetest.LoadError(t, `events {} http { server { listen ADDR; index a ""; } }`, index.Module)
	if !strings.Contains(got, `index "" in "index" directive is invalid in `) {
		t.Fatal(got)
	}
}
