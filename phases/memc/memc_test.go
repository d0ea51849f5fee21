package memc_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"moongate/phases"
	"moongate/phases/memc"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/upstream"
)

// store is a memcached of a few commands.
type store struct {
	mu    sync.Mutex
	items map[string][2]string // flags, value
	conns int
}

func (s *store) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		f := strings.Fields(line)
		s.mu.Lock()
		out := s.answer(f, in)
		s.mu.Unlock()
		if _, err := io.WriteString(c, out); err != nil || f[len(f)-1] == "cut" {
			return
		}
	}
}

func (s *store) answer(f []string, in *bufio.Reader) string {
	switch f[0] {
	case "get":
		switch item, ok := s.items[f[1]]; {
		case f[1] == "cut":
			return "VALUE cut 0 100\r\nshort"
		case f[1] == "odd":
			return "WHAT\r\n"
		case f[1] == "tail":
			return "VALUE tail 0 2\r\nabXXEND\r\n"
		case f[1] == "busy":
			return "SERVER_ERROR busy\r\n"
		case ok:
			return fmt.Sprintf("VALUE %s %s %d\r\n%s\r\nEND\r\n", f[1], item[0], len(item[1]), item[1])
		}
		return "END\r\n"
	case "set", "add":
		n, _ := strconv.Atoi(f[4])
		value := make([]byte, n+2)
		io.ReadFull(in, value) //nolint:errcheck // a test of the client
		if _, ok := s.items[f[1]]; ok && f[0] == "add" {
			return "NOT_STORED\r\n"
		}
		s.items[f[1]] = [2]string{f[2], string(value[:n])}
		return "STORED\r\n"
	case "incr":
		return "8\r\n"
	case "delete":
		if _, ok := s.items[f[1]]; !ok {
			return "NOT_FOUND\r\n"
		}
		delete(s.items, f[1])
		return "DELETED\r\n"
	case "flush_all":
		clear(s.items)
		return "OK\r\n"
	case "stats":
		return "STAT a 1\r\nSTAT b 2\r\nEND\r\n"
	case "version":
		return "VERSION 1\r\n"
	}
	return "ERROR\r\n"
}

func start(t *testing.T) (addr string, s *store) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s = &store{items: map[string][2]string{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			go s.serve(c)
		}
	}()
	return l.Addr().String(), s
}

var modules = []*phases.Module{rewrite.Module, upstream.Module, memc.Module}

