package reload_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"moongate/luastd"
	"moongate/luastd/reload"
	"moongate/phases"
	"moongate/phases/phasetest"
)

const config = `
worker_processes 2;
error_log logs/error.log notice;
events {}
http {
    server {
        listen ADDR;
        location = /v {
            access_by_lua_file lua/version.lua;
            content_by_lua_file lua/version.lua;
        }
        lua_script_dir live optional;
    }
}`

// script answers with its own version twice: the one that the access phase saw and the content phase's.
const script = `
local version = %d
if ngx.get_phase() == "access" then
    ngx.ctx.version = version
else
    ngx.say(ngx.ctx.version, " ", version)
end
`

type gateway struct {
	*phasetest.Server
	watcher *reload.Watcher
}

func start(t *testing.T) *gateway {
	t.Helper()
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"lua/version.lua", fmt.Sprintf(script, 0))
	s := phasetest.StartIn(t, dir, config, luastd.Complete())
	load := func() (*phases.Tree, error) { return s.Load(config) }
	w := reload.Watch(s.Engine, load, reload.Options{})
	if w == nil {
		t.Skip("files cannot be watched here")
	}
	t.Cleanup(w.Close)
	return &gateway{s, w}
}

// save writes a file as editors do: beside it, then renamed.
func save(t *testing.T, path, text string) {
	t.Helper()
	phasetest.WriteFile(t, path+".tmp", text)
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

// await waits for a reload that began after the call that made it necessary.
func (g *gateway) await(t *testing.T, before int64) {
	t.Helper()
	if !phasetest.Await(func() bool { return g.watcher.Reloads() > before }) {
		t.Fatal("a saved file was not noticed")
	}
}

// TestSavesUnderLoad saves a script a hundred times, good and broken in turn, while clients run at full
// speed: no request is lost, none sees two versions, and what is served is always the last good one.
func TestSavesUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	g := start(t)
	var stop atomic.Bool
	var served, lost, mixed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var c net.Conn
			var br *bufio.Reader
			defer func() {
				if c != nil {
					c.Close()
				}
			}()
			for !stop.Load() {
				reused := c != nil
				if c == nil {
					var err error
					if c, err = net.Dial("tcp", g.Addr()); err != nil {
						lost.Add(1)
						return
					}
					br = bufio.NewReader(c)
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				io.WriteString(c, "GET /v HTTP/1.1\r\nHost: x\r\n\r\n")
				res, err := http.ReadResponse(br, nil)
				if err != nil {
					c.Close()
					c = nil
					// an idle kept-alive connection may close just before it is used: HTTP lets a client try again
					if !reused {
						lost.Add(1)
						t.Errorf("a request on a fresh connection failed: %v", err)
					}
					continue
				}
				body, err := io.ReadAll(res.Body)
				var a, b int
				if n, _ := fmt.Sscanf(string(body), "%d %d", &a, &b); err != nil || res.StatusCode != 200 || n != 2 {
					lost.Add(1)
					t.Errorf("status %d, body %q, %v", res.StatusCode, body, err)
				} else if a != b {
					mixed.Add(1)
					t.Errorf("versions %d and %d in one request", a, b)
				}
				served.Add(1)
				if res.Close {
					c.Close()
					c = nil
				}
			}
		})
	}
	path := filepath.Join(g.Dir, "lua/version.lua")
	for i := 1; i <= 100; i++ {
		before := g.watcher.Reloads()
		text := fmt.Sprintf(script, i)
		if i%2 == 0 {
			text = "this is = = no Lua"
		}
		save(t, path, text)
		g.await(t, before)
		want := i
		if i%2 == 0 {
			want = i - 1
		}
		if got, expect := g.Get("/v").Body, fmt.Sprintf("%d %d\n", want, want); got != expect {
			t.Fatalf("after save %d: %q, want %q", i, got, expect)
		}
	}
	stop.Store(true)
	wg.Wait()
	t.Logf("%d requests served during 100 saves; %d lost, %d mixed", served.Load(), lost.Load(), mixed.Load())
	if served.Load() < 100 {
		t.Error("there was no load")
	}
	if log := g.ErrorLog(); !strings.Contains(log, "lua/version.lua:1:") {
		t.Error("the log does not name the broken file and its line")
	}
}

func TestDropIns(t *testing.T) {
	g := start(t)
	if res := g.Get("/hello"); res.Status != 404 {
		t.Fatalf("before: %d", res.Status)
	}
	// step saves a file, or removes it, and waits until it counts: a folder that is new may be noticed before what is in it.
	step := func(file, text string, counts func() bool) {
		t.Helper()
		if text == "" {
			os.Remove(filepath.Join(g.Dir, file))
		} else {
			save(t, mkdir(t, filepath.Join(g.Dir, file)), text)
		}
		if !phasetest.Await(counts) {
			t.Fatalf("%s: the change does not count\n%s", file, g.ErrorLog())
		}
	}
	says := func(path, want string) func() bool {
		return func() bool { return g.Get(path).Body == want }
	}
	has := func(path string, status int) func() bool {
		return func() bool { return g.Get(path).Status == status }
	}
	step("live/hello.content.lua", `ngx.say("one")`, says("/hello", "one\n"))
	step("live/hello.content.lua", `ngx.say("two")`, says("/hello", "two\n"))
	step("live/api/users/list.content.lua", `ngx.say("list")`, says("/api/users/list", "list\n"))
	step("live/api/users.access.lua", `if not ngx.var.arg_key then return ngx.exit(401) end`, has("/api/users/list", 401))
	if got := g.Get("/api/users/list?key=1").Body; got != "list\n" {
		t.Errorf("let through: %q", got)
	}
	step("live/_.header_filter.lua", `ngx.header["X-All"] = "yes"`, func() bool { return g.Get("/hello").Header.Get("X-All") == "yes" })
	step("live/hello.content.lua", "", has("/hello", 404))
}

func mkdir(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestModuleSaved: a module counts from the moment a worker has loaded it, also right after a reload,
// when the new workers have loaded nothing yet.
func TestModuleSaved(t *testing.T) {
	dir := phasetest.Dir(t)
	text := `events {} http { lua_package_path "PREFIXlua/?.lua;;"; server { listen ADDR;
		location / { content_by_lua_block { ngx.print(require("answer")) } } } }`
	phasetest.WriteFile(t, dir+"lua/answer.lua", `return "0"`)
	s := phasetest.StartIn(t, dir, text, luastd.Complete())
	w := reload.Watch(s.Engine, func() (*phases.Tree, error) { return s.Load(text) }, reload.Options{})
	if w == nil {
		t.Skip("files cannot be watched here")
	}
	t.Cleanup(w.Close)
	for i := range 6 {
		if got := s.Get("/").Body; got != fmt.Sprint(i) {
			t.Fatalf("before save %d: %q", i+1, got)
		}
		save(t, dir+"lua/answer.lua", fmt.Sprintf("return %q", fmt.Sprint(i+1)))
		if !phasetest.Await(func() bool { return s.Get("/").Body == fmt.Sprint(i+1) }) {
			t.Fatalf("save %d was never noticed", i+1)
		}
	}
}
