package socket_test

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// TestIdle is about a connection that lies in its pool, watched by the loop which serves the client: its end, or bytes that nobody
// has asked for, take it out of the pool without anybody looking; so does its time.
func TestIdle(t *testing.T) {
	const left = "lua tcp socket keepalive close handler check stale events"
	for _, tt := range []struct {
		name, timeout, log string
		do                 func(c net.Conn)
	}{
		{"closed", "0", left, func(c net.Conn) { c.Close() }},
		{"sent to", "0", left, func(c net.Conn) { io.WriteString(c, "unasked\n") }},
		{"half closed", "0", left, func(c net.Conn) { c.(*net.TCPConn).CloseWrite() }},
		{"too long", "20", "lua tcp socket keepalive max idle timeout", func(net.Conn) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conns := make(chan net.Conn, 10)
			port := serve(t, func(c net.Conn) {
				b := bufio.NewReader(c)
				line, err := b.ReadString('\n')
				if err != nil {
					return
				}
				io.WriteString(c, line) //nolint:errcheck // the script will tell
				conns <- c
				io.Copy(io.Discard, b) //nolint:errcheck // until the script's side ends
			})
			s := start(t, `location /t { content_by_lua_block {
				local sock = ngx.socket.tcp() assert(sock:connect("127.0.0.1", `+port+`))
				ngx.print(sock:getreusedtimes(), sock:send("hi\n"), sock:receive(), sock:setkeepalive(`+tt.timeout+`)) } }`)
			for range 2 {
				if got := s.Get("/t").Body; got != "03hi1" {
					t.Fatalf("%q\n%s", got, s.ErrorLog())
				}
				tt.do(<-conns)
				if !s.WaitLog(`lua tcp socket keepalive: free connection pool for "127.0.0.1:`+port+`"`) || !s.WaitLog(tt.log) {
					t.Fatalf("the pool keeps it:\n%s", s.ErrorLog())
				}
			}
		})
	}
}
