package location_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/upstream"
)

// TestFilterFailure: a filter that fails on the output of a subrequest ends the client's connection.
func TestFilterFailure(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR;
		location = /sub { echo hello; body_filter_by_lua_block { return ngx.ERROR } }
		location = /deep { content_by_lua_block { ngx.location.capture("/sub") ngx.say("deep") } }
		location / { content_by_lua_block { ngx.location.capture(ngx.var.uri:sub(4)) ngx.say("survived") } } } }`, modules()...)
	for _, path := range []string{"/of/sub", "/of/deep"} {
		if got := s.Raw("GET " + path + " HTTP/1.0\r\n\r\n"); got != "" {
			t.Errorf("%s: got %q", path, got)
		}
	}
}

// silentAfter serves connections that get text, and nothing more.
func silentAfter(t *testing.T, text string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, text) //nolint:errcheck // the test sees what came
				io.Copy(io.Discard, c)  //nolint:errcheck // until the proxy gives up
			}()
		}
	}()
	return ln.Addr().String()
}

// TestStalledUpstream: of an answer that stalls, what has filled a buffer is there, and everything without buffering.
func TestStalledUpstream(t *testing.T) {
	const head = "HTTP/1.0 200 OK\r\nContent-Length: 99999\r\n\r\n"
	few, many := silentAfter(t, head+"hello"), silentAfter(t, head+strings.Repeat("x", 80_000))
	s := phasetest.Start(t, `events {} http { proxy_read_timeout 150ms; server { listen ADDR;
		location = /few { proxy_pass http://`+few+`; }
		location = /many { proxy_pass http://`+many+`; }
		location = /direct { proxy_buffering off; proxy_pass http://`+few+`; }
		location / { content_by_lua_block {
			local r = ngx.location.capture(ngx.var.uri:sub(4))
			ngx.print(r.status, " ", #r.body > 1000 and "much" or r.body, " ", r.truncated)
		} } } }`, append([]*phases.Module{upstream.Module, proxy.Module}, modules()...)...)
	for path, want := range map[string]string{"/of/few": "200  true", "/of/many": "200 much true", "/of/direct": "200 hello true"} {
		if got := s.Get(path).Body; got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
