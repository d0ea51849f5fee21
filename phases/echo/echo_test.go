package echo_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

const program = `events {} http { server { listen ADDR;
	location /plain { echo hello; echo world; }
	location /join { echo a "" b $arg_x; }
	location /bare { echo; }
	location /n { echo -n a; echo -n -- -n; echo; }
	location /nothing { echo -n; }
	location /dup { echo_duplicate 1_0 ab; }
	location /dup0 { echo_duplicate 0 ab; }
	location /dupbad { echo_duplicate $arg_n ab; }
	location /status { echo_status 404; echo gone; }
	location /split { echo_foreach_split '&' $query_string; echo "<$echo_it>"; echo_end; echo done; }
	location /nest { echo_foreach_split , a,b; echo_foreach_split , c,d; echo x; echo_end; echo_end; }
	location /loose { echo_end; }
	location /body { echo_read_request_body; echo_request_body; echo "|$echo_request_body"; }
	location /unread { echo_request_body; echo "[$echo_request_body]"; }
	location /sub { echo_location /inner a=1; echo_location /inner?b=2; echo end; }
	location /inner { echo "$echo_request_method $echo_client_request_method $echo_request_uri $args"; }
	location /async { echo_location_async /slow; echo_location_async /quick; echo_location /quick; echo end; }
	location /slow { echo_sleep 0.05; echo slow; }
	location /quick { echo quick; }
	location /sr { echo_subrequest PUT /show -q "q=1" -b "the body"; echo_subrequest_async POST /show -f conf/body.txt; }
	location /show { echo_read_request_body; echo -n "$echo_request_method $args $http_content_length "; echo_request_body; echo; }
	location /srbad { echo_subrequest GET /show -z; }
	location /around { echo_before_body before; echo_after_body -n after; echo_after_body " 2"; echo inside; }
	location /around2 { echo_before_body before; echo_after_body after; echo_location /quick; }
	location /exec { echo_exec /inner x=y; }
	location /execnamed { echo_exec @named; }
	location /execquery { echo_exec @named?a=1; }
	location /execunsafe { echo_exec /../x; }
	location /unsafe { echo_location /../x; }
	location /nostatus { echo "[$echo_response_status]"; }
	location @named { echo "named $uri"; }
	location /heads { echo -n $echo_client_request_headers; }
	location /incr { echo $echo_incr $echo_incr; echo_location /incr2; echo $echo_incr; }
	location /incr2 { echo $echo_incr; }
	location /timer { echo_sleep 0.05; echo_reset_timer; echo $echo_timer_elapsed; }
	location /sleepbad { echo_sleep x; }
	location /t.html { echo hi; }
	location /nested { echo_location_async /sub; echo outer; }
	location /before { echo_before_body "$echo_response_status"; echo_status 201; echo x; }
	location /flush { echo a; echo_flush; echo b; }
} }`

