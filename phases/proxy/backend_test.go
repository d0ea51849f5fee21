package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http/httputil"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/upstream"
)

// modules is what the tests serve with.
func modules() []*phases.Module { return []*phases.Module{upstream.Module, proxy.Module} }

// start serves one server block whose inside is given; BACKEND0 … in it stand for the backends' addresses.
func start(t testing.TB, http, server string, backends ...*backend) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, config(http, server, backends...), modules()...)
}

func config(http, server string, backends ...*backend) string {
	text := "events {}\nhttp {\n" + http + "\nserver {\nlisten ADDR;\n" + server + "\n}\n}\n"
	for i, b := range backends {
		text = strings.ReplaceAll(text, "BACKEND"+strconv.Itoa(i), b.addr())
	}
	return text
}

// backend is an upstream server that a test scripts.
type backend struct {
	t     testing.TB
	ln    net.Listener
	mu    sync.Mutex
	heads []string
	conns int
}

// exchange is one connection as the script sees it.
type exchange struct {
	net.Conn
	br *bufio.Reader
	n  int // of the connection, from 0
}

// request reads a request: its head, up to and with the empty line, and its body.
func (e *exchange) request() (head, body string, err error) {
	var b strings.Builder
	length, chunked := 0, false
	for {
		line, err := e.br.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		b.WriteString(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
		if strings.HasPrefix(line, "Transfer-Encoding: chunked") {
			chunked = true
		}
		if line == "\r\n" {
			break
		}
	}
	if chunked {
		data, err := io.ReadAll(httputil.NewChunkedReader(e.br))
		if err == nil {
			_, err = e.br.ReadString('\n')
		}
		return b.String(), string(data), err
	}
	data := make([]byte, length)
	_, err = io.ReadFull(e.br, data)
	return b.String(), string(data), err
}

// scripted serves each connection with script until the test ends.
func scripted(t testing.TB, script func(e *exchange)) *backend {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, ln, script)
}

func serve(t testing.TB, ln net.Listener, script func(e *exchange)) *backend {
	b := &backend{t: t, ln: ln}
	var wg sync.WaitGroup
	var open sync.Map
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			n := b.conns
			b.conns++
			b.mu.Unlock()
			open.Store(c, true)
			wg.Go(func() {
				defer c.Close()
				defer open.Delete(c)
				script(&exchange{c, bufio.NewReader(c), n})
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return b
}

// answering replies to every request with what answer says; an empty reply closes the connection.
func answering(t testing.TB, answer func(head, body string) string) *backend {
	t.Helper()
	var b *backend
	ready := make(chan struct{})
	b = scripted(t, func(e *exchange) {
		<-ready
		for {
			head, body, err := e.request()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.heads = append(b.heads, head)
			b.mu.Unlock()
			reply := answer(head, body)
			if reply == "" {
				return
			}
			if _, err := io.WriteString(e, reply); err != nil {
				return
			}
			if !strings.Contains(reply, "Content-Length") && !strings.Contains(reply, "chunked") ||
				!strings.HasPrefix(reply, "HTTP/1.1") || strings.Contains(reply, "Connection: close") {
				return
			}
		}
	})
	close(ready)
	return b
}

// fixed answers every request with the same bytes.
func fixed(t testing.TB, reply string) *backend {
	t.Helper()
	return answering(t, func(string, string) string { return reply })
}

// ok is a whole response.
func ok(body string, headers ...string) string {
	s := "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	for _, h := range headers {
		s += h + "\r\n"
	}
	return s + "\r\n" + body
}

func (b *backend) addr() string { return b.ln.Addr().String() }

// last is the latest request's head.
func (b *backend) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.heads) == 0 {
		return ""
	}
	return b.heads[len(b.heads)-1]
}

// counts are the connections and requests so far.
func (b *backend) counts() (conns, requests int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conns, len(b.heads)
}

// unixBackend listens on a socket file.
func unixBackend(t testing.TB, script func(e *exchange)) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, ln, script)
	return path
}

// deadAddr is an address that refuses connections.
func deadAddr(t testing.TB) string { return phasetest.FreeAddr(t) }

// withLimits gives ask the configuration with a time for LIMIT, which the test waits for: a longer one where the answer has the
// status late, as nothing that comes first may be cut off by it on a busy machine.
func withLimits(conf string, late int, ask func(conf string) (*phasetest.Server, *phasetest.Response)) (s *phasetest.Server, res *phasetest.Response) {
	for _, limit := range []string{"150ms", "2s", "20s"} {
		s, res = ask(strings.ReplaceAll(conf, "LIMIT", limit))
		if res.Status != late || !strings.Contains(conf, "LIMIT") {
			break
		}
	}
	return s, res
}
