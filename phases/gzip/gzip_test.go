package gzip

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"moongate/phases/echo"
	"moongate/phases/headers"
	"moongate/phases/headersmore"
	"moongate/phases/phasetest"
)

const config = `events {} http { gzip on; gzip_types text/plain application/json; default_type text/plain; server { listen ADDR;
	location /big { echo_duplicate 100000 "hello "; }
	location /small { echo x; more_set_headers 'Content-Length: 2'; }
	location /css { default_type text/css; echo_duplicate 100 x; }
	location /any { gzip_types *; default_type text/css; echo_duplicate 100 x; }
	location /off { gzip off; echo_duplicate 100 x; }
	location /status { echo_status 500; echo_duplicate 100 x; }
	location /404 { echo_status 404; echo_duplicate 100 x; }
	location /encoded { more_set_headers 'Content-Encoding: br'; echo_duplicate 100 x; }
	location /vary { gzip_vary on; echo_duplicate 100 x; }
	location /etag { more_set_headers 'ETag: "x"'; echo_duplicate 100 x; }
	location /disable { gzip_disable msie6 "Mozilla/4"; echo_duplicate 100 x; }
	location /proxied { gzip_proxied no-store expired; add_header Cache-Control $arg_c; add_header Expires $arg_e; echo_duplicate 100 x; }
	location /old { gzip_http_version 1.0; echo_duplicate 100 x; }
	location /flush { echo a; echo_flush; echo b; echo_flush; }
	location /sub { echo main; echo_location /small; echo_location_async /big; }
} }`

func start(t *testing.T) *phasetest.Server {
	return phasetest.Start(t, config, Module, headers.Module, headersmore.Module, echo.Module)
}

func TestChoice(t *testing.T) {
	s := start(t)
	const accept = "Accept-Encoding: gzip"
	tests := []struct {
		name, path string
		headers    []string
		gzip       bool
	}{
		{"accepted", "/big", []string{accept}, true},
		{"not accepted", "/big", nil, false},
		{"below the minimal length", "/small", []string{accept}, false},
		{"another type", "/css", []string{accept}, false},
		{"any type", "/any", []string{accept}, true},
		{"off", "/off", []string{accept}, false},
		{"500", "/status", []string{accept}, false},
		{"404", "/404", []string{accept}, true},
		{"encoded already", "/encoded", []string{accept}, false},
		{"user agent", "/disable", []string{accept, "User-Agent: mozilla/4.0"}, false},
		{"another user agent", "/disable", []string{accept, "User-Agent: Mozilla/5.0"}, true},
		{"msie6", "/disable", []string{accept, "User-Agent: X (compatible; MSIE 6.0; Windows)"}, false},
		{"msie6 sp2", "/disable", []string{accept, "User-Agent: X (compatible; MSIE 6.0; Windows; SV1)"}, true},
		{"via a proxy", "/big", []string{accept, "Via: p"}, false},
		{"via a proxy, no-store", "/proxied?c=private,no-store", []string{accept, "Via: p"}, true},
		{"via a proxy, private", "/proxied?c=private", []string{accept, "Via: p"}, false},
		{"via a proxy, expired", "/proxied?e=Mon,%2001%20Jan%202001%2000:00:00%20GMT", []string{accept, "Via: p"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := s.Get(tt.path, tt.headers...)
			if got := res.Header.Get("Content-Encoding") == "gzip"; got != tt.gzip {
				t.Errorf("gzip %v: %v", got, res.Header)
			}
			if tt.gzip && (res.Header.Get("Accept-Ranges") != "" || res.Header.Get("Content-Length") != "") {
				t.Errorf("header left: %v", res.Header)
			}
		})
	}
	for path, want := range map[string]int{"/old": 1, "/big": 0} {
		raw := s.Raw("GET " + path + " HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
		if got := strings.Count(raw, "Content-Encoding: gzip"); got != want {
			t.Errorf("%s, HTTP/1.0: %d", path, got)
		}
	}
	if got := s.Get("/vary").Header.Get("Vary"); got != "Accept-Encoding" {
		t.Errorf("Vary: %q", got)
	}
	if got := s.Get("/etag", accept).Header.Get("Etag"); got != `W/"x"` {
		t.Errorf("ETag: %q", got)
	}
}

func TestBody(t *testing.T) {
	s := start(t)
	big := strings.Repeat("hello ", 100000)
	for _, tt := range []struct{ path, want string }{
		{"/big", big}, {"/flush", "a\nb\n"}, {"/sub", "main\nx\n" + big},
	} {
		t.Run(tt.path, func(t *testing.T) {
			res := s.Get(tt.path, "Accept-Encoding: gzip")
			z, err := gzip.NewReader(strings.NewReader(res.Body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(z)
			if err != nil || string(got) != tt.want {
				t.Errorf("%d bytes, want %d: %v", len(got), len(tt.want), err)
			}
		})
	}
	res := phasetest.Parse(t, s.Raw("HEAD /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n"), "HEAD")
	if res.Header.Get("Content-Encoding") != "gzip" || res.Body != "" {
		t.Errorf("HEAD: %q", res.Raw)
	}
}

func TestAcceptsGzip(t *testing.T) {
	for text, want := range map[string]bool{
		"gzip": true, "gzip, deflate": true, "deflate, gzip": true, "GZIP": true, "x-gzip": false, "x-gzip, gzip": true, "": false, "gzipped": false,
		"gzip;q=0": false, "gzip;q=0.000": false, "gzip; q=0.001": true, "gzip;q=1": true, "gzip;q=1.000": true, "gzip;q=1.001": false,
		"gzip;q=2": false, "gzip;q=0.0001": false, "gzip;q=": false, "gzip;x=1": false, "gzip;": true, "gzip ;q=0.5, br": true, "deflate": false,
	} {
		if got := acceptsGzip(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"level", "gzip_comp_level 10;", "value must be between 1 and 9"},
		{"version", "gzip_http_version 2;", `invalid value "2"`},
		{"proxied", "gzip_proxied some;", `invalid value "some"`},
		{"gunzip", "gunzip on;", "not supported by moongate yet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { "+tt.text+" server { listen ADDR; } }", Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
