package http1

import (
	"bufio"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestPlainIsStricterThanTheCodec puts every byte at every place of some heads: what plain takes the codec takes too, without a body.
func TestPlainIsStricterThanTheCodec(t *testing.T) {
	taken := 0
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"HEAD /a?b=%20c HTTP/1.1\r\nhost:x.example:80\r\nAccept: */*\r\nX_Y: \t\xe4\r\nUser-Agent: a b\r\n\r\n",
	} {
		if !plain(head) {
			t.Errorf("%q is not plain", head)
		}
		for i := range len(head) + 1 {
			for c := range 256 {
				for _, s := range [2]string{head[:i] + string([]byte{byte(c)}) + head[i:], head[:i] + string([]byte{byte(c)}) + head[min(i+1, len(head)):]} {
					if headEnd([]byte(s)) != len(s) || !plain(s) {
						continue
					}
					taken++
					h := &fasthttp.RequestHeader{}
					h.DisableNormalizing()
					if err := h.Read(bufio.NewReader(strings.NewReader(s))); err != nil {
						t.Errorf("%q: the codec says %v", s, err)
					} else if n := h.ContentLength(); n > 0 || n == -1 {
						t.Errorf("%q: a body of %d", s, n)
					}
				}
			}
		}
	}
	if taken < 1000 {
		t.Errorf("only %d heads were taken", taken)
	}
}

func TestNotPlain(t *testing.T) {
	for _, c := range []struct{ name, head string }{
		{"a length", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
		{"an encoding", "GET / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n"},
		{"another method", "POST / HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\n\r\n"},
		{"no host", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n"},
		{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"},
		{"an empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
		{"folded", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
		{"bare line feeds", "GET / HTTP/1.1\nHost: x\n\n"},
		{"a blank in a name", "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n"},
		{"a whole URL", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if plain(c.head) {
				t.Errorf("%q is taken", c.head)
			}
		})
	}
}
