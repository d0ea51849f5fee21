// Package phasetest starts the engine on a loopback port for tests, with a configuration given as text.
package phasetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"moongate/phases"
	"moongate/phases/http1"
)

// Server is an engine that serves one configuration until the test ends.
type Server struct {
	Dir    string // the prefix
	Engine *phases.Engine
	t      testing.TB
	addrs  map[string]string
	mods   []*phases.Module
}

// Response is an answer as it came over the wire.
type Response struct {
	Status int
	Header textproto.MIMEHeader
	Body   string // without the chunked encoding
	Raw    string // all bytes, status line first
}

// Dir makes a prefix with the directories that nginx expects.
func Dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir() + "/"
	for _, d := range []string{"logs", "conf", "html"} {
		if err := os.MkdirAll(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Start serves confText, a whole configuration file. ADDR, ADDR1 … ADDR9 in it stand for free loopback
// addresses, PREFIX for the prefix (with a slash). A missing error_log is added at level debug.
func Start(t testing.TB, confText string, modules ...*phases.Module) *Server {
	t.Helper()
	return StartIn(t, Dir(t), confText, modules...)
}

// StartIn is Start with a prefix that the test has filled.
func StartIn(t testing.TB, dir, confText string, modules ...*phases.Module) *Server {
	t.Helper()
	s := &Server{Dir: dir, t: t, addrs: map[string]string{}, mods: modules}
	s.Engine = phases.NewEngine(http1.New)
	tree, err := s.Load(confText)
	if err != nil {
		t.Fatalf("configuration: %v", err)
	}
	if err := s.Engine.Apply(tree); err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { s.Engine.Stop(true, 2*time.Second) })
	return s
}

// Reload swaps in another configuration text on the same addresses.
func (s *Server) Reload(confText string) error {
	tree, err := s.Load(confText)
	if err != nil {
		return err
	}
	return s.Engine.Apply(tree)
}

// Load builds the configuration confText without letting it serve.
func (s *Server) Load(text string) (*phases.Tree, error) {
	for i := 9; i >= 0; i-- {
		name := "ADDR"
		if i > 0 {
			name += strconv.Itoa(i)
		}
		if strings.Contains(text, name) {
			if s.addrs[name] == "" {
				s.addrs[name] = FreeAddr(s.t)
			}
			text = strings.ReplaceAll(text, name, s.addrs[name])
		}
	}
	text = strings.ReplaceAll(text, "PREFIX", s.Dir)
	if !strings.Contains(text, "error_log") {
		text = "error_log logs/error.log debug;\n" + text
	}
	return phases.LoadConfig(phases.LoadOptions{
		Prefix: s.Dir, ConfFile: filepath.Join(s.Dir, "conf/nginx.conf"), Source: []byte(text), Modules: s.mods,
	})
}

// LoadError is what loading confText says; empty where it loads.
func LoadError(t testing.TB, confText string, modules ...*phases.Module) string {
	t.Helper()
	s := &Server{Dir: Dir(t), t: t, addrs: map[string]string{}, mods: modules}
	_, err := s.Load(confText)
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), s.Dir, "")
}

// Addr is the address that ADDR stands for.
func (s *Server) Addr() string { return s.addrs["ADDR"] }

// AddrOf is the address that a word such as ADDR1 stands for.
func (s *Server) AddrOf(word string) string { return s.addrs[word] }

// Get sends a GET request on a connection of its own. Headers are whole lines ("Name: value").
func (s *Server) Get(path string, headers ...string) *Response {
	s.t.Helper()
	return s.Do("GET", path, "", headers...)
}

// Do sends a request with a body (none where it is empty).
func (s *Server) Do(method, path, body string, headers ...string) *Response {
	s.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method, path)
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n" + body)
	text := b.String()
	for _, h := range headers {
		if len(h) > 5 && strings.EqualFold(h[:5], "Host:") {
			text = strings.Replace(text, "Host: localhost\r\n", "", 1)
		}
	}
	raw := s.Raw(text)
	return Parse(s.t, raw, method)
}

// Raw sends bytes and reads until the server closes the connection.
func (s *Server) Raw(request string) string {
	s.t.Helper()
	return exchange(s.t, s.Addr(), request)
}

func exchange(t testing.TB, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
	go io.WriteString(c, request)              //nolint:errcheck // the server may close early
	b, err := io.ReadAll(c)
	if err != nil && len(b) == 0 {
		t.Logf("reading the response: %v", err)
	}
	return string(b)
}

// Parse reads one response out of raw bytes.
func Parse(t testing.TB, raw, method string) *Response {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("response %q: %v", raw, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Logf("response body: %v", err)
	}
	return &Response{Status: res.StatusCode, Header: textproto.MIMEHeader(res.Header), Body: string(body), Raw: raw}
}

// ErrorLog is everything that was logged so far.
func (s *Server) ErrorLog() string {
	b, _ := os.ReadFile(s.Dir + "logs/error.log")
	return string(b)
}

// WaitLog waits until the error log holds text. It reports false when that has not come in a minute: for what has to come.
func (s *Server) WaitLog(text string) bool {
	return Await(func() bool { return strings.Contains(s.ErrorLog(), text) })
}

// Await waits until cond holds, which it asks again and again, and reports whether it did within a minute.
func Await(cond func() bool) bool {
	for end := time.Now().Add(time.Minute); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// WriteFile puts a file under the prefix.
func WriteFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Clone([]byte(text)), 0o644); err != nil { //nolint:gosec // test data
		t.Fatal(err)
	}
}
