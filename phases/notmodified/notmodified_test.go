package notmodified_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"moongate/phases/notmodified"
	"moongate/phases/phasetest"
	"moongate/phases/static"
)

const program = `events {} http { server { listen ADDR; root PREFIXhtml;
	location / { }
	location /before/ { alias PREFIXhtml/; if_modified_since before; }
	location /off/ { alias PREFIXhtml/; if_modified_since off; }
	location /untagged/ { alias PREFIXhtml/; etag off; }
	location /page/ { alias PREFIXhtml/; error_page 412 /sorry; }
} }`

// The answers are nginx 1.22's.
func TestAsNginx(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/f.txt", "0123456789abcdefghijklmnopqrstuvwxyz")
	phasetest.WriteFile(t, dir+"html/sorry", "sorry")
	at := time.Date(2020, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := os.Chtimes(dir+"html/f.txt", at, at); err != nil {
		t.Fatal(err)
	}
	s := phasetest.StartIn(t, dir, program, static.Module, notmodified.Module)
	const tag = `"5e5f373f-24"`
	const earlier, then, later = "Wed, 04 Mar 2020 05:06:06 GMT", "Wed, 04 Mar 2020 05:06:07 GMT", "Wed, 04 Mar 2020 05:06:08 GMT"
	for _, c := range []struct {
		name, path string
		headers    []string
		status     int
	}{
		{"tag", "/f.txt", []string{"If-None-Match: " + tag}, 304},
		{"weak tag first", "/f.txt", []string{"If-None-Match: W/" + tag + `, "x"`}, 304},
		{"weak tag second", "/f.txt", []string{`If-None-Match: "x" , W/` + tag + " "}, 304},
		{"something behind the tag", "/f.txt", []string{`If-None-Match: "x",` + tag + "y"}, 200},
		{"any tag", "/f.txt", []string{"If-None-Match: *"}, 304},
		{"another tag", "/f.txt", []string{`If-None-Match: "x"`}, 200},
		{"no tag to match", "/untagged/f.txt", []string{"If-None-Match: " + tag}, 200},
		{"since then", "/f.txt", []string{"If-Modified-Since: " + then}, 304},
		{"since later is not exact", "/f.txt", []string{"If-Modified-Since: " + later}, 200},
		{"before: since later", "/before/f.txt", []string{"If-Modified-Since: " + later}, 304},
		{"before: since earlier", "/before/f.txt", []string{"If-Modified-Since: " + earlier}, 200},
		{"before: nonsense", "/before/f.txt", []string{"If-Modified-Since: x"}, 200},
		{"off", "/off/f.txt", []string{"If-Modified-Since: " + then}, 200},
		{"the tag must agree too", "/f.txt", []string{"If-Modified-Since: " + then, `If-None-Match: "x"`}, 200},
		{"both agree", "/f.txt", []string{"If-Modified-Since: " + then, "If-None-Match: " + tag}, 304},
		{"match", "/f.txt", []string{`If-Match: "x", ` + tag}, 200},
		{"no match", "/f.txt", []string{`If-Match: "x"`}, 412},
		{"weak tags do not match", "/f.txt", []string{"If-Match: W/" + tag}, 412},
		{"match any", "/f.txt", []string{"If-Match: *"}, 200},
		{"unmodified since later", "/f.txt", []string{"If-Unmodified-Since: " + later}, 200},
		{"modified since earlier", "/f.txt", []string{"If-Unmodified-Since: " + earlier}, 412},
		{"unmodified since nonsense", "/f.txt", []string{"If-Unmodified-Since: x"}, 412},
		{"a missing file", "/none", []string{"If-None-Match: *"}, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := s.Get(c.path, c.headers...)
			if res.Status != c.status {
				t.Fatal(res.Raw)
			}
			if res.Status == 304 && (res.Body != "" || res.Header.Get("Content-Type") != "" || res.Header.Get("Content-Length") != "" ||
				res.Header.Get("ETag") != tag || res.Header.Get("Last-Modified") != then) {
				t.Fatal(res.Raw)
			}
			if res.Status == 412 && (!strings.Contains(res.Body, "412 Precondition Failed") || res.Header.Get("ETag") != "") {
				t.Fatal(res.Raw)
			}
		})
	}
	if res := s.Get("/page/f.txt", `If-Match: "x"`); res.Status != 412 || res.Body != "sorry" {
		t.Errorf("error_page: %s", res.Raw)
	}
	keep := s.Raw("GET /f.txt HTTP/1.1\r\nHost: h\r\nIf-Match: x\r\n\r\nGET /sorry HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(keep, "HTTP/1.1 412") || !strings.HasSuffix(keep, "sorry") {
		t.Errorf("the connection goes on: %s", keep)
	}
}
