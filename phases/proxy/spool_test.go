package proxy_test

import (
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"moongate/phases/phasetest"
)

// pattern is a body that can be made and checked piece by piece.
type pattern struct{ at, size int64 }

func (p *pattern) Read(b []byte) (int, error) {
	n := int(min(int64(len(b)), p.size-p.at))
	if n == 0 {
		return 0, io.EOF
	}
	for i := range b[:n] {
		x := p.at + int64(i)
		b[i] = byte(x ^ x>>8 ^ x>>16)
	}
	p.at += int64(n)
	return n, nil
}

func sum(t *testing.T, r io.Reader) (crc uint32, size int64) {
	t.Helper()
	h := crc32.NewIEEE()
	size, err := io.Copy(h, r)
	if err != nil {
		t.Fatalf("after %d bytes: %v", size, err)
	}
	return h.Sum32(), size
}

// slowFront sends a request from a client that takes nothing yet.
func slowFront(t *testing.T, s *phasetest.Server) (*net.TCPConn, *http.Response) {
	t.Helper()
	c, br := dialFront(t, s)
	c.SetDeadline(time.Now().Add(5 * time.Minute)) //nolint:errcheck // the read will tell
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn), res
}

// TestSlowClient: with proxy_buffering on, the upstream is done with before the client has taken the answer.
func TestSlowClient(t *testing.T) {
	const size = 24 << 20 // more than the kernel holds for a connection
	want, _ := sum(t, &pattern{size: size})
	for _, c := range []struct {
		name, head, conf string
		chunked          bool
	}{
		{"with a length", fmt.Sprintf("Content-Length: %d\r\n", size), "", false},
		{"in chunks", "Transfer-Encoding: chunked\r\n", "", true},
		{"up to the end", "", "", false},
		{"own directory", fmt.Sprintf("Content-Length: %d\r\n", size), "proxy_temp_path spool 1 2;", false},
		{"in memory", fmt.Sprintf("Content-Length: %d\r\n", size), "proxy_buffers 1000 32k; proxy_max_temp_file_size 0;", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := make(chan error, 1)
			b := scripted(t, func(e *exchange) {
				if _, _, err := e.request(); err != nil {
					return
				}
				io.WriteString(e, "HTTP/1.1 200 OK\r\nConnection: close\r\n"+c.head+"\r\n") //nolint:errcheck // what follows tells
				var err error
				if c.chunked {
					buf := make([]byte, 10000)
					for p := (&pattern{size: size}); err == nil && p.at < size; {
						n, _ := p.Read(buf)
						_, err = fmt.Fprintf(e, "%x\r\n%s\r\n", n, buf[:n])
					}
					io.WriteString(e, "0\r\n\r\n") //nolint:errcheck // the copy below tells
				} else {
					_, err = io.Copy(e, &pattern{size: size})
				}
				done <- err
			})
			s := start(t, "", `location / { proxy_http_version 1.1; proxy_pass http://BACKEND0; `+c.conf+` }`, b)
			_, res := slowFront(t, s)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got, n := sum(t, res.Body); got != want || n != size {
				t.Errorf("%d bytes, sum %x; want %d, %x", n, got, size, want)
			}
			if spilled := strings.Contains(s.ErrorLog(), "an upstream response is buffered to a temporary file"); spilled == strings.Contains(c.conf, "_size 0") {
				t.Errorf("a file was used: %v", spilled)
			}
		})
	}
}

// TestSlowClientLeaves: the temporary file and the upstream go with the client.
func TestSlowClientLeaves(t *testing.T) {
	done := make(chan error, 1)
	b := scripted(t, func(e *exchange) {
		if _, _, err := e.request(); err != nil {
			return
		}
		fmt.Fprintf(e, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", int64(1)<<40)
		_, err := io.Copy(e, &pattern{size: 1 << 40})
		done <- err
	})
	s := start(t, "", `location / { proxy_pass http://BACKEND0; proxy_max_temp_file_size 4m; }`, b)
	c, _ := slowFront(t, s)
	c.SetLinger(0) //nolint:errcheck // a wish
	c.Close()
	if err := <-done; err == nil {
		t.Error("the upstream was read to its end")
	}
}

// TestSlowClientMemory sends a big answer to a slow client, and looks at the memory that it takes.
func TestSlowClientMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("1 GiB")
	}
	const size = 1 << 30
	want, _ := sum(t, &pattern{size: size})
	done := make(chan error, 1)
	b := scripted(t, func(e *exchange) {
		if _, _, err := e.request(); err != nil {
			return
		}
		fmt.Fprintf(e, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		_, err := io.Copy(e, &pattern{size: size})
		done <- err
	})
	s := start(t, "", `location / { proxy_pass http://BACKEND0; }`, b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, res := slowFront(t, s)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 16<<20 { //nolint:gosec // sizes of memory
		t.Errorf("%d bytes more are in use", grown)
	}
	if got, n := sum(t, res.Body); got != want || n != size {
		t.Errorf("%d bytes, sum %x; want %d, %x", n, got, size, want)
	}
}
