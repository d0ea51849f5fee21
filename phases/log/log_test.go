package log

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

// read waits until the file holds want and gives its text: the log phase runs after the client has its answer.
func read(t *testing.T, path, want string) (text string) {
	t.Helper()
	phasetest.Await(func() bool {
		b, _ := os.ReadFile(path)
		text = string(b)
		return strings.Contains(text, want)
	})
	return text
}

func TestFormats(t *testing.T) {
	s := phasetest.Start(t, `events {} http {
		log_format plain '$arg_a|${arg_b}c|$status|$http_none' '|$arg_e';
		log_format js escape=json '{"a":"$http_x","b":"$http_none"}';
		log_format raw escape=none '$http_x|$http_none|';
		server { listen ADDR;
			location /plain { access_log logs/plain.log plain; echo x; }
			location /js { access_log logs/js.log js; access_log logs/raw.log raw; echo x; }
			location /escape { access_log logs/escape.log plain; echo x; }
			location /if { access_log logs/if.log plain if=$arg_log; echo x; }
			location /off { access_log off; echo x; }
			location /var { access_log logs/$arg_a.log plain; echo x; }
			location /noroot { root /does/not/exist; access_log logs/$arg_a.log plain; echo x; }
			location / { echo x; }
		} }`, echo.Module, Module)
	s.Get("/plain?a=1&e=")
	s.Get("/plain?b=%22")
	if diff := cmp.Diff("1|-c|200|-|\n-|%22c|200|-|-\n", read(t, s.Dir+"logs/plain.log", "%22")); diff != "" {
		t.Error(diff)
	}
	s.Get("/js", "X: a\"\\\té")
	if diff := cmp.Diff(`{"a":"a\"\\\té","b":""}`+"\n", read(t, s.Dir+"logs/js.log", "\n")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("a\"\\\té||\n", read(t, s.Dir+"logs/raw.log", "\n")); diff != "" {
		t.Error(diff)
	}
	if got := string(escapeJSON(nil, "\x01\x1f\b")); got != `\u0001\u001F\b` {
		t.Errorf("control bytes in JSON: %s", got)
	}
	s.Get("/escape?a=\"\\\xc3")
	if diff := cmp.Diff(`\x22\x5C\xC3|-c|200|-|-`+"\n", read(t, s.Dir+"logs/escape.log", "\n")); diff != "" {
		t.Error(diff)
	}
	s.Get("/if?log=0")
	s.Get("/if")
	s.Get("/if?a=yes&log=1")
	if diff := cmp.Diff("yes|-c|200|-|-\n", read(t, s.Dir+"logs/if.log", "yes")); diff != "" {
		t.Error(diff)
	}
	s.Get("/var?a=named")
	if diff := cmp.Diff("named|-c|200|-|-\n", read(t, s.Dir+"logs/named.log", "\n")); diff != "" {
		t.Error(diff)
	}
	s.Get("/noroot?a=none")
	if !s.WaitLog(`testing "/does/not/exist" existence failed (2: No such file or directory)`) {
		t.Error("a missing root was not noticed")
	}
	s.Get("/off")
	s.Get("/last", "User-Agent: me", "Referer: there")
	line := read(t, s.Dir+"logs/access.log", "/last")
	if !regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /last HTTP/1\.1" 200 12 "there" "me"\n$`).MatchString(line) {
		t.Errorf("combined: %q", line)
	}
}

func TestBufferAndReopen(t *testing.T) {
	s := phasetest.Start(t, `events {} http { log_format f $uri; server { listen ADDR;
		access_log logs/slow.log f buffer=64;
		location /quick { access_log logs/quick.log f buffer=1k flush=20ms; echo x; }
		location / { echo x; }
		} }`, echo.Module, Module)
	s.Get("/quick")
	if got := read(t, s.Dir+"logs/quick.log", "quick"); got != "/quick\n" {
		t.Errorf("flush=: %q", got)
	}
	s.Get("/" + strings.Repeat("a", 40))
	s.Get("/" + strings.Repeat("b", 40))
	if got := read(t, s.Dir+"logs/slow.log", "a"); got != "/"+strings.Repeat("a", 40)+"\n" {
		t.Errorf("full buffer: %q", got)
	}
	old := filepath.Join(s.Dir, "logs/slow.old")
	if err := os.Rename(s.Dir+"logs/slow.log", old); err != nil {
		t.Fatal(err)
	}
	if err := Reopen(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, old, "b"); !strings.HasSuffix(got, "b\n") {
		t.Errorf("Reopen left the buffer: %q", got)
	}
	s.Get("/" + strings.Repeat("c", 100))
	if got := read(t, s.Dir+"logs/slow.log", "c"); got != "/"+strings.Repeat("c", 100)+"\n" {
		t.Errorf("longer than the buffer: %q", got)
	}
}

func TestReloadKeepsTheFile(t *testing.T) {
	text := `events {} http { log_format f $uri; access_log logs/f.log f buffer=1k; server { listen ADDR; location / { echo x; } } }`
	s := phasetest.Start(t, text, echo.Module, Module)
	s.Get("/one")
	if err := s.Reload(strings.Replace(text, " buffer=1k", "", 1)); err != nil {
		t.Fatal(err)
	}
	s.Get("/two")
	if got := read(t, s.Dir+"logs/f.log", "/one"); !strings.Contains(got, "/one\n") {
		t.Errorf("the old configuration's buffer is lost: %q", got)
	}
	if err := s.Reload(strings.Replace(text, "logs/f.log", "none/f.log", 1)); err == nil || !strings.Contains(err.Error(), "none/f.log\" failed (2: No such file or directory)") {
		t.Errorf("a log that cannot be opened: %v", err)
	}
	s.Get("/three")
	if got := read(t, s.Dir+"logs/f.log", "/three"); !strings.Contains(got, "/three\n") {
		t.Errorf("after a failed reload: %q", got)
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown format", "access_log a.log f;", `unknown log format "f"`},
		{"duplicate format", "log_format f x; log_format f y;", `duplicate "log_format" name "f"`},
		{"combined again", "log_format combined x;", `duplicate "log_format" name "combined"`},
		{"escaping", "log_format f escape=x y;", `unknown log format escaping "x"`},
		{"bracket", "log_format f '${abc';", `the closing bracket in "abc" variable is missing`},
		{"dollar", "log_format f 'a$';", `invalid parameter "$"`},
		{"unknown variable", "log_format f $nope;", `unknown "nope" variable`},
		{"off", "access_log off x;", `invalid parameter "x"`},
		{"parameter", "access_log a.log combined x=y;", `invalid parameter "x=y"`},
		{"buffer", "access_log a.log combined buffer=x;", `invalid buffer size "x"`},
		{"flush", "access_log a.log combined flush=x;", `invalid flush time "x"`},
		{"flush alone", "access_log a.log combined flush=1s;", `no buffer is defined for access_log "a.log"`},
		{"buffer and variable", "access_log $host combined buffer=1k;", "buffered logs cannot have variables in name"},
		{"conflict", "access_log a.log combined buffer=1k; access_log a.log combined buffer=2k;", `access_log "a.log" already defined with conflicting parameters`},
		{"gzip", "access_log a.log combined gzip;", "not supported by moongate yet"},
		{"syslog", "access_log syslog:server=x;", "not supported by moongate yet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { "+tt.text+" server { listen ADDR; } }", Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
