package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"moongate/phases/phasetest"
)

func dialFront(t testing.TB, s *phasetest.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // the read will tell
	return c, bufio.NewReader(c)
}

// TestUpgrade: after a 101 bytes pass both ways, those that came early included.
func TestUpgrade(t *testing.T) {
	b := scripted(t, func(e *exchange) {
		head, _, err := e.request()
		if err != nil || !strings.Contains(head, "Upgrade: echo\r\n") || !strings.Contains(head, "Connection: upgrade\r\n") {
			return
		}
		io.WriteString(e, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nearly") //nolint:errcheck // the test sees what came
		io.Copy(e, e.br)                                                                                           //nolint:errcheck // until the client ends
	})
	s := start(t, "", `location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://BACKEND0; }`, b)
	c, br := dialFront(t, s)
	fmt.Fprint(c, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhello")
	res, err := http.ReadResponse(br, nil)
	if err != nil || res.StatusCode != 101 || res.Header.Get("Upgrade") != "echo" {
		t.Fatalf("%v %v\n%s", res, err, s.ErrorLog())
	}
	got := make([]byte, len("earlyhello"))
	if _, err := io.ReadFull(br, got); err != nil || string(got) != "earlyhello" {
		t.Fatalf("%q %v", got, err)
	}
	for i := range 100 {
		msg := strings.Repeat(fmt.Sprint(i%10), 1000)
		fmt.Fprint(c, msg)
		got := make([]byte, len(msg))
		if _, err := io.ReadFull(br, got); err != nil || string(got) != msg {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	c.(*net.TCPConn).CloseWrite() //nolint:errcheck // the read will tell
	if rest, err := io.ReadAll(br); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q %v", rest, err)
	}
}

func TestUpgradeTimesOut(t *testing.T) {
	b := scripted(t, func(e *exchange) {
		e.request()                                                                                           //nolint:errcheck // any request
		io.WriteString(e, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n") //nolint:errcheck // the test sees what came
		io.Copy(io.Discard, e.br)                                                                             //nolint:errcheck // silent
	})
	s, res := withLimits("proxy_read_timeout LIMIT;", 504, func(conf string) (*phasetest.Server, *phasetest.Response) {
		s := start(t, "", `location / { `+conf+` proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://BACKEND0; }`, b)
		return s, phasetest.Parse(t, s.Raw("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"), "GET")
	})
	if res.Status != 101 {
		t.Errorf("%q", res.Raw)
	}
	if !s.WaitLog("upstream timed out (110: Connection timed out) while proxying upgraded connection") {
		t.Error(s.ErrorLog())
	}
}

// TestBufferingOff: what the upstream sends reaches the client at once, without waiting for more.
func TestBufferingOff(t *testing.T) {
	for _, tt := range []struct{ name, conf, header string }{
		{"directive", "proxy_buffering off;", ""},
		{"header", "", "X-Accel-Buffering: no\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(chan bool)
			b := scripted(t, func(e *exchange) {
				e.request()                                                                                           //nolint:errcheck // any request
				io.WriteString(e, "HTTP/1.1 200 OK\r\n"+tt.header+"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n") //nolint:errcheck // the test sees what came
				<-seen
				io.WriteString(e, "4\r\nlast\r\n0\r\n\r\n") //nolint:errcheck // as above
			})
			s := start(t, "", "location / { "+tt.conf+" proxy_pass http://BACKEND0; }", b)
			c, br := dialFront(t, s)
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			res, err := http.ReadResponse(br, nil)
			if err != nil {
				t.Fatal(err)
			}
			p := make([]byte, 5)
			if _, err := io.ReadFull(res.Body, p); err != nil || string(p) != "first" {
				t.Fatalf("%q %v", p, err)
			}
			close(seen)
			if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "last" {
				t.Errorf("%q %v", rest, err)
			}
		})
	}
}

// zeros reads as n zero bytes and notes how much memory was in use on the way.
type zeros struct {
	n    int64
	peak *atomic.Uint64
	last int64
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	clear(p[:n])
	z.n -= n
	if z.last-z.n > 8<<20 || z.last == 0 {
		z.last = z.n
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		z.peak.Store(max(z.peak.Load(), m.HeapInuse))
	}
	return int(n), nil
}

// TestLargeBodies: 64 MB in either direction need no more memory than small ones.
func TestLargeBodies(t *testing.T) {
	const size = 64 << 20
	var peak atomic.Uint64
	var got atomic.Int64
	b := scripted(t, func(e *exchange) {
		for {
			line, err := e.br.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
		}
		if n, _ := io.CopyN(io.Discard, e.br, size); n == size {
			got.Store(n)
			io.WriteString(e, "HTTP/1.1 200 OK\r\n\r\n") //nolint:errcheck // the test sees what came
			io.Copy(e, &zeros{n: size, peak: &peak})     //nolint:errcheck // as above
		}
	})
	for _, conf := range []string{"", "proxy_request_buffering off;"} {
		t.Run(conf, func(t *testing.T) {
			peak.Store(0)
			got.Store(0)
			s := start(t, "", "client_max_body_size 1g; location / { "+conf+" proxy_pass http://BACKEND0; }", b)
			c, br := dialFront(t, s)
			go func() {
				fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", size)
				io.Copy(c, &zeros{n: size, peak: &peak}) //nolint:errcheck // the test sees what came
			}()
			res, err := http.ReadResponse(br, nil)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, res.Body)
			if err != nil || n != size || got.Load() != size {
				t.Errorf("%d bytes there, %d back: %v\n%s", got.Load(), n, err, s.ErrorLog())
			}
			if p := peak.Load(); p > 64<<20 {
				t.Errorf("%d MB of memory in use", p>>20)
			}
		})
	}
}

// TestEarlyAnswer: an upstream that answers before it has read the body.
func TestEarlyAnswer(t *testing.T) {
	b := scripted(t, func(e *exchange) {
		for {
			line, err := e.br.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
		}
		io.WriteString(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno") //nolint:errcheck // the test sees what came
		e.br.ReadByte()                                                            //nolint:errcheck // until the proxy closes
		io.Copy(io.Discard, e.br)                                                  //nolint:errcheck // as above
	})
	s := start(t, "", "client_max_body_size 1g; location / { proxy_pass http://BACKEND0; }", b)
	res := s.Do("POST", "/", strings.Repeat("x", 8<<20))
	if res.Status != 413 || res.Body != "no" {
		t.Errorf("%d %q\n%s", res.Status, res.Body, s.ErrorLog())
	}
}

// TestVariables checks what is left of an exchange in the log phase.
func TestVariables(t *testing.T) {
	l := newLogged()
	good := fixed(t, "HTTP/1.1 200 OK\r\nServer: up\r\nX-My-Head: a\r\nx-my-head: b\r\nSet-Cookie: sid=42; path=/\r\nContent-Length: 5\r\n\r\nhello")
	dead := deadAddr(t)
	text := config(`upstream u { server DEAD; server BACKEND0; }
		test_log "addr=$upstream_addr status=$upstream_status connect=$upstream_connect_time header=$upstream_header_time time=$upstream_response_time length=$upstream_response_length received=$upstream_bytes_received sent=$upstream_bytes_sent http=$upstream_http_x_my_head server=$upstream_http_server cookie=$upstream_cookie_sid host=$proxy_host port=$proxy_port cache=$upstream_cache_status";`,
		`location / { proxy_pass http://u; }
		 location /page { error_page 502 = /other; proxy_pass http://DEAD; }
		 location /other { proxy_pass http://BACKEND0; }
		 location /none { return; }`, good)
	text = strings.ReplaceAll(strings.ReplaceAll(text, "DEAD", dead), "location /none { return; }", "")
	s := phasetest.Start(t, text, append(modules(), l.Module)...)
	seconds := regexp.MustCompile(`\d\.\d{3}`)
	for _, tt := range []struct{ path, want string }{
		{"/", "addr=" + dead + ", " + good.addr() + " status=502, 200 connect=-, T header=-, T time=T, T length=0, 5 received=0, 120 sent=0, 47 http=a, b server=up cookie=42 host=u port=80 cache="},
		{"/page", "addr=" + dead + " : " + good.addr() + " status=502 : 200 connect=- : T header=- : T time=T : T length=0 : 5 received=0 : 120 sent=0 : 66 http=a, b server=up cookie=42 host=" + good.addr() + " port=" + good.addr()[len("127.0.0.1:"):] + " cache="},
	} {
		s.Get(tt.path)
		got := l.next(t)
		got = seconds.ReplaceAllString(got, "T")
		got = regexp.MustCompile(`(sent=0[, :]+)\d+`).ReplaceAllString(got, "${1}N")
		want := regexp.MustCompile(`(sent=0[, :]+)\d+`).ReplaceAllString(tt.want, "${1}N")
		want = regexp.MustCompile(`(received=0[, :]+)\d+`).ReplaceAllString(want, "${1}R")
		got = regexp.MustCompile(`(received=0[, :]+)\d+`).ReplaceAllString(got, "${1}R")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.path, got, want)
		}
	}
}
