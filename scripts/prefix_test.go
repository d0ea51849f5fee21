package scripts_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"moongate/phases/phasetest"
)

// moongate is the binary under test, built once.
var moongate string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "moongate-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		moongate = filepath.Join(dir, "moongate")
		if out, err := exec.Command("go", "build", "-o", moongate, "../cmd/moongate").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// fixedPort are the ports of the examples: 81xx where they listen, 90xx where their upstreams do.
var fixedPort = regexp.MustCompile(`127\.0\.0\.1:(81\d\d|90\d\d)|("127\.0\.0\.1", )(90\d\d)`)

// prefix is a copy of an example with ports that are free.
type prefix struct {
	dir   string
	ports map[string]string // the port in the example: the address in the copy
}

// addr is the address that stands for an example's port.
func (p *prefix) addr(port string) string {
	if p.ports[port] == "" {
		p.ports[port] = freeAddr()
	}
	return p.ports[port]
}

func freeAddr() string {
	addr, err := phasetest.NextAddr()
	if err != nil {
		panic(err)
	}
	return addr
}

func copyExample(t *testing.T, name string) *prefix {
	t.Helper()
	p := &prefix{dir: t.TempDir(), ports: map[string]string{}}
	// nginx's workers run as another user, and must reach the scripts and write the logs
	for d := p.dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		os.Chmod(d, 0o777) //nolint:errcheck // moongate does not need it
	}
	root := filepath.Join("examples", name)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		to := filepath.Join(p.dir, rel)
		if d.IsDir() {
			if err := os.MkdirAll(to, 0o777); err != nil {
				return err
			}
			return os.Chmod(to, 0o777)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Dir(rel) == "logs" && d.Name() != ".gitignore" {
			return nil
		}
		return os.WriteFile(to, p.freePorts(text), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *prefix) freePorts(text []byte) []byte {
	return fixedPort.ReplaceAllFunc(text, func(m []byte) []byte {
		g := fixedPort.FindSubmatch(m)
		if len(g[1]) > 0 {
			return []byte(p.addr(string(g[1])))
		}
		_, port, _ := net.SplitHostPort(p.addr(string(g[3])))
		return []byte(string(g[2]) + port)
	})
}

// moongate serves the prefix until the test ends.
func (p *prefix) moongate(t *testing.T) {
	t.Helper()
	p.run(t, exec.Command(moongate, "-p", p.dir))
}

const (
	nginxBinary  = "/usr/sbin/nginx"
	nginxModules = "/usr/lib/nginx/modules"
)

// luaModule is a library of moongate's as one file: its parts come as arguments, as the binary gives them.
func luaModule(t *testing.T, lib string, parts ...string) string {
	t.Helper()
	source, err := os.ReadFile("../luastd/resty/" + lib + ".lua")
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) == 0 {
		return string(source)
	}
	call := "return (function(...)\n" + string(source) + "\nend)(..."
	for _, part := range parts {
		call += ", (function(...)\n" + luaModule(t, part) + "\nend)(...)"
	}
	return call + ")"
}

// nginx serves the prefix with Debian's nginx and ngx_lua. The test is skipped where they are not
// installed. Libraries of moongate's that are plain Lua are lent to it.
func (p *prefix) nginx(t *testing.T) {
	t.Helper()
	module := filepath.Join(nginxModules, "ngx_http_lua_module.so")
	for _, file := range []string{nginxBinary, module} {
		if _, err := os.Stat(file); err != nil {
			t.Skip("nginx with ngx_lua is not installed")
		}
	}
	for lib, parts := range map[string][]string{"limit/req": nil, "limit/count": nil, "http/http": {"http/body", "http/connect", "http/headers"}} {
		to := filepath.Join(p.dir, "lua/resty", strings.TrimSuffix(lib, "/http")+".lua")
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(luaModule(t, lib, parts...)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(p.dir, "conf/nginx.conf")
	conf, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := "daemon off;\nload_module " + filepath.Join(nginxModules, "ndk_http_module.so") + ";\nload_module " + module + ";\n" + string(conf)
	path := fmt.Sprintf("lua_package_path \"%s/lua/?.lua;;\";\n", p.dir)
	if strings.Contains(text, "lua_package_path") {
		path = ""
	}
	text = strings.Replace(text, "http {\n", "http {\n"+path+"client_body_temp_path logs/b; proxy_temp_path logs/p;"+
		" fastcgi_temp_path logs/f; uwsgi_temp_path logs/u; scgi_temp_path logs/s;\n", 1)
	if !strings.Contains(text, "access_log") {
		text = strings.Replace(text, "http {\n", "http {\naccess_log logs/nginx-access.log;\n", 1)
	}
	// Debian's build does not know $prefix
	text = strings.ReplaceAll(text, "$prefix", p.dir)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p.run(t, exec.Command(nginxBinary, "-p", p.dir, "-c", file, "-e", "logs/error.log"))
}

// run starts a server and waits until it listens. It is ended by a quit signal, and must obey.
func (p *prefix) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may be gone
		select {
		case <-gone:
		case <-time.After(time.Minute):
			cmd.Process.Kill() //nolint:errcheck // the failure is reported
			t.Errorf("%s does not stop", filepath.Base(cmd.Path))
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(p.dir, "logs/error.log"))
			t.Logf("%s\n%s", out.String(), log)
		}
	})
	for port, addr := range p.ports {
		if !strings.HasPrefix(port, "81") {
			continue
		}
		if !listens(addr, gone) {
			log, _ := os.ReadFile(filepath.Join(p.dir, "logs/error.log"))
			t.Fatalf("%s does not listen: %s%s", filepath.Base(cmd.Path), out.String(), log)
		}
	}
}

func listens(addr string, gone chan error) bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return true
		}
		select {
		case err := <-gone:
			gone <- err
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// upstream serves an example's upstream port until the test ends.
func (p *prefix) upstream(t *testing.T, port string, h http.HandlerFunc) {
	t.Helper()
	ln, err := net.Listen("tcp4", p.addr(port))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(ln) //nolint:errcheck // it ends with the test
	t.Cleanup(func() { srv.Close() })
}

// answer is a response: its status, its header and its body.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes a request of an example's port; header lines are "Name: value".
func (p *prefix) send(t *testing.T, port, method, uri, body string, header ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.addr(port)+uri, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Add(name, value)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, uri, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, uri, err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// get is send of a GET request.
func (p *prefix) get(t *testing.T, port, uri string, header ...string) answer {
	t.Helper()
	return p.send(t, port, "GET", uri, "", header...)
}

// expect fails the test unless the answer has the status and the body, where one is given.
func (a answer) expect(t *testing.T, status int, body string) {
	t.Helper()
	_, _, line, _ := runtime.Caller(1)
	if a.status != status || body != "" && a.body != body {
		t.Errorf("line %d: %d %q, want %d %q", line, a.status, a.body, status, body)
	}
}

// drive runs an example with moongate, and where nginx can run it too, with nginx.
func drive(t *testing.T, name string, onNginx bool, f func(t *testing.T, p *prefix)) {
	t.Run("moongate", func(t *testing.T) {
		p := copyExample(t, name)
		p.moongate(t)
		f(t, p)
	})
	t.Run("nginx", func(t *testing.T) {
		if !onNginx {
			t.Skip("needs what Debian's nginx does not have")
		}
		p := copyExample(t, name)
		p.nginx(t)
		f(t, p)
	})
}

// command runs a program and answers with all that it printed.
func command(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}
