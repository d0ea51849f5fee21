package http1_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"moongate/phases"
	"moongate/phases/phasetest"
)

// ends is a content handler that answers with the two ends of the connection.
var ends = phases.NewModule(phases.Module{
	Name: "ends",
	Postconfigure: func(l *phases.Load) error {
		l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
			i := r.Conn
			return r.Respond(200, "text/plain", fmt.Appendf(nil, "%s %s %s %s", i.RemoteIP, i.RemotePort, i.LocalIP, i.LocalPort))
		})
		return nil
	},
})

// TestEnds asks by listeners of each kind, with an address of their own and without.
func TestEnds(t *testing.T) {
	_, any4, _ := strings.Cut(phasetest.FreeAddr(t), ":")
	_, any6, _ := strings.Cut(phasetest.FreeAddr(t), ":")
	six := "listen [::]:" + any6 + " ipv6only=off;"
	if ln, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		six = ""
	} else {
		ln.Close()
	}
	s := phasetest.Start(t, `events {} http { server { listen ADDR; listen `+any4+`; `+six+` listen unix:PREFIXsock; } }`, ends)
	for _, c := range []struct{ name, network, addr, ip string }{
		{"its own", "tcp", s.Addr(), "127.0.0.1"},
		{"any", "tcp", "127.0.0.1:" + any4, "127.0.0.1"},
		{"any, another one", "tcp", "127.0.0.2:" + any4, "127.0.0.2"},
		{"any of IPv6", "tcp", "[::1]:" + any6, "::1"},
		{"any of IPv6, by IPv4", "tcp", "127.0.0.3:" + any6, "127.0.0.3"},
		{"a file", "unix", s.Dir + "sock", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if six == "" && strings.Contains(c.name, "IPv6") {
				t.Skip("there is no IPv6")
			}
			conn, err := net.Dial(c.network, c.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
			fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			want := "unix:  unix: "
			if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
				_, port, _ := net.SplitHostPort(c.addr)
				want = fmt.Sprintf("%s %d %s %s", a.IP, a.Port, c.ip, port)
			}
			if string(b) != want || err != nil {
				t.Errorf("%q, %v, want %q", b, err, want)
			}
		})
	}
}

// TestNoDescriptors has clients come while the process has no file descriptor for them: they are told of in the log, wait, and are
// let in once there are some.
func TestNoDescriptors(t *testing.T) {
	s := phasetest.Start(t, config, probe)
	logged, err := os.Open(s.Dir + "logs/error.log")
	if err != nil {
		t.Fatal(err)
	}
	defer logged.Close()
	addr, err := net.ResolveTCPAddr("tcp4", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	to := &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}
	clients := make([]*os.File, 3)
	for i := range clients {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = os.NewFile(uintptr(fd), "client")
		defer clients[i].Close()
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 0, Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Skip(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &old) //nolint:errcheck // as below
	for _, c := range clients {
		if err := unix.Connect(int(c.Fd()), to); err != nil {
			t.Fatal(err)
		}
	}
	var text []byte
	settle(t, "nothing is logged", func() bool {
		buf := make([]byte, 64<<10)
		n, _ := logged.ReadAt(buf, 0)
		text = buf[:n]
		return bytes.Contains(text, []byte("[crit] ")) && bytes.Contains(text, []byte("accept4() failed (24: Too many open files)"))
	})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	for i, c := range clients {
		fmt.Fprint(c, "GET /skip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if b, err := io.ReadAll(c); err != nil || !bytes.HasSuffix(b, []byte("skipped")) {
			t.Errorf("client %d: %q, %v", i, b, err)
		}
	}
}

// TestLargeAnswers is more than the sockets take at once, from memory and from a file, to a client that reads late.
func TestLargeAnswers(t *testing.T) {
	const size = 12 << 20
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i >> 8)
	}
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/file", string(content))
	large := phases.NewModule(phases.Module{
		Name: "large",
		Postconfigure: func(l *phases.Load) error {
			l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
				r.Out.ContentLength = size
				if r.URI == "/memory" {
					r.SendHeader()
					for at := 0; at < size; at += 200 << 10 {
						r.Output(phases.Buf{B: content[at:min(at+200<<10, size)], Last: at+200<<10 >= size})
					}
					return phases.OK
				}
				f, err := os.Open(dir + "html/file")
				if err != nil {
					return 500
				}
				defer f.Close()
				r.SendHeader()
				return r.Output(phases.Buf{File: f, Len: size, Last: true})
			})
			return nil
		},
	})
	s := phasetest.StartIn(t, dir, `events {} http { server { listen ADDR; listen unix:PREFIXsock; } }`, large)
	for _, network := range []string{"tcp", "unix"} {
		for _, path := range []string{"/memory", "/file"} {
			t.Run(network+path, func(t *testing.T) {
				addr := s.Addr()
				if network == "unix" {
					addr = dir + "sock"
				}
				conn, err := net.Dial(network, addr)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
				for range 2 {
					fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
				}
				br := bufio.NewReader(conn)
				for range 2 {
					res, err := http.ReadResponse(br, nil)
					if err != nil {
						t.Fatal(err)
					}
					b, err := io.ReadAll(res.Body)
					if err != nil || !bytes.Equal(b, content) {
						t.Errorf("%d bytes, %v: not what was sent", len(b), err)
					}
				}
			})
		}
	}
}