func TestEcho(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"conf/body.txt", "from a file")
	s := phasetest.StartIn(t, dir, program, echo.Module)
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"two lines", "GET", "/plain", "", 200, "hello\nworld\n"},
		{"arguments are joined, empty ones too", "GET", "/join?x=7", "", 200, "a  b 7\n"},
		{"no argument", "GET", "/bare", "", 200, "\n"},
		{"options", "GET", "/n", "", 200, "a-n\n"},
		{"nothing at all", "GET", "/nothing", "", 200, ""},
		{"duplicate", "GET", "/dup", "", 200, strings.Repeat("ab", 10)},
		{"duplicate nothing", "GET", "/dup0", "", 200, ""},
		{"status", "GET", "/status", "", 404, "gone\n"},
		{"foreach", "GET", "/split?a&&bc&d", "", 200, "<a>\n<bc>\n<d>\ndone\n"},
		{"foreach over nothing", "GET", "/split", "", 200, "done\n"},
		{"nested foreach", "GET", "/nest", "", 500, ""},
		{"body", "POST", "/body", "abc", 200, "abc|abc\n"},
		{"body not read", "POST", "/unread", "abc", 200, "[]\n"},
		{"locations", "POST", "/sub", "x", 200, "GET POST /inner a=1\nGET POST /inner b=2\nend\n"},
		{"async keeps the order", "GET", "/async", "", 200, "slow\nquick\nquick\nend\n"},
		{"subrequest", "GET", "/sr", "", 200, "PUT q=1 8 the body\nPOST  11 from a file\n"},
		{"around", "GET", "/around", "", 200, "before\ninside\nafter 2\n"},
		{"exec", "GET", "/exec", "", 200, "GET GET /inner x=y\n"},
		{"exec named", "GET", "/execnamed", "", 200, "named /execnamed\n"},
		{"exec named leaves the query", "GET", "/execquery", "", 200, "named /execquery\n"},
		{"no status before the head", "GET", "/nostatus", "", 200, "[]\n"},
		{"heads", "GET", "/heads", "", 200, "GET /heads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"},
		{"incr", "GET", "/incr", "", 200, "1 2\n3\n4\n"},
		{"bad sleep", "GET", "/sleepbad", "", 400, ""},
		{"around subrequests", "GET", "/around2", "", 200, "before\nquick\nafter\n"},
		{"nested async", "GET", "/nested", "", 200, "GET GET /inner a=1\nGET GET /inner b=2\nend\nouter\n"},
		{"flush", "GET", "/flush", "", 200, "a\nb\n"},
		{"head", "HEAD", "/plain", "", 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := s.Do(tt.method, tt.path, tt.body)
			if res.Status != tt.status {
				t.Errorf("status %d, want %d", res.Status, tt.status)
			}
			if tt.status < 400 || tt.want != "" {
				if diff := cmp.Diff(tt.want, res.Body); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestFraming(t *testing.T) {
	s := phasetest.Start(t, program, echo.Module)
	_, body, _ := strings.Cut(s.Get("/plain").Raw, "\r\n\r\n")
	if want := "6\r\nhello\n\r\n6\r\nworld\n\r\n0\r\n\r\n"; body != want {
		t.Errorf("HTTP/1.1: %q", body)
	}
	head, body, _ := strings.Cut(s.Raw("GET /plain HTTP/1.0\r\n\r\n"), "\r\n\r\n")
	if body != "hello\nworld\n" || strings.Contains(head, "chunked") {
		t.Errorf("HTTP/1.0: %q %q", head, body)
	}
	if ct := s.Get("/t.html").Header.Get("Content-Type"); ct != "text/html" {
		t.Errorf("content type %q", ct)
	}
}

func TestTimerAndSleep(t *testing.T) {
	s := phasetest.Start(t, program, echo.Module)
	begin := time.Now()
	got := s.Get("/timer").Body
	took := time.Since(begin)
	if took < 50*time.Millisecond {
		t.Error("did not sleep")
	}
	if !regexp.MustCompile(`^\d\.\d{3}\n$`).MatchString(got) {
		t.Errorf("timer: %q", got)
	}
	if elapsed, _ := time.ParseDuration(strings.TrimSpace(got) + "s"); elapsed > took-49*time.Millisecond { // it counts whole milliseconds
		t.Errorf("%v after the reset, of %v in all: the sleep counts", elapsed, took)
	}
}

func TestErrorsInTheLog(t *testing.T) {
	s := phasetest.Start(t, program, echo.Module)
	for path, want := range map[string]string{
		"/nest":       "Nested echo_foreach not supported yet.",
		"/loose":      "Found a echo_end that has no corresponding echo_foreach before it.",
		"/dupbad?n=x": `invalid size specified: "x"`,
		"/srbad":      "unknown option for echo_subrequest*: -z",
		"/sleepbad":   `invalid sleep duration "x"`,
		"/execquery":  `querystring a=1 ignored when exec'ing named location @named`,
		"/execunsafe": `echo_exec sees unsafe uri: "/../x"`,
		"/unsafe":     `echo_location sees unsafe uri: "/../x"`,
		"/around":     `echo header filter, uri "/around?"`,
	} {
		s.Raw("GET " + path + " HTTP/1.0\r\n\r\n")
		if !s.WaitLog(want) {
			t.Errorf("%s: the log lacks %q", path, want)
		}
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"not in server", "echo x;", `"echo" directive is not allowed here`},
		{"arguments", "location / { echo_sleep; }", `invalid number of arguments in "echo_sleep" directive`},
		{"unknown variable", "location / { echo $nope; }", `unknown "nope" variable`},
		{"abort_parent", "location / { echo_abort_parent; }", "not supported by moongate yet"},
		{"status", "location / { echo_status x; }", "invalid number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { server { listen ADDR; "+tt.text+" } }", echo.Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
