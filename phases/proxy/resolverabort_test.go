package proxy_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestClientLeavesWhileResolving: a client that goes away ends the lookup of its upstream, so that the next one's asks again.
func TestClientLeavesWhileResolving(t *testing.T) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan bool, 100)
	srv := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(dns.ResponseWriter, *dns.Msg) { asked <- true })}
	go srv.ActivateAndServe()            //nolint:errcheck // ends with the test
	t.Cleanup(func() { srv.Shutdown() }) //nolint:errcheck // as above
	s := start(t, "resolver "+pc.LocalAddr().String()+" ipv6=off;", "location / { proxy_pass http://$arg_h; }")
	for range 2 {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "GET /?h=mute.test HTTP/1.1\r\nHost: localhost\r\n\r\n") //nolint:errcheck // the log will tell
		select {
		case <-asked:
		case <-time.After(3 * time.Second):
			t.Fatal("no question")
		}
		c.Close()
		if !s.WaitLog("client prematurely closed connection, client: 127.0.0.1") {
			t.Fatalf("log:\n%s", s.ErrorLog())
		}
	}
}
