package luastd_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// TestSlowClient: a client that does not read must not keep the worker's other requests waiting, and
// two light threads that write at once do not mix their pieces.
func TestSlowClient(t *testing.T) {
	s := phasetest.Start(t, `worker_processes 1; events {} http { server { listen ADDR;
	location /big { content_by_lua_block {
		local piece = ("x"):rep(64 * 1024)
		for i = 1, 400 do ngx.print(piece) end
	} }
	location /two { content_by_lua_block {
		local function write(c)
			local piece = c:rep(100 * 1024)
			for i = 1, 40 do ngx.print(piece) ngx.flush(true) end
		end
		local a, b = ngx.thread.spawn(write, "a"), ngx.thread.spawn(write, "b")
		ngx.thread.wait(a) ngx.thread.wait(b)
	} }
	location /ok { content_by_lua_block { ngx.say("ok") } } } }`, luastd.Complete())
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.(*net.TCPConn).SetReadBuffer(64 << 10)
	fmt.Fprintf(c, "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	one := make([]byte, 1)
	if _, err := io.ReadFull(c, one); err != nil { // the script is writing now
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() { done <- s.Get("/ok").Body }()
	select {
	case got := <-done:
		if got != "ok\n" {
			t.Errorf("beside a slow client: %q", got)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a client that does not read holds the worker up")
	}
	rest, err := io.ReadAll(c)
	_, payload, _ := strings.Cut(string(rest), "\r\n\r\n")
	if n := strings.Count(payload, "x"); err != nil || n != 400*64*1024 {
		t.Errorf("the slow client got %d bytes of the body, %v", n, err)
	}

	body := s.Get("/two").Body
	if len(body) != 80*100*1024 {
		t.Fatalf("two writers: %d bytes", len(body))
	}
	for i := 0; i < len(body); i += 100 * 1024 {
		piece := body[i : i+100*1024]
		if strings.Count(piece, piece[:1]) != len(piece) {
			t.Fatalf("piece %d mixes two writers", i/(100*1024))
		}
	}
}
