package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/ssl"
)

var stressTime = flag.Duration("stress", 200*time.Millisecond, "how long each stress test presses")

const stressConfig = `error_log logs/error.log alert; events {} http {
	client_max_body_size 1m; client_header_timeout 20s; client_body_timeout 20s; send_timeout 20s; keepalive_timeout 20s; keepalive_requests 100; lingering_timeout 200ms; lingering_time 1s;
	ssl_certificate cert.pem; ssl_certificate_key key.pem;
	server { listen ADDR; listen ADDR1 ssl; listen ADDR2 proxy_protocol; listen unix:PREFIXsock; }
}`

// stressed is a content handler that answers as the path says: briefly, at length, late (with or without telling the
// front end), not at all until the client leaves, or with a panic.
func stressed(p *pressed) *phases.Module {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MB: more than a connection's buffers take
	return phases.NewModule(phases.Module{
		Name: "stressed",
		Postconfigure: func(l *phases.Load) error {
			l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
				if rc := r.ReadBody(); rc != phases.OK {
					return rc
				}
				switch r.URI {
				case "/big":
					return r.Respond(200, "text/plain", big)
				case "/echo":
					b, ok := r.Body.Bytes()
					if !ok {
						return 500
					}
					return r.Respond(200, "text/plain", b)
				case "/told":
					r.Waiting()
					time.Sleep(10 * time.Millisecond)
				case "/untold":
					time.Sleep(10 * time.Millisecond)
				case "/computes":
					for end := time.Now().Add(10 * time.Millisecond); time.Now().Before(end); { //nolint:revive // it computes
					}
				case "/gate":
					p.waiting.Add(1)
					r.Waiting()
					<-p.gate
				case "/left":
					r.Waiting()
					<-r.Wire.Gone()
					return phases.Error
				case "/panic":
					panic("a bug")
				}
				p.served.Add(1)
				return r.Respond(200, "text/plain", []byte(r.Args))
			})
			return nil
		},
	})
}

// pressed is a server that clients of all kinds press, by each kind of listener.
type pressed struct {
	*phasetest.Server
	dials []func() (net.Conn, error)
	turn  atomic.Uint32

	served  atomic.Int64
	gate    chan struct{} // /gate waits until it is closed
	waiting atomic.Int64  // there
}

func press(t *testing.T, confText string) *pressed {
	t.Helper()
	p := &pressed{gate: make(chan struct{})}
	dir := phasetest.Dir(t)
	phasetest.WritePEM(t, phasetest.Issue(t, x509.Certificate{DNSNames: []string{"x"}}, nil, nil), dir+"conf/cert.pem", dir+"conf/key.pem")
	p.Server = phasetest.StartIn(t, dir, confText, ssl.Module, stressed(p))
	by := func(network, addr, prologue string) func() (net.Conn, error) {
		return func() (net.Conn, error) {
			c, err := net.Dial(network, addr)
			if err == nil && prologue != "" {
				_, err = io.WriteString(c, prologue)
			}
			return c, err
		}
	}
	p.dials = append(p.dials, by("tcp", p.Addr(), ""), by("unix", dir+"sock", ""),
		by("tcp", p.AddrOf("ADDR2"), "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n"),
		func() (net.Conn, error) {
			return tls.Dial("tcp", p.AddrOf("ADDR1"), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test's own certificate
		})
	return p
}

// dial connects by one listener after the other.
func (p *pressed) dial() (net.Conn, error) {
	return p.dials[int(p.turn.Add(1))%len(p.dials)]()
}

// reset closes a connection without the courtesies.
func reset(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0) //nolint:errcheck // it is closed at any rate
	}
	c.Close()
}

// answer reads one answer and compares its body.
func answer(br *bufio.Reader, want string) (res *http.Response, err error) {
	if res, err = http.ReadResponse(br, nil); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err == nil && (res.StatusCode != 200 || string(b) != want) {
		err = fmt.Errorf("%d with %.50q, want 200 with %.50q", res.StatusCode, b, want)
	}
	return res, err
}

