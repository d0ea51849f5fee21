package limitconn

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

const config = `events {} http {
	limit_conn_zone $arg_k zone=one:64k;
	limit_conn_zone $host zone=all:64k;
	server { listen ADDR; client_body_timeout 10s;
	location /hold { limit_conn one 1; echo_read_request_body; echo "$limit_conn_status"; }
	location /quick { limit_conn all 100; limit_conn one 1; limit_conn_status 429; echo "$limit_conn_status"; }
	location /dry { limit_conn one 1; limit_conn_dry_run on; echo "$limit_conn_status"; }
	location /exec { limit_conn one 1; echo_exec /quick; }
} }`

func TestLimit(t *testing.T) {
	s := phasetest.Start(t, config, echo.Module, Module)
	// the request stays in its handler until its body is whole
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST /hold?k=a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
	in := bufio.NewReader(c)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q %v", line, err)
	}
	for _, tt := range []struct {
		path   string
		status int
		body   string
	}{
		{"/quick?k=a", 429, ""}, {"/quick?k=b", 200, "PASSED\n"}, {"/dry?k=a", 200, "REJECTED_DRY_RUN\n"},
		{"/hold?k=", 200, "\n"}, {"/exec?k=b", 200, "PASSED\n"},
	} {
		if res := s.Get(tt.path); res.Status != tt.status || tt.body != "" && res.Body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.path, res.Status, res.Body, tt.status, tt.body)
		}
	}
	fmt.Fprint(c, "ab")
	rest, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(rest), "PASSED") {
		t.Errorf("%q %v", rest, err)
	}
	if got := s.Get("/hold?k=a").Status; got != 200 {
		t.Errorf("after its end the request still counts: %d", got)
	}
	for _, want := range []string{`limiting connections by zone "one"`, `limiting connections, dry run by zone "one"`} {
		if !s.WaitLog(want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestTable(t *testing.T) {
	tab := &table{size: 128, counts: map[string]int{}}
	if tab.take("a", 2) != counted || tab.take("a", 2) != counted || tab.take("a", 2) != tooMany {
		t.Error("limit of 2")
	}
	if tab.take("b", 1) != counted || tab.take("c", 1) != noMemory {
		t.Error("memory for two keys")
	}
	tab.release("a")
	tab.release("a")
	tab.release("b")
	if len(tab.counts) != 0 || tab.used != 0 {
		t.Errorf("left: %v, %d bytes", tab.counts, tab.used)
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown zone", "limit_conn x 1;", `zero size shared memory zone "x"`},
		{"zone twice", "limit_conn_zone $uri zone=x:1m; limit_conn_zone $host zone=x:1m;", `limit_conn_zone "x" is already bound to key "$uri"`},
		{"parameter", "limit_conn_zone $uri size=1;", `invalid parameter "size=1"`},
		{"number", "limit_conn x 0;", `invalid number of connections "0"`},
		{"large", "limit_conn x 65536;", `connection limit must be less 65536`},
		{"twice", "limit_conn x 1; limit_conn x 2;", `"limit_conn" directive is duplicate`},
		{"status", "limit_conn_status 600;", `value must be between 400 and 599`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { "+tt.text+" server { listen ADDR; } }", Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