func TestCommands(t *testing.T) {
	addr, st := start(t)
	text := `events {} http { default_type text/plain; upstream cache { server MEMC; keepalive 4; } server { listen ADDR;
		set $memc_key $arg_key;
		location /m { set $memc_cmd $arg_cmd; set $memc_value $arg_val; set $memc_flags $arg_f; set $memc_exptime $arg_e; memc_pass cache; }
		location /b { memc_pass cache; }
		location /modified { memc_flags_to_last_modified on; memc_pass $arg_to; }
		location /only { set $memc_cmd $arg_cmd; memc_cmds_allowed get delete; memc_pass cache; }
		location /unix { memc_pass unix:/nowhere/socket; }
	} }`
	text = strings.NewReplacer("MEMC", addr).Replace(text)
	s := phasetest.Start(t, text, modules...)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     string // "-": a page of the server's own
		log                      string
	}{
		{"nothing there", "GET", "/m?cmd=get&key=a", "", 404, "-", ""},
		{"set", "GET", "/m?cmd=set&key=a&val=hello&f=90000", "", 201, "STORED\r\n", ""},
		{"get", "GET", "/m?cmd=get&key=a", "", 200, "hello", ""},
		{"add", "GET", "/m?cmd=add&key=a&val=x", "", 200, "NOT_STORED\r\n", ""},
		{"incr", "GET", "/m?cmd=incr&key=a&val=3", "", 201, "8\r\n", ""},
		{"incr by no number", "GET", "/m?cmd=incr&key=a&val=x", "", 400, "-", `variable "$memc_value" takes invalid value: x for memcached command "incr"`},
		{"empty value", "GET", "/m?cmd=set&key=e", "", 201, "STORED\r\n", ""},
		{"get of an empty value", "GET", "/m?cmd=get&key=e", "", 200, "", ""},
		{"delete", "DELETE", "/b?key=e", "", 200, "DELETED\r\n", ""},
		{"delete again", "DELETE", "/b?key=e", "", 404, "-", ""},
		{"the body is the value", "PUT", "/b?key=p", "put body", 201, "STORED\r\n", ""},
		{"and comes back", "GET", "/b?key=p", "", 200, "put body", ""},
		{"POST adds", "POST", "/b?key=p", "x", 200, "NOT_STORED\r\n", ""},
		{"no value at all", "PUT", "/b?key=q", "", 500, "-", "nor the request body is available"},
		{"keys are escaped", "GET", "/m?cmd=set&key=a%01%25b&val=q", "", 201, "STORED\r\n", ""},
		{"no key", "GET", "/m?cmd=get", "", 500, "-", `the "$memc_key" variable is not set`},
		{"unknown command", "GET", "/m?cmd=touch&key=a", "", 400, "-", `unknown $memc_cmd "touch"`},
		{"another method", "OPTIONS", "/b?key=a", "", 400, "-", ""},
		{"flags are numbers", "GET", "/m?cmd=set&key=a&val=b&f=x", "", 400, "-", `variable "$memc_flags" takes invalid value: x`},
		{"times are numbers", "GET", "/m?cmd=flush_all&e=x", "", 400, "-", `variable "$memc_exptime" takes invalid value: x`},
		{"version", "GET", "/m?cmd=version", "", 200, "VERSION 1\r\n", ""},
		{"stats", "GET", "/m?cmd=stats", "", 200, "STAT a 1\r\nSTAT b 2\r\nEND\r\n", ""},
		{"not allowed", "GET", "/only?cmd=set&key=a", "", 403, "-", `memcached command "set" not allowed`},
		{"allowed", "GET", "/only?cmd=get&key=a", "", 200, "hello", ""},
		{"an address in a variable", "GET", "/modified?key=a&to=" + addr, "", 200, "hello", ""},
		{"no server", "GET", "/unix?key=a", "", 502, "-", ""},
		{"an error of memcached's", "GET", "/b?key=busy", "", 502, "-", `memcached sent "SERVER_ERROR busy"`},
		{"no memcached", "GET", "/b?key=odd", "", 502, "-", `memcached sent invalid response: "WHAT"`},
		{"flush", "GET", "/m?cmd=flush_all", "", 200, "OK\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := s.Do(tt.method, tt.path, tt.body)
			if res.Status != tt.status || tt.want != "-" && res.Body != tt.want {
				t.Errorf("%d %q, want %d %q\n%s", res.Status, res.Body, tt.status, tt.want, s.ErrorLog())
			}
			if tt.log != "" && !s.WaitLog(tt.log) {
				t.Errorf("the log lacks %q\n%s", tt.log, s.ErrorLog())
			}
		})
	}
	s.Get("/m?cmd=set&key=a&val=hello&f=90000")
	if got, want := s.Get("/modified?key=a&to="+addr).Header.Get("Last-Modified"), "Fri, 02 Jan 1970 01:00:00 GMT"; got != want {
		t.Errorf("Last-Modified %q, want %q", got, want)
	}
	if res := s.Do("HEAD", "/b?key=a", ""); res.Status != 200 || res.Header.Get("Content-Length") != "5" || res.Body != "" {
		t.Errorf("HEAD: %+v", res)
	}
	before := st.connections()
	for range 5 {
		s.Get("/b?key=a")
	}
	if n := st.connections() - before; n > 1 {
		t.Errorf("%d connections for requests in turn", n)
	}
	for path, want := range map[string]string{"/b?key=cut": "upstream prematurely closed connection", "/b?key=tail": "upstream sent invalid trailer"} {
		s.Raw("GET " + path + " HTTP/1.0\r\n\r\n")
		if !s.WaitLog(want) {
			t.Errorf("%s: the log lacks %q", path, want)
		}
	}
}

func (s *store) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"not in server", "memc_pass x;", `"memc_pass" directive is not allowed here`},
		{"twice", "location / { memc_pass 127.0.0.1; memc_pass 127.0.0.1; }", "duplicate"},
		{"port", "location / { memc_pass 127.0.0.1:0; }", `invalid port in upstream "127.0.0.1:0"`},
		{"no host", "location / { memc_pass :80; }", `no host in upstream ":80"`},
		{"unix", "location / { memc_pass unix:; }", "no path in the unix domain socket"},
		{"command", "memc_cmds_allowed get jump;", `unrecognized memcached command "jump"`},
		{"next", "memc_next_upstream http_500;", `invalid value "http_500"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := phasetest.LoadError(t, "http { server { listen ADDR; "+tt.text+" } }", modules...); !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
