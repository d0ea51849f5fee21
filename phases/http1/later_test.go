package http1_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"moongate/phases"
	"moongate/phases/phasetest"
)

// sharing is a content handler for requests that one loop gets at the same time. /hold keeps the loop until those have come; /stuck and
// /flushed wait, without telling the front end, until their channels are closed: one before and one after its answer is made.
func sharing(held chan<- struct{}, come, stuck, flushed <-chan struct{}) *phases.Module {
	return phases.NewModule(phases.Module{
		Name: "sharing",
		Postconfigure: func(l *phases.Load) error {
			l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
				switch r.URI {
				case "/hold":
					held <- struct{}{}
					<-come
				case "/stuck":
					<-stuck
				case "/flushed":
					rc := r.Respond(200, "text/plain", []byte("ok"))
					r.Flush()
					<-flushed
					return rc
				case "/large":
					return r.Respond(200, "text/plain", []byte(strings.Repeat("x", 15<<10)))
				}
				return r.Respond(200, "text/plain", []byte("ok"))
			})
			return nil
		},
	})
}

type keptAlive struct {
	net.Conn
	t  *testing.T
	br *bufio.Reader
}

func dialKept(t *testing.T, s *phasetest.Server) *keptAlive {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return &keptAlive{c, t, bufio.NewReader(c)}
}

func (c *keptAlive) ask(uri string) {
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", uri)
}

func (c *keptAlive) answer() string {
	res, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.t.Error(err)
		return ""
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Error(err)
	}
	return string(body)
}

// TestAnswersTogether has requests come at once, whose answers may leave together. They must not wait for a request that waits.
func TestAnswersTogether(t *testing.T) {
	held, come, stuck, flushed := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := phasetest.Start(t, config, sharing(held, come, stuck, flushed))
	var conns [5]*keptAlive
	for i := range conns {
		conns[i] = dialKept(t, s)
		conns[i].ask("/")
		conns[i].answer()
	}
	conns[0].ask("/hold")
	<-held
	conns[1].ask("/")
	conns[2].ask("/stuck")
	conns[3].ask("/flushed")
	conns[4].ask("/")
	close(come)
	for _, i := range []int{0, 1, 3, 4, 2} {
		if i == 2 {
			close(flushed)
			close(stuck)
		}
		if got := conns[i].answer(); got != "ok" {
			t.Errorf("connection %d: answer %q", i, got)
		}
	}
}

// TestAnswersNobodyReads has clients ask more than they read, all at once.
func TestAnswersNobodyReads(t *testing.T) {
	s := phasetest.Start(t, config, sharing(nil, nil, nil, nil))
	var wg sync.WaitGroup
	for range 8 {
		c := dialKept(t, s)
		const many = 500
		asked := make(chan struct{})
		wg.Go(func() {
			for range many {
				c.ask("/large")
			}
			close(asked)
		})
		wg.Go(func() {
			select { // the kernel takes some of the answers, but not all
			case <-asked:
			case <-time.After(200 * time.Millisecond):
			}
			for i := range many {
				if got := c.answer(); len(got) != 15<<10 {
					t.Errorf("answer %d has %d bytes", i, len(got))
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestClientsLeaveTogether has clients leave while their answers are on the way; the server goes on.
func TestClientsLeaveTogether(t *testing.T) {
	s := phasetest.Start(t, config, sharing(nil, nil, nil, nil))
	for range 50 {
		var conns [20]*keptAlive
		for i := range conns {
			conns[i] = dialKept(t, s)
		}
		for _, c := range conns {
			c.ask("/large")
		}
		for _, c := range conns {
			c.Conn.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}
	c := dialKept(t, s)
	c.ask("/")
	if got := c.answer(); got != "ok" {
		t.Errorf("answer %q", got)
	}
}
