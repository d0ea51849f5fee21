package headersmore_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/echo"
	"moongate/phases/headersmore"
	"moongate/phases/phasetest"
)

const config = `events {} http { more_set_headers 'X-Outer: 1'; server { listen ADDR;
	location /set { more_set_headers 'X-A: $arg_a' "X-Empty:" 'X-B:b:c'; echo x; }
	location /type { default_type text/html; more_set_headers -t 'text/plain text/html' 'X-T: yes'; more_set_headers -t text/css 'X-U: yes'; echo x; }
	location /missing { more_set_headers -s '404 500' 'X-S: e'; more_set_headers -s 200 'X-N: e'; }
	location /clear { more_set_headers 'X-Foo-A: 1' 'X-Foo-B: 2' 'X-Bar: 3'; more_clear_headers 'X-Foo-*' Server X-Outer; echo x; }
	location /append { more_set_headers 'X-L: 1'; more_set_headers -a 'X-L: 2'; echo x; }
	location /ct { more_set_headers 'Content-Type: text/x; charset=utf-8'; echo x; }
	location /server { more_set_headers 'Server: me' 'Date: never' 'Content-Length: 2'; echo x; }
	location /loc { more_set_headers 'Location: /x'; echo x; }
	location /noct { more_clear_headers Content-Type; echo x; }
	location /in { more_set_input_headers 'X-In: $arg_a' 'Host: Example.com:80'; more_clear_input_headers 'X-Del*'; echo "$http_x_in|$http_host|$host|$http_x_del_a"; }
	location /replace { more_set_input_headers -r 'X-In: new'; echo "[$http_x_in]"; }
	location /intype { more_set_input_headers -t text/plain 'X-In: new'; echo "[$http_x_in]"; }
	location /wild { more_set_headers 'Y-A: 1' 'Y-B: 2'; more_set_headers 'Y-*: z'; echo x; }
} }`

func TestHeaders(t *testing.T) {
	s := phasetest.Start(t, config, echo.Module, headersmore.Module)
	tests := []struct {
		name, path string
		request    []string
		header     map[string][]string // nil: not there
		body       string
	}{
		{"set", "/set?a=v", nil, map[string][]string{"X-A": {"v"}, "X-B": {"b:c"}, "X-Empty": nil, "X-Outer": {"1"}}, "x\n"},
		{"type", "/type", nil, map[string][]string{"X-T": {"yes"}, "X-U": nil}, "x\n"},
		{"status", "/missing", nil, map[string][]string{"X-S": {"e"}, "X-N": nil, "X-Outer": {"1"}}, ""},
		{"clear", "/clear", nil, map[string][]string{"X-Foo-A": nil, "X-Foo-B": nil, "X-Bar": {"3"}, "Server": nil, "X-Outer": nil}, "x\n"},
		{"append", "/append", nil, map[string][]string{"X-L": {"1", "2"}}, "x\n"},
		{"content type", "/ct", nil, map[string][]string{"Content-Type": {"text/x; charset=utf-8"}}, "x\n"},
		{"server, date, length", "/server", nil, map[string][]string{"Server": {"me"}, "Date": {"never"}, "Content-Length": {"2"}}, "x\n"},
		{"location", "/loc", nil, map[string][]string{"Location": {"http://localhost:PORT/x"}}, "x\n"},
		{"no content type", "/noct", nil, map[string][]string{"Content-Type": nil}, "x\n"},
		{"input", "/in?a=b", []string{"X-Del-A: q"}, nil, "b|Example.com:80|example.com|\n"},
		{"replace absent", "/replace", nil, nil, "[]\n"},
		{"replace present", "/replace", []string{"x-in: old"}, nil, "[new]\n"},
		{"input type", "/intype", []string{"Content-Type: text/plain"}, nil, "[new]\n"},
		{"input of another type", "/intype", []string{"Content-Type: text/html"}, nil, "[]\n"},
		{"wildcard with a value", "/wild", nil, map[string][]string{"Y-A": {"z"}, "Y-B": nil}, "x\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := s.Get(tt.path, tt.request...)
			for name, want := range tt.header {
				for i := range want {
					want[i] = strings.Replace(want[i], "localhost:PORT", "localhost:"+s.Addr()[len("127.0.0.1:"):], 1)
				}
				if diff := cmp.Diff(want, res.Header[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			if tt.body != "" && res.Body != tt.body {
				t.Errorf("body %q, want %q", res.Body, tt.body)
			}
		})
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no argument to -t", "more_set_headers -t;", "more_set_headers: option -t takes an argument."},
		{"bad status", "more_set_headers -s 4x4 'A: b';", `more_set_headers: invalid digit "x" found in the status code list "4x4"`},
		{"bad option", "more_set_headers -z 'A: b';", `more_set_headers: invalid option name: "-z"`},
		{"append to the input", "more_set_input_headers -a 'A: b';", `more_set_input_headers: invalid option name: "-a"`},
		{"append a builtin", "more_set_headers -a 'Server: b';", `more_set_headers: can not append builtin headers "Server"`},
		{"no name", "more_set_headers ': b';", `more_set_headers: no key found in the header argument: : b`},
		{"short wildcard", "more_clear_headers *;", `more_clear_headers: wildcard key too short: *`},
		{"variable", "more_set_headers 'A: $nope';", `unknown "nope" variable`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { server { listen ADDR; "+tt.text+" } }", headersmore.Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
