package http1_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// abuses are what clients do to a server that is pressed. Each does one thing once, on connections of its own; an error is what no
// client, however bad, may see.
var abuses = []struct {
	name string
	do   func(ctx context.Context, p *pressed) error
}{
	{"new connections", func(_ context.Context, p *pressed) error {
		return p.expects("GET /ok?new HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\nnew")
	}},
	{"connections that say nothing", func(_ context.Context, p *pressed) error {
		c, err := p.dial()
		if err == nil {
			c.Close()
		}
		return err
	}},
	{"reset in the head", func(_ context.Context, p *pressed) error {
		return p.breaks("GET /ok HTTP/1.1\r\nHost: x\r\nA: b", 0)
	}},
	{"reset behind the head", func(_ context.Context, p *pressed) error {
		return p.breaks("GET /ok?x HTTP/1.1\r\nHost: x\r\n\r\n", 0)
	}},
	{"reset in the body", func(_ context.Context, p *pressed) error {
		return p.breaks("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("b", 20000), 0)
	}},
	{"reset in a chunked body", func(_ context.Context, p *pressed) error {
		return p.breaks("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n50", 0)
	}},
	{"reset in the answer", func(_ context.Context, p *pressed) error {
		return p.breaks("GET /big HTTP/1.1\r\nHost: x\r\n\r\n", 1+rand.IntN(100_000))
	}},
	{"one byte at a time", func(ctx context.Context, p *pressed) error {
		c, err := p.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		const request = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
		for i := range len(request) {
			if ctx.Err() == nil {
				time.Sleep(time.Millisecond) // the pace
			}
			if _, err := io.WriteString(c, request[i:i+1]); err != nil {
				return err
			}
		}
		_, err = answer(bufio.NewReader(c), "hello")
		return err
	}},
	{"answers that nobody reads", func(ctx context.Context, p *pressed) error {
		c, err := p.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}},
	{"pipelining", func(_ context.Context, p *pressed) error {
		c, err := p.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		var b strings.Builder
		for i := range 99 {
			switch path := []string{"ok", "told", "echo"}[i%11%3]; path {
			case "echo":
				fmt.Fprintf(&b, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%d", len(fmt.Sprint(i)), i)
			default:
				fmt.Fprintf(&b, "GET /%s?%d HTTP/1.1\r\nHost: x\r\n\r\n", path, i)
			}
		}
		go io.WriteString(c, b.String()) //nolint:errcheck // the answers will tell
		br := bufio.NewReader(c)
		for i := range 99 {
			if _, err := answer(br, fmt.Sprint(i)); err != nil {
				return fmt.Errorf("answer %d: %w", i, err)
			}
		}
		return nil
	}},
	{"pipelining without reading", func(_ context.Context, p *pressed) error {
		return p.breaks(strings.Repeat("GET /ok?1234567890 HTTP/1.1\r\nHost: x\r\n\r\n", 90), 0)
	}},
	{"half-closed", func(_ context.Context, p *pressed) error {
		c, err := p.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		if _, err = io.WriteString(c, "GET /told?half HTTP/1.1\r\nHost: x\r\n\r\nGET /ok?again HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		if t, ok := c.(*tls.Conn); ok {
			err = t.CloseWrite()
		} else {
			err = c.(interface{ CloseWrite() error }).CloseWrite()
		}
		br := bufio.NewReader(c)
		for _, want := range []string{"half", "again"} {
			if err == nil {
				_, err = answer(br, want)
			}
		}
		if err == nil {
			if _, more := br.ReadByte(); more == nil {
				err = fmt.Errorf("something follows the last answer")
			}
		}
		return err
	}},
	{"handlers that wait", func(_ context.Context, p *pressed) error {
		return p.expects("GET /told?1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\n1")
	}},
	{"handlers that wait without saying so", func(_ context.Context, p *pressed) error {
		return p.expects("GET /untold?1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\n1")
	}},
	{"handlers that compute", func(_ context.Context, p *pressed) error {
		return p.expects("GET /computes?1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\n1")
	}},
	{"handlers that panic", func(_ context.Context, p *pressed) error {
		return p.expects("GET /panic HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 500 ", "")
	}},
	{"clients that leave while they are waited for", func(_ context.Context, p *pressed) error {
		c, err := p.dial()
		if err != nil {
			return err
		}
		_, err = io.WriteString(c, "GET /left HTTP/1.1\r\nHost: x\r\n\r\n")
		if rand.IntN(2) == 0 {
			reset(c)
		}
		c.Close()
		return err
	}},
	{"bytes without a meaning", func(_ context.Context, p *pressed) error {
		b := make([]byte, 100+rand.IntN(5000))
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return p.breaks(string(b), 1)
	}},
	{"plain text for TLS", func(_ context.Context, p *pressed) error {
		c, err := net.Dial("tcp", p.AddrOf("ADDR1"))
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		b, err := io.ReadAll(c)
		if err == nil && !strings.Contains(string(b), "The plain HTTP request was sent to HTTPS port") {
			err = fmt.Errorf("%q", b)
		}
		return err
	}},
}

// breaks sends, reads some bytes of what comes, and resets the connection.
func (p *pressed) breaks(send string, read int) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	defer reset(c)
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, send)            //nolint:errcheck // the server may have had enough
	io.ReadFull(c, make([]byte, read)) //nolint:errcheck // ditto
	return nil
}
