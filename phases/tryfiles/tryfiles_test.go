package tryfiles_test

import (
	"strings"
	"testing"

	"moongate/phases/index"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/static"
	"moongate/phases/tryfiles"
)

const program = `events {} http { server { listen ADDR; root PREFIXhtml;
	location / { try_files $uri $uri/ /fallback?from=$uri&$args; }
	location = /fallback { return 200 "fallback $args"; }
	location /code/ { try_files $uri =410; }
	location /named/ { try_files $uri @other; }
	location @other { return 200 "other $uri"; }
	location /alias/ { alias PREFIXhtml/d/; try_files $uri $uri.css /x.txt =404; }
	location ~ ^/re/(.*)$ { alias PREFIXhtml/d/; try_files $1 more/$1 =404; }
	location /fixed { try_files /none /f.txt =404; }
	location /if { if ($arg_x) { return 200 "no try"; } try_files /f.txt =404; }
	location /loop { try_files /none /loop; }
} }`

func TestTryFiles(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/f.txt", "f")
	phasetest.WriteFile(t, dir+"html/d/index.html", "index")
	phasetest.WriteFile(t, dir+"html/d/a.css", "css")
	phasetest.WriteFile(t, dir+"html/d/x.txt", "x")
	phasetest.WriteFile(t, dir+"html/d/more/m", "m")
	s := phasetest.StartIn(t, dir, program, rewrite.Module, tryfiles.Module, index.Module, static.Module)
	for _, c := range []struct {
		name, path string
		status     int
		body       string
	}{
		{"file", "/f.txt", 200, "f"},
		{"directory", "/d/", 200, "index"},
		{"fallback", "/none?a=1", 200, "fallback from=/none&a=1"},
		{"code", "/code/x", 410, ""},
		{"named location", "/named/x", 200, "other /named/x"},
		{"alias", "/alias/a.css", 200, "css"},
		{"alias with suffix", "/alias/a", 200, "css"},
		{"alias with a constant", "/alias/none", 200, "x"},
		{"regex alias", "/re/a.css", 200, "css"},
		{"regex alias, second", "/re/m", 200, "m"},
		{"regex alias, none", "/re/q", 404, ""},
		{"constant", "/fixed", 200, "f"},
		{"cycle", "/loop", 500, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := s.Get(c.path)
			if res.Status != c.status || c.body != "" && res.Body != c.body {
				t.Fatal(res.Raw, s.ErrorLog())
			}
		})
	}
	if !s.WaitLog(`rewrite or internal redirection cycle while internally redirecting to "/loop"`) {
		t.Error(s.ErrorLog())
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"one", `try_files $uri;`, `invalid number of arguments in "try_files" directive in `},
		{"twice", `try_files a b; try_files c d;`, `"try_files" directive is duplicate in `},
		{"code", `try_files a =none;`, `invalid code "=none" in `},
		{"large code", `try_files a =1000;`, `invalid code "=1000" in `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "events {} http { server { listen ADDR; location / { "+c.text+" } } }", tryfiles.Module)
			if !strings.Contains(got, c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}
