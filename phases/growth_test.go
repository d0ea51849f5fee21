package phases_test

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// manyLocations and manyNames are configurations with n locations and n servers, and requests for 51 of them.
func manyLocations(n int) (text string, requests []target) {
	var b strings.Builder
	b.WriteString("events {} http { server { listen ADDR;\n")
	for i := range n {
		fmt.Fprintf(&b, "location /area%d/ { return 200 \"area%d\\n\"; }\n", i, i)
	}
	b.WriteString("} }")
	return b.String(), some(n, func(at int) target {
		return target{"localhost", fmt.Sprintf("/area%d/page", at), fmt.Sprintf("area%d\n", at)}
	})
}

func manyNames(n int) (text string, requests []target) {
	var b strings.Builder
	b.WriteString("events {} http {\n")
	for i := range n {
		fmt.Fprintf(&b, "server { listen ADDR; server_name host%d.example; location / { return 200 \"host%d\\n\"; } }\n", i, i)
	}
	b.WriteString("}")
	return b.String(), some(n, func(at int) target {
		return target{fmt.Sprintf("host%d.example", at), "/", fmt.Sprintf("host%d\n", at)}
	})
}

type target struct{ host, uri, want string }

// some are 51 of n requests, all over them.
func some(n int, request func(at int) target) (requests []target) {
	for i := range 51 {
		requests = append(requests, request(i*n/51))
	}
	return requests
}

// bare serves a configuration without a network.
type bare struct {
	engine *phases.Engine
	tree   *phases.Tree
	conn   phases.Conn
	wire   paper
	r      *phases.Request
}

func serveBare(tb testing.TB, text string, modules ...*phases.Module) *bare {
	tb.Helper()
	dir := phasetest.Dir(tb)
	text = "error_log logs/error.log error;\n" + strings.ReplaceAll(text, "ADDR", "127.0.0.1:1")
	t, err := phases.LoadConfig(phases.LoadOptions{Prefix: dir, ConfFile: dir + "conf/nginx.conf", Source: []byte(text), Modules: modules})
	if err != nil {
		tb.Fatal(err)
	}
	s := &bare{tree: t, r: phases.NewRequest()}
	s.engine = phases.NewEngine(func(*phases.Engine, *phases.Listen) (phases.FrontEnd, error) { return closed{}, nil })
	if err := s.engine.Apply(t); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.engine.Stop(false, 0) })
	s.conn = phases.Conn{RemoteIP: "127.0.0.1", RemotePort: "2", LocalIP: "127.0.0.1", LocalPort: "1", Listen: t.Listens[0]}
	return s
}

// get serves one request; the answer's body is in s.wire.
func (s *bare) get(t target) {
	r := s.r
	s.wire = paper{body: s.wire.body[:0]}
	r.Conn, r.Wire = &s.conn, &s.wire
	r.Method, r.URI, r.RequestURI, r.Host, r.Proto = "GET", t.uri, t.uri, t.host, phases.HTTP11
	s.engine.Serve(r)
	r.Clear()
}

type closed struct{}

func (closed) Update(*phases.Listen) {}
func (closed) CloseIdle()            {}
func (closed) Close() error          { return nil }
func (closed) Wait()                 {}

// paper keeps an answer's body.
type paper struct {
	body   []byte
	status int
}

func (w *paper) Body() phases.Reader               { return nil }
func (w *paper) WriteHead(r *phases.Request) error { w.status = r.Out.Status; return nil }
func (w *paper) Flush() error                      { return nil }
func (w *paper) End() error                        { return nil }
func (w *paper) Abandon()                          {}
func (w *paper) Gone() <-chan struct{}             { return nil }
func (w *paper) Hijack() (net.Conn, error)         { return nil, errors.New("there is no connection") }
func (w *paper) Sent() int64                       { return int64(len(w.body)) }
func (w *paper) RawHead() []byte                   { return nil }
func (w *paper) BodySent() int64                   { return int64(len(w.body)) }
func (w *paper) BodyReceived() int64               { return 0 }
func (w *paper) KeepAlive() bool                   { return false }
func (w *paper) Write(b []phases.Buf) error {
	for i := range b {
		w.body = append(w.body, b[i].B...)
	}
	return nil
}

var manyOf = []struct {
	name string
	make func(int) (string, []target)
}{{"locations", manyLocations}, {"names", manyNames}}

// The right one of many locations, and of many servers, answers.
func TestOneOfMany(t *testing.T) {
	for _, c := range manyOf {
		text, requests := c.make(1000)
		s := serveBare(t, text, rewrite.Module)
		for _, x := range requests {
			if s.get(x); s.wire.status != 200 || string(s.wire.body) != x.want {
				t.Errorf("%s: %s%s: %d %q", c.name, x.host, x.uri, s.wire.status, s.wire.body)
			}
		}
	}
}

// BenchmarkGrowth is the whole way of a request that meets a return, but for the network: an operation is 51 of them, to
// locations, or server names, of so many. cold-ns/request is the same where other work has taken the caches of the processor before each turn.
func BenchmarkGrowth(b *testing.B) {
	for _, c := range manyOf {
		for _, n := range []int{10, 10_000} {
			b.Run(fmt.Sprintf("%s=%d", c.name, n), func(b *testing.B) {
				text, requests := c.make(n)
				s := serveBare(b, text, rewrite.Module)
				runtime.GC()
				turn := func() {
					for _, x := range requests {
						s.get(x)
					}
				}
				other := make([]byte, 8<<20)
				timed := func(before func()) float64 { // the median of many turns, for each request
					took := make([]time.Duration, 401)
					for i := range took {
						before()
						began := time.Now()
						turn()
						took[i] = time.Since(began)
					}
					slices.Sort(took)
					return float64(took[len(took)/2]) / float64(len(requests))
				}
				warm := timed(func() {})
				cold := timed(func() {
					for i := 0; i < len(other); i += 64 {
						other[i]++
					}
				})
				b.ReportAllocs()
				for b.Loop() {
					turn()
				}
				b.ReportMetric(warm, "ns/request")
				b.ReportMetric(cold, "cold-ns/request")
			})
		}
	}
}

// What a location and a server more take in memory is bounded: their text, its directives, and what they have of their
// own.
func TestMemoryOfMany(t *testing.T) {
	const few, many = 100, 4100
	for _, c := range manyOf {
		ceiling := map[string]int64{"locations": 1000, "names": 2700}[c.name]
		size := func(n int) int64 {
			text, _ := c.make(n)
			return loaded(t, text, rewrite.Module)
		}
		if each := (size(many) - size(few)) / (many - few); each > ceiling {
			t.Errorf("%s: %d bytes each, more than %d", c.name, each, ceiling)
		} else {
			t.Logf("%s: %d bytes each", c.name, each)
		}
	}
}

// loaded is what a configuration takes in memory, in bytes.
func loaded(tb testing.TB, text string, modules ...*phases.Module) int64 {
	tb.Helper()
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	dir := phasetest.Dir(tb)
	source := []byte(strings.ReplaceAll(text, "ADDR", "127.0.0.1:1"))
	before := heap()
	t, err := phases.LoadConfig(phases.LoadOptions{Prefix: dir, ConfFile: dir + "conf/nginx.conf", Source: source, Modules: modules})
	if err != nil {
		tb.Fatal(err)
	}
	size := heap() - before
	runtime.KeepAlive(t)
	return size
}
