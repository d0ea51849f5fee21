package static_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"moongate/phases/phasetest"
	"moongate/phases/static"
)

const program = `events {} http { types { text/html html; text/css css; } default_type text/plain;
	server { listen ADDR; root PREFIXhtml;
	location /quiet/ { log_not_found off; }
	location /alias/ { alias PREFIXhtml/d/; etag off; }
	location /named { error_page 404 /d/a.css; }
	location ~ ^/re/(.*)$ { alias PREFIXhtml/d/$1; }
	location /rel { absolute_redirect off; }
} }`

func TestStatic(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/a.html", "hello")
	phasetest.WriteFile(t, dir+"html/d/a.css", "b {}")
	phasetest.WriteFile(t, dir+"html/d/none", "")
	phasetest.WriteFile(t, dir+"html/a b/f", "x")
	phasetest.WriteFile(t, dir+"html/rel/f", "x")
	big := strings.Repeat("0123456789abcdef", 1<<14)
	phasetest.WriteFile(t, dir+"html/big.bin", big)
	phasetest.WriteFile(t, dir+"html/locked", "x")
	if err := os.Chmod(dir+"html/locked", 0); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(dir+"html/pipe", 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2020, 3, 4, 5, 6, 7, 8e8, time.UTC)
	if err := os.Chtimes(dir+"html/a.html", at, at); err != nil {
		t.Fatal(err)
	}
	s := phasetest.StartIn(t, dir, program, static.Module)
	_, port, _ := strings.Cut(s.Addr(), ":")

	for _, c := range []struct {
		name, method, path string
		status             int
		body, kind         string
		location           string
		log                string
	}{
		{name: "file", path: "/a.html", status: 200, body: "hello", kind: "text/html"},
		{name: "HEAD", method: "HEAD", path: "/a.html", status: 200, kind: "text/html"},
		{name: "alias", path: "/alias/a.css", status: 200, body: "b {}", kind: "text/css"},
		{name: "regex alias", path: "/re/a.css", status: 200, body: "b {}", kind: "text/css"},
		{name: "empty file", path: "/d/none", status: 200, kind: "text/plain"},
		{name: "large file", path: "/big.bin", status: 200, body: big, kind: "text/plain"},
		{name: "missing", path: "/none?x", status: 404, log: `open() "PREFIXhtml/none" failed (2: No such file or directory), client: 127.0.0.1, server: , request: "GET /none?x HTTP/1.1", host: "localhost"`},
		{name: "below a file", path: "/a.html/x", status: 404, log: `html/a.html/x" failed (20: Not a directory)`},
		{name: "long name", path: "/" + strings.Repeat("n", 300), status: 404, log: `failed (36: File name too long)`},
		{name: "directory", path: "/d", status: 301, location: "http://localhost:" + port + "/d/"},
		{name: "directory with args", path: "/a%20b?c=d", status: 301, location: "http://localhost:" + port + "/a%20b/?c=d"},
		{name: "relative redirect", path: "/rel", status: 301, location: "/rel/"},
		{name: "slash without index", path: "/d/", status: 403, log: `directory index of "PREFIXhtml/d/" is forbidden`},
		{name: "pipe", path: "/pipe", status: 404, log: `html/pipe" is not a regular file`},
		{name: "POST", method: "POST", path: "/a.html", status: 405},
		{name: "POST to nothing", method: "POST", path: "/none", status: 404},
		{name: "PUT", method: "PUT", path: "/a.html", status: 405},
		{name: "error page", path: "/named", status: 404, body: "b {}", kind: "text/css"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			res := s.Do(c.method, c.path, "")
			if res.Status != c.status {
				t.Fatalf("%d: %.500s\n%s", res.Status, res.Raw, s.ErrorLog())
			}
			if c.kind != "" && (res.Body != c.body || res.Header.Get("Content-Type") != c.kind) {
				t.Fatalf("%q %.500s", res.Header.Get("Content-Type"), res.Raw)
			}
			if got := res.Header.Get("Location"); got != c.location {
				t.Fatalf("Location: %q", got)
			}
			if c.log != "" && !s.WaitLog(strings.ReplaceAll(c.log, "PREFIX", dir)) {
				t.Fatal(s.ErrorLog())
			}
		})
	}

	t.Run("validators", func(t *testing.T) {
		res := s.Get("/a.html")
		if res.Header.Get("Last-Modified") != "Wed, 04 Mar 2020 05:06:07 GMT" || res.Header.Get("ETag") != `"5e5f373f-5"` || res.Header.Get("Content-Length") != "5" {
			t.Fatal(res.Raw)
		}
		if res := s.Get("/alias/a.css"); res.Header.Get("ETag") != "" {
			t.Fatal(res.Raw)
		}
	})
	t.Run("log_not_found off", func(t *testing.T) {
		before := strings.Count(s.ErrorLog(), "quiet")
		if res := s.Get("/quiet/none"); res.Status != 404 || strings.Count(s.ErrorLog(), "quiet") != before {
			t.Fatal(s.ErrorLog())
		}
	})
	t.Run("forbidden", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may read everything")
		}
		if res := s.Get("/locked"); res.Status != 403 || !s.WaitLog("html/locked\" failed (13: Permission denied)") {
			t.Fatal(res.Raw)
		}
	})
}