// neighbour is a well-behaved client that must be served whatever others do: each answer is checked, and how many a
// connection gives. It returns the longest time an answer took.
func (p *pressed) neighbour(ctx context.Context, dial func() (net.Conn, error)) (asked int, longest time.Duration, err error) {
	for ctx.Err() == nil {
		c, err := dial()
		if err != nil {
			return asked, longest, err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
		br := bufio.NewReader(c)
		for n := 1; ctx.Err() == nil; n++ {
			asked++
			begin := time.Now()
			word := fmt.Sprint(asked)
			fmt.Fprintf(c, "GET /ok?%s HTTP/1.1\r\nHost: x\r\n\r\n", word)
			res, err := answer(br, word)
			if err != nil {
				return asked, longest, fmt.Errorf("request %d of a connection: %w", n, err)
			}
			longest = max(longest, time.Since(begin))
			if res.Close != (n == 100) {
				return asked, longest, fmt.Errorf("request %d of a connection: close is %v", n, res.Close)
			}
			if res.Close {
				break
			}
		}
	}
	return asked, longest, nil
}

// settle waits until cond holds.
func settle(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("after half a minute: %s", what)
		}
	}
}

// descriptors lists what the process has open.
func descriptors(t *testing.T) []string {
	t.Helper()
	const dir = "/proc/self/fd/"
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Skip(err)
	}
	var open []string
	for _, e := range list {
		if to, err := os.Readlink(dir + e.Name()); err == nil && !strings.Contains(to, ".log") && !strings.Contains(to, "moongate-ports") { // logs and locks stay open
			open = append(open, e.Name()+" "+to)
		}
	}
	return open
}

// TestStress has clients misbehave beside others, which must not notice; what they leave behind must be nothing.
func TestStress(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	const many = 16
	all := func(ctx context.Context, p *pressed, id int) error {
		a := abuses[id%len(abuses)]
		return a.do(ctx, p)
	}
	type stress struct {
		name string
		do   func(ctx context.Context, p *pressed, id int) error
	}
	list := []stress{{"all together", all}}
	for _, a := range abuses {
		list = append(list, stress{a.name, func(ctx context.Context, p *pressed, _ int) error { return a.do(ctx, p) }})
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			leaks, files := goleak.IgnoreCurrent(), descriptors(t)
			p := press(t, stressConfig)
			ctx, cancel := context.WithTimeout(t.Context(), *stressTime)
			defer cancel()
			var wg sync.WaitGroup
			var times, bad atomic.Int64
			for id := range many {
				wg.Go(func() {
					for ctx.Err() == nil && bad.Load() < 5 {
						times.Add(1)
						if err := c.do(ctx, p, id); err != nil {
							bad.Add(1)
							t.Error(err)
						}
					}
				})
			}
			var asked, longest atomic.Int64
			for i, dial := range p.dials {
				wg.Go(func() {
					n, d, err := p.neighbour(ctx, dial)
					asked.Add(int64(n))
					if err != nil {
						t.Errorf("neighbour %d: %v", i, err)
					}
					for old := longest.Load(); int64(d) > old && !longest.CompareAndSwap(old, int64(d)); old = longest.Load() {
					}
				})
			}
			wg.Wait()
			t.Logf("%d times, beside %d requests, of which the longest took %v", times.Load(), asked.Load(), time.Duration(longest.Load()))
			st := &p.Engine.Stats
			settle(t, "connections are left", func() bool { return st.Active.Load() == 0 })
			if r, w, a := st.Reading.Load(), st.Writing(), st.Apart.Load(); r != 0 || w != 0 || a != 0 {
				t.Errorf("without connections, %d are reading, %d writing, %d apart", r, w, a)
			}
			p.Engine.Stop(true, 0)
			goleak.VerifyNone(t, leaks)
			if now := descriptors(t); len(now) > len(files) {
				t.Errorf("descriptors are left: %q, before: %q", now, files)
			}
		})
	}
}

// errNotServed is a connection that ended before an answer had begun.
var errNotServed = errors.New("not served")

// ask sends a request on a connection of its own and reads all.
func (p *pressed) ask(request string) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
	if _, err := io.WriteString(c, request); err != nil {
		return "", err
	}
	b, err := io.ReadAll(c)
	if err == nil && len(b) == 0 {
		err = errNotServed
	}
	return string(b), err
}

// expects asks on a connection of its own and compares how the answer begins and ends.
func (p *pressed) expects(request, begin, end string) error {
	got, err := p.ask(request)
	if err == nil && (!strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end)) {
		err = fmt.Errorf("%.40q is answered %.200q, want %q … %q", request, got, begin, end)
	}
	return err
}
