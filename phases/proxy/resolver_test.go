package proxy_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestResolver: a host that a variable names is looked up with the servers of the resolver directive.
func TestResolver(t *testing.T) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		switch q.Question[0].Name {
		case "up.test.":
			rr, _ := dns.NewRR("up.test. 60 A 127.0.0.1")
			m.Answer = append(m.Answer, rr)
		case "mute.test.":
			return
		default:
			m.Rcode = dns.RcodeNameError
		}
		w.WriteMsg(m) //nolint:errcheck // the test sees what came
	})}
	go srv.ActivateAndServe()            //nolint:errcheck // ends with the test
	t.Cleanup(func() { srv.Shutdown() }) //nolint:errcheck // as above
	b := fixed(t, ok("found"))
	_, port, _ := net.SplitHostPort(b.addr())
	s := start(t, "resolver "+pc.LocalAddr().String()+" ipv6=off;", "location / { proxy_pass http://$arg_h:"+port+"; } location /mute { resolver_timeout 200ms; proxy_pass http://mute.test$arg_none:"+port+"; }", b)
	for _, tt := range []struct {
		path   string
		status int
		log    string
	}{
		{"/?h=up.test", 200, ""},
		{"/?h=none.test", 502, "none.test could not be resolved (3: Host not found), client"},
		{"/mute", 502, "mute.test could not be resolved (110: Operation timed out), client"},
	} {
		if res := s.Get(tt.path); res.Status != tt.status || !s.WaitLog(tt.log) {
			t.Errorf("%s: %d\n%s", tt.path, res.Status, s.ErrorLog())
		}
	}
	if !strings.Contains(b.last(), "Host: up.test:"+port+"\r\n") {
		t.Errorf("request %q", b.last())
	}
}

// TestLimitRate: proxy_limit_rate bounds how fast the upstream is read.
func TestLimitRate(t *testing.T) {
	b := fixed(t, ok(strings.Repeat("x", 100<<10)))
	s := start(t, "", "location / { proxy_limit_rate 200k; proxy_pass http://BACKEND0; }", b)
	begin := time.Now()
	if res := s.Get("/"); len(res.Body) != 100<<10 {
		t.Errorf("%d bytes", len(res.Body))
	}
	if d := time.Since(begin); d < 300*time.Millisecond {
		t.Errorf("took %v", d)
	}
}
