package resolver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// dnsServer answers on a loopback port of its own; asked counts the questions for A records.
func dnsServer(t *testing.T, asked *atomic.Int64) string {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rr := func(s string) dns.RR {
		r, err := dns.NewRR(s)
		if err != nil {
			t.Error(err)
		}
		return r
	}
	srv := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		name, a := q.Question[0].Name, q.Question[0].Qtype == dns.TypeA
		if a {
			asked.Add(1)
		}
		switch {
		case name == "two.test." && a:
			m.Answer = append(m.Answer, rr("two.test. 60 A 10.0.0.1"), rr("two.test. 60 A 10.0.0.2"))
		case name == "two.test.":
			m.Answer = append(m.Answer, rr("two.test. 60 AAAA ::1"))
		case name == "alias.test.":
			m.Answer = append(m.Answer, rr("alias.test. 60 CNAME two.test."))
		case name == "whole.test." && a:
			m.Answer = append(m.Answer, rr("whole.test. 60 CNAME x.test."), rr("x.test. 60 A 10.0.0.9"))
		case name == "brief.test." && a:
			m.Answer = append(m.Answer, rr("brief.test. 0 A 10.0.0.3"))
		case name == "loop.test.":
			m.Answer = append(m.Answer, rr("loop.test. 60 CNAME pool.test."))
		case name == "pool.test.":
			m.Answer = append(m.Answer, rr("pool.test. 60 CNAME loop.test."))
		case name == "fail.test.":
			m.Rcode = dns.RcodeServerFailure
		case name == "mute.test.":
			return
		default:
			m.Rcode = dns.RcodeNameError
		}
		w.WriteMsg(m) //nolint:errcheck // the test sees what came
	})}
	go srv.ActivateAndServe()            //nolint:errcheck // ends with the test
	t.Cleanup(func() { srv.Shutdown() }) //nolint:errcheck // as above
	return pc.LocalAddr().String()
}

func TestLookup(t *testing.T) {
	var asked atomic.Int64
	rs := New([]string{dnsServer(t, &asked)}, 0, true, true)
	for _, tt := range []struct {
		name, host string
		want       []string
		err        string
	}{
		{"IPv4 first", "two.test", []string{"10.0.0.1", "10.0.0.2", "::1"}, ""},
		{"the next call begins with the next", "TWO.test", []string{"10.0.0.2", "::1", "10.0.0.1"}, ""},
		{"alias alone", "alias.test", []string{"10.0.0.1", "10.0.0.2", "::1"}, ""},
		{"alias with address", "whole.test", []string{"10.0.0.9"}, ""},
		{"no such name", "none.test", nil, "none.test could not be resolved (3: Host not found)"},
		{"failure", "fail.test", nil, "fail.test could not be resolved (2: Server failure)"},
		{"loop", "loop.test", nil, "loop.test could not be resolved (2: Server failure)"},
		{"silence", "mute.test", nil, "mute.test could not be resolved (110: Operation timed out)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := time.Minute
			if tt.host == "mute.test" {
				limit = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			got, err := rs.Lookup(ctx, tt.host)
			if tt.err != "" {
				var e *Error
				if !errors.As(err, &e) || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			var want []netip.Addr
			for _, s := range tt.want {
				want = append(want, netip.MustParseAddr(s))
			}
			if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); err != nil || d != "" {
				t.Errorf("%v\n%s", err, d)
			}
		})
	}
}

func TestCache(t *testing.T) {
	for _, tt := range []struct {
		name, host string
		valid      time.Duration
		asked      int64
	}{
		{"the TTL counts", "two.test", 0, 1},
		{"a TTL of zero", "brief.test", 0, 3},
		{"valid counts instead", "brief.test", time.Minute, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int64
			rs := New([]string{dnsServer(t, &asked)}, tt.valid, true, false)
			for range 3 {
				if _, err := rs.Lookup(t.Context(), tt.host); err != nil {
					t.Fatal(err)
				}
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
		})
	}
}
