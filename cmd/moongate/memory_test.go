package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"moongate/phases/phasetest"
)

const memoryConfig = `
worker_processes 2;
error_log logs/error.log error;
events {}
http {
    access_log off;
    keepalive_timeout 600s;
    lua_max_pending_timers 8192;
    server {
        listen ADDR;
        location /static { return 200 "hello\n"; }
        location /say { content_by_lua_block { ngx.say("hello") } }
        location /sleep { content_by_lua_block { ngx.sleep(600) ngx.say("done") } }
        location /status { stub_status; }
    }
}`

// process is the real binary, in a process of its own, so that its memory can be read.
type process struct {
	addr string
	pid  int
}

func startProcess(t *testing.T) *process {
	t.Helper()
	if testing.Short() || phasetest.Race {
		t.Skip("measures memory")
	}
	dir := phasetest.Dir(t)
	bin := filepath.Join(dir, "moongate")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	p := &process{addr: phasetest.FreeAddr(t)}
	phasetest.WriteFile(t, dir+"conf/nginx.conf", strings.Replace(memoryConfig, "ADDR", p.addr, 1))
	cmd := exec.Command(bin, "-p", dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	if !phasetest.Await(func() bool { return p.answers("/static", "hello\n") }) {
		t.Fatal("the gateway does not answer")
	}
	return p
}

// answers reports whether a request is answered with a body that has the text.
func (p *process) answers(path, text string) bool {
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(httptest.NewRequest(http.MethodGet, "http://"+p.addr+path, nil))
	if err != nil {
		return false
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return strings.Contains(string(b), text)
}

// rss is the process's resident memory in bytes.
func (p *process) rss(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		t.Skip(err)
	}
	for line := range bytes.Lines(b) {
		var kb int64
		if n, _ := fmt.Sscanf(string(line), "VmRSS: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// dial opens n connections and sends request on each.
func (p *process) dial(t *testing.T, n int, request string, answer bool) []net.Conn {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < uint64(n)+200 {
		t.Skipf("only %d file descriptors", limit.Cur)
	}
	conns := make([]net.Conn, n)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				c, err := net.Dial("tcp", p.addr)
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				conns[i] = c
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", request)
				if !answer {
					continue
				}
				res, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
	})
	return conns
}

// TestMemory holds what the gateway costs while it does nothing, or while others wait.
func TestMemory(t *testing.T) {
	p := startProcess(t)
	idle := p.rss(t)
	t.Logf("idle: %.1f MB", float64(idle)/1e6)
	if idle > 40<<20 {
		t.Errorf("an idle gateway takes %d MB, want at most 40", idle>>20)
	}
	t.Run("idle connections", func(t *testing.T) {
		p.dial(t, 10000, "/say", true)
		total := p.rss(t)
		t.Logf("10,000 idle kept-alive connections: %.1f MB", float64(total)/1e6)
		each := (total - idle) / 10000
		t.Logf("an idle connection: %d bytes", each)
		if each > 4<<10 {
			t.Errorf("an idle connection takes %d bytes, want at most %d", each, 4<<10)
		}
	})
	t.Run("sleeping requests", func(t *testing.T) {
		p := startProcess(t)
		before := p.rss(t)
		p.dial(t, 5000, "/sleep", false)
		if !phasetest.Await(func() bool { return p.answers("/status", " Writing: 5001 ") }) { // this request is one, too
			t.Error("not all have reached their sleep")
		}
		each := (p.rss(t) - before) / 5000
		t.Logf("a sleeping request: %d bytes", each)
		if each > 32<<10 {
			t.Errorf("a sleeping request takes %d bytes, want at most %d", each, 32<<10)
		}
	})
}
