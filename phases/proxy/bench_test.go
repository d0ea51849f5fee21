package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkKeptAlive is a proxied GET over kept connections on both sides; the client and the upstream server
// run in the same process and are part of the figure.
func BenchmarkKeptAlive(b *testing.B) { benchmark(b, "keepalive 16;", 100) }

// BenchmarkNewConnection opens a connection to the upstream for each request.
func BenchmarkNewConnection(b *testing.B) { benchmark(b, "", 100) }

// BenchmarkLargeBody passes a megabyte on.
func BenchmarkLargeBody(b *testing.B) {
	b.SetBytes(1 << 20)
	benchmark(b, "keepalive 16;", 1<<20)
}

func benchmark(b *testing.B, keepalive string, size int) {
	reply := []byte(ok(strings.Repeat("x", size), "Content-Type: text/plain", "X-Powered-By: bench"))
	back := scripted(b, func(e *exchange) {
		for {
			line, err := e.br.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				if _, err := e.Write(reply); err != nil {
					return
				}
			}
		}
	})
	s := start(b, "error_log logs/error.log error; upstream u { server BACKEND0; "+keepalive+" keepalive_requests 100000000; }",
		"keepalive_requests 100000000; location / { proxy_http_version 1.1; proxy_set_header Connection ''; proxy_pass http://u; }", back)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	br := bufio.NewReaderSize(c, 64<<10)
	req := []byte("GET /path?x=1 HTTP/1.1\r\nHost: bench\r\nUser-Agent: go\r\nAccept: */*\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(req); err != nil {
			b.Fatal(err)
		}
		length := 0
		for {
			line, err := br.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if len(line) > 16 && string(line[:16]) == "Content-Length: " {
				length, _ = strconv.Atoi(strings.TrimSpace(string(line[16:])))
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := io.CopyN(io.Discard, br, int64(length)); err != nil {
			b.Fatal(err)
		}
	}
}
