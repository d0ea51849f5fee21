package http1_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"moongate/phases"
	"moongate/phases/phasetest"
)

// waiter is a content handler that waits for another request: with ?say it tells the front end so, without it
// the front end has to notice. /open lets those that wait go on.
func waiter(gate chan struct{}) *phases.Module {
	return phases.NewModule(phases.Module{
		Name: "waiter",
		Postconfigure: func(l *phases.Load) error {
			l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
				switch {
				case r.URI == "/open":
					close(gate)
				case r.Args == "say":
					r.Waiting()
					<-gate
				default:
					<-gate
				}
				return r.Respond(200, "text/plain", []byte("ok"))
			})
			return nil
		},
	})
}

// TestLoopGoesOn has requests wait that only another request can set free, on connections of the same loops.
func TestLoopGoesOn(t *testing.T) {
	for _, args := range []string{"say", "nothing"} {
		t.Run(args, func(t *testing.T) {
			s := phasetest.Start(t, config, waiter(make(chan struct{})))
			const many = 100
			ask := func(c net.Conn, uri string) error {
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", uri)
				c.SetReadDeadline(time.Now().Add(time.Minute))
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err == nil {
					res.Body.Close()
					if res.StatusCode != 200 {
						err = fmt.Errorf("status %d", res.StatusCode)
					}
				}
				return err
			}
			var wg sync.WaitGroup
			for range many {
				c, err := net.Dial("tcp", s.Addr())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				wg.Go(func() {
					if err := ask(c, "/wait?"+args); err != nil {
						t.Error(err)
						return
					}
					// the connection serves on
					if err := ask(c, "/wait?"+args); err != nil {
						t.Error(err)
					}
				})
			}
			c, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := ask(c, "/open"); err != nil {
				t.Error(err)
			}
			wg.Wait()
		})
	}
}

// TestIdleEnds is keepalive_timeout on a connection that has served, and client_header_timeout on one that has not.
func TestIdleEnds(t *testing.T) {
	s := phasetest.Start(t, `events {} http { keepalive_timeout 200ms; client_header_timeout 300ms; server { listen ADDR; } }`, probe)
	for _, c := range []struct{ name, send string }{
		{"never asked", ""},
		{"served", "GET /skip HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"half a head", "GET /skip HTTP/1.1\r\nHo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, c.send)
			conn.SetReadDeadline(time.Now().Add(time.Minute))
			buf := make([]byte, 4096)
			for {
				if _, err := conn.Read(buf); err != nil {
					if ne, ok := err.(net.Error); ok && ne.Timeout() {
						t.Error("the connection stays open")
					}
					return
				}
			}
		})
	}
}

// TestPieces sends heads in pieces and several at once, over one connection.
func TestPieces(t *testing.T) {
	s := phasetest.Start(t, config, probe)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	br := bufio.NewReader(c)
	expect := func(n int) {
		t.Helper()
		for range n {
			res, err := http.ReadResponse(br, nil)
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("%v %v", res, err)
			}
			res.Body.Close()
		}
	}
	const one = "GET /skip HTTP/1.1\r\nHost: x\r\n\r\n"
	for cut := 1; cut < len(one); cut += 3 {
		fmt.Fprint(c, one[:cut])
		time.Sleep(time.Millisecond) // so that it comes by itself, most likely
		fmt.Fprint(c, one[cut:])
		expect(1)
	}
	fmt.Fprint(c, one+one+one+one[:10])
	expect(3)
	fmt.Fprint(c, one[10:])
	expect(1)
}
