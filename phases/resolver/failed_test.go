package resolver

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"moongate/phases"
)

// TestRefusingServer: a server that is not there is named in the log.
func TestRefusingServer(t *testing.T) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := pc.LocalAddr().String()
	pc.Close()
	rs := New([]string{addr}, 0, true, false)
	lines := make(chan string, 100)
	rs.log = func(level phases.LogLevel, text string) {
		if level != phases.LogErr {
			t.Errorf("level %v", level)
		}
		lines <- text
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go rs.Lookup(ctx, "name.test") //nolint:errcheck // it is cancelled
	select {
	case got := <-lines:
		if !strings.HasSuffix(got, "() failed (111: Connection refused) while resolving, resolver: "+addr) {
			t.Errorf("logged %q", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing was logged")
	}
}
