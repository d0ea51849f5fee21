package proxy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRequest checks the request that the upstream gets, byte for byte. HOST stands for the backend's address.
func TestRequest(t *testing.T) {
	tests := []struct {
		name, conf, request, want string
	}{
		{
			name: "default head", conf: `location / { proxy_pass http://BACKEND0; }`,
			request: "GET /a%20b?x=1 HTTP/1.1\r\nHost: front\r\nUser-Agent: t\r\nConnection: close\r\nTE: trailers\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nX-Mixed-CASE: v\r\nx-mixed-case: w\r\n\r\n",
			want:    "GET /a%20b?x=1 HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\nUser-Agent: t\r\nX-Mixed-CASE: v\r\nx-mixed-case: w\r\n\r\n",
		},
		{
			name: "URI part", conf: `location /a/ { proxy_pass http://BACKEND0/b/; }`,
			request: "GET /a/c/d?x HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET /b/c/d?x HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "URI part and escapes", conf: `location /a/ { proxy_pass http://BACKEND0/b/; }`,
			request: "GET /a/c%20%3f/d HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET /b/c%20%3F/d HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "dots are resolved with a URI part only", conf: `location /a/ { proxy_pass http://BACKEND0; }`,
			request: "GET /a/x/../y HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET /a/x/../y HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "variables", conf: `location /v { proxy_pass http://BACKEND0/x?u=$uri; }`,
			request: "GET /v%0aX HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET /x?u=/v%0AX HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "variable host without URI", conf: `location /v { proxy_pass http://$arg_h; }`,
			request: "GET /v?h=HOST HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET /v?h=HOST HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "proxy_set_header", conf: `proxy_set_header X-A $proxy_add_x_forwarded_for; proxy_set_header Host $http_host; proxy_set_header X-Empty "";
				location / { proxy_pass http://BACKEND0; }`,
			request: "GET / HTTP/1.1\r\nHost: front\r\nX-Forwarded-For: 1.2.3.4\r\nX-Empty: gone\r\nConnection: close\r\n\r\n",
			want:    "GET / HTTP/1.0\r\nX-A: 1.2.3.4, 127.0.0.1\r\nHost: front\r\nConnection: close\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
		},
		{
			name: "proxy_set_header replaces the outer level's", conf: `proxy_set_header X-A a; location / { proxy_set_header X-B b; proxy_pass http://BACKEND0; }`,
			request: "GET / HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET / HTTP/1.0\r\nX-B: b\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "body", conf: `location / { proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
			want:    "POST / HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
		},
		{
			name: "empty body", conf: `location / { proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
			want:    "POST / HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		},
		{
			name: "chunked body is buffered", conf: `location / { proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			want:    "POST / HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
		},
		{
			name: "unbuffered chunked body", conf: `location / { proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			want:    "POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nabc",
		},
		{
			name: "unbuffered body", conf: `location / { proxy_request_buffering off; proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
			want:    "POST / HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd",
		},
		{
			name: "method and body of our own", conf: `location / { proxy_method PUT; proxy_set_body "<$request_method>"; proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
			want:    "PUT / HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<POST>",
		},
		{
			name: "nothing passed", conf: `location / { proxy_pass_request_headers off; proxy_pass_request_body off; proxy_pass http://BACKEND0; }`,
			request: "POST / HTTP/1.1\r\nHost: front\r\nX-A: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
			want:    "POST / HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
		{
			name: "named location after an error", conf: `location / { error_page 404 = @up; return404; } location @up { proxy_pass http://BACKEND0; }`,
			request: "GET /a%2Fb HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n",
			want:    "GET /a/b HTTP/1.0\r\nHost: HOST\r\nConnection: close\r\n\r\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var body string
			b := answering(t, func(_, got string) string { body = got; return ok("fine") })
			s := start(t, "", strings.ReplaceAll(tt.conf, "return404;", ""), b)
			raw := s.Raw(strings.ReplaceAll(tt.request, "HOST", b.addr()))
			if !strings.HasPrefix(raw, "HTTP/1.1 200 OK\r\n") {
				t.Fatalf("response %q\n%s", raw, s.ErrorLog())
			}
			if d := cmp.Diff(strings.ReplaceAll(tt.want, "HOST", b.addr()), b.last()+body); d != "" {
				t.Error(d)
			}
		})
	}
}
