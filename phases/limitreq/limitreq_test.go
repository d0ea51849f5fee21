package limitreq

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

const config = `events {} http {
	limit_req_zone $arg_k zone=one:64k rate=1r/m;
	limit_req_zone $arg_k zone=two:64k rate=1r/m;
	limit_req_zone $arg_k zone=quick:64k rate=50r/s;
	server { listen ADDR;
	location /one { limit_req zone=one; echo "$limit_req_status"; }
	location /burst { limit_req zone=two burst=2 nodelay; limit_req_status 429; limit_req_log_level warn; echo "$limit_req_status"; }
	location /dry { limit_req zone=one; limit_req_dry_run on; echo "$limit_req_status"; }
	location /both { limit_req zone=one burst=5 nodelay; limit_req zone=two; echo "$limit_req_status"; }
	location /delay { limit_req zone=quick burst=5; echo "$limit_req_status"; }
	location /exec { limit_req zone=one; echo_exec /again; }
	location /again { limit_req zone=one; echo "$limit_req_status"; }
} }`

func start(t *testing.T) *phasetest.Server {
	return phasetest.Start(t, config, echo.Module, Module)
}

func TestLimits(t *testing.T) {
	s := start(t)
	steps := []struct {
		path   string
		status int
		body   string
	}{
		{"/one?k=a", 200, "PASSED\n"},
		{"/one?k=a", 503, ""},
		{"/one?k=b", 200, "PASSED\n"},
		{"/one", 200, "\n"}, // an empty key is not counted
		{"/one", 200, "\n"},
		{"/dry?k=a", 200, "REJECTED_DRY_RUN\n"},
		{"/burst?k=a", 200, "PASSED\n"},
		{"/burst?k=a", 200, "PASSED\n"},
		{"/burst?k=a", 200, "PASSED\n"},
		{"/burst?k=a", 429, ""},
		{"/both?k=c", 200, "PASSED\n"},
		{"/both?k=c", 503, ""}, // the second limit refuses; the first did not count the request
		{"/exec?k=d", 200, "PASSED\n"},
	}
	for i, tt := range steps {
		res := s.Get(tt.path)
		if res.Status != tt.status || tt.body != "" && res.Body != tt.body {
			t.Errorf("step %d, %s: %d %q, want %d %q", i, tt.path, res.Status, res.Body, tt.status, tt.body)
		}
	}
	for _, want := range []string{
		`[error]`, `limiting requests, excess: `, ` by zone "one", client: `, `limiting requests, dry run, excess: `, `[warn]`,
	} {
		if !s.WaitLog(want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestDelay(t *testing.T) {
	s := start(t)
	for i := 0; ; i++ {
		path := fmt.Sprint("/delay?k=", i)
		begin := time.Now()
		if got := s.Get(path).Body; got != "PASSED\n" {
			t.Fatalf("first: %q", got)
		}
		got := s.Get(path).Body
		d := time.Since(begin)
		if got == "PASSED\n" && d >= 20*time.Millisecond {
			continue // on a busy machine the second may come when it is due
		}
		if got != "DELAYED\n" {
			t.Fatalf("second: %q", got)
		}
		if d < 10*time.Millisecond {
			t.Errorf("not held back: %v", d)
		}
		break
	}
	if !s.WaitLog(`[warn]`) || !s.WaitLog(`, by zone "quick"`) {
		t.Errorf("log: %s", s.ErrorLog())
	}
}

func TestReload(t *testing.T) {
	s := start(t)
	text := config
	s.Get("/one?k=a")
	if err := s.Reload(text); err != nil {
		t.Fatal(err)
	}
	if got := s.Get("/one?k=a").Status; got != 503 {
		t.Errorf("the zone was forgotten: %d", got)
	}
	err := s.Reload(strings.Replace(text, "$arg_k zone=one", "$uri zone=one", 1))
	if err == nil || err.Error() != `limit_req "one" uses the "$uri" key while previously it used the "$arg_k" key` {
		t.Errorf("another key: %v", err)
	}
	if err := s.Reload(strings.Replace(text, "one:64k", "one:65k", 1)); err != nil {
		t.Fatal(err)
	}
	if got := s.Get("/one?k=a").Status; got != 200 {
		t.Errorf("a zone of another size is new: %d", got)
	}
}

func TestTable(t *testing.T) {
	tab := newTable(64 << 10)
	z := &zone{Name: "z", Rate: 1000, Memory: tab}
	x := &limit{zone: z}
	now := time.Now()
	for i := range 600 { // more than the 512 of 128 bytes that fit
		if _, _, v := tab.look(fmt.Sprint("key", i), x, now, true); v != passed {
			t.Fatalf("key %d: %v", i, v)
		}
	}
	if len(tab.buckets) != 512 || tab.recent.Len() != 512 || tab.used != 64<<10 {
		t.Errorf("%d buckets, %d in the list, %d bytes", len(tab.buckets), tab.recent.Len(), tab.used)
	}
	if _, ok := tab.buckets["key599"]; !ok {
		t.Error("the newest key is gone")
	}
	if _, ok := tab.buckets["key0"]; ok {
		t.Error("the oldest key is still there")
	}
	if _, e, v := tab.look("key599", x, now.Add(500*time.Millisecond), true); v != busy || e != 500 {
		t.Errorf("half a second later: %d %v", e, v)
	}
	if _, e, v := tab.look("key599", x, now.Add(time.Second), true); v != passed || e != 0 {
		t.Errorf("a second later: %d %v", e, v)
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no zone", "limit_req burst=1;", `"limit_req" must have "zone" parameter`},
		{"unknown zone", "limit_req zone=x;", `zero size shared memory zone "x"`},
		{"zone twice", "limit_req_zone $uri zone=x:1m rate=1r/s; limit_req_zone $host zone=x:1m rate=1r/s;", `limit_req_zone "x" is already bound to key "$uri"`},
		{"rate", "limit_req_zone $uri zone=x:1m rate=0r/s;", `invalid rate "rate=0r/s"`},
		{"zone size", "limit_req_zone $uri zone=x rate=1r/s;", `invalid zone size "zone=x"`},
		{"small", "limit_req_zone $uri zone=x:1k rate=1r/s;", `zone "zone=x:1k" is too small`},
		{"burst", "limit_req zone=x burst=0;", `invalid burst value "burst=0"`},
		{"delay", "limit_req zone=x delay=x;", `invalid delay value "delay=x"`},
		{"parameter", "limit_req zone=x x;", `invalid parameter "x"`},
		{"twice", "limit_req zone=x; limit_req zone=x;", `"limit_req" directive is duplicate`},
		{"status", "limit_req_status 200;", `value must be between 400 and 599`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { "+tt.text+" server { listen ADDR; } }", Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
