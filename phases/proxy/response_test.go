package proxy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestResponse checks what clients get, byte for byte but for the Date.
func TestResponse(t *testing.T) {
	tests := []struct {
		name, conf, reply, want string
	}{
		{
			name:  "order, case and duplicates stay",
			reply: "HTTP/1.1 200 OK\r\nServer: up\r\nX-b: 1\r\nDate: never\r\nContent-Type: text/x\r\nx-A: 2\r\nContent-Length: 2\r\nX-B: 3\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-Pad: p\r\n\r\nhi",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nContent-Type: text/x\r\nContent-Length: 2\r\nConnection: close\r\nX-b: 1\r\nx-A: 2\r\nX-B: 3\r\n\r\nhi",
		},
		{
			name:  "the status text is the upstream's",
			reply: "HTTP/1.1 499 Nothing Here\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 499 Nothing Here\r\nServer: moongate/0.1.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
		{
			name:  "HTTP/1.0 ends with the connection",
			reply: "HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nA: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		},
		{
			name:  "chunked",
			reply: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: t\r\n\r\n",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
		},
		{
			name: "hide and pass", conf: "proxy_hide_header x-secret; proxy_pass_header Server; proxy_pass_header X-Pad;",
			reply: "HTTP/1.1 200 OK\r\nServer: up\r\nX-Secret: 1\r\nX-Pad: p\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 200 OK\r\nServer: up\r\nContent-Length: 0\r\nConnection: close\r\nX-Pad: p\r\n\r\n",
		},
		{
			name: "redirect default", conf: "",
			reply: "HTTP/1.1 302 Found\r\nLocation: http://BACKEND0/b?c\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 302 Found\r\nServer: moongate/0.1.0\r\nContent-Length: 0\r\nConnection: close\r\nLocation: http://localhost:PORT/b?c\r\n\r\n",
		},
		{
			name: "redirect off", conf: "proxy_redirect off;",
			reply: "HTTP/1.1 302 Found\r\nLocation: http://BACKEND0/b\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 302 Found\r\nServer: moongate/0.1.0\r\nContent-Length: 0\r\nConnection: close\r\nLocation: http://BACKEND0/b\r\n\r\n",
		},
		{
			name: "redirect pair and expression", conf: "proxy_redirect http://old/ http://new/; proxy_redirect ~^http://([^/]+)(/.*) http://$host/$1$2;",
			reply: "HTTP/1.1 302 Found\r\nLocation: http://far/b\r\nRefresh: 5; url=http://old/x\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 302 Found\r\nServer: moongate/0.1.0\r\nContent-Length: 0\r\nConnection: close\r\nLocation: http://localhost/far/b\r\nRefresh: 5; url=http://new/x\r\n\r\n",
		},
		{
			name: "cookies", conf: "proxy_cookie_domain up.example $host; proxy_cookie_path /app/ /; proxy_cookie_flags sid secure httponly samesite=lax; proxy_cookie_flags ~. nosecure;",
			reply: "HTTP/1.1 200 OK\r\nSet-Cookie: sid=1; Domain=.UP.example; path=/app/x; SameSite=None\r\nSet-Cookie: b=2; secure; Max-Age=3\r\nSet-Cookie: odd\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nContent-Length: 0\r\nConnection: close\r\nSet-Cookie: sid=1; Domain=localhost; path=/x; SameSite=Lax; Secure; HttpOnly\r\nSet-Cookie: b=2; Max-Age=3\r\nSet-Cookie: odd\r\n\r\n",
		},
		{
			name: "accel redirect", conf: "",
			reply: "HTTP/1.1 200 OK\r\nX-Accel-Redirect: /inner%20x?a=1\r\nSet-Cookie: a=b\r\nX-Other: no\r\nContent-Length: 4\r\n\r\ngone",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nContent-Length: 5\r\nConnection: close\r\nSet-Cookie: a=b\r\n\r\ninner",
		},
		{
			name: "accel redirect ignored", conf: "proxy_ignore_headers X-Accel-Redirect;",
			reply: "HTTP/1.1 200 OK\r\nX-Accel-Redirect: /inner\r\nContent-Length: 4\r\n\r\nstay",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstay",
		},
		{
			name: "intercepted", conf: "proxy_intercept_errors on; error_page 503 =200 /inner;",
			reply: "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\ngone",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nContent-Length: 5\r\nConnection: close\r\n\r\ninner",
		},
		{
			name: "not intercepted", conf: "error_page 503 =200 /inner;",
			reply: "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nstay",
			want:  "HTTP/1.1 503 No\r\nServer: moongate/0.1.0\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstay",
		},
		{
			name: "charset", conf: "",
			reply: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Accel-Charset: koi8-r\r\nContent-Length: 0\r\n\r\n",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nContent-Type: text/html; charset=koi8-r\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
		{
			name: "no content", conf: "",
			reply: "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
			want:  "HTTP/1.1 204 No Content\r\nServer: moongate/0.1.0\r\nConnection: close\r\nA: b\r\n\r\n",
		},
		{
			name: "trailers", conf: "proxy_pass_trailers on;",
			reply: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: t\r\n\r\n",
			want:  "HTTP/1.1 200 OK\r\nServer: moongate/0.1.0\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-T: t\r\n\r\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reply := tt.reply
			b := answering(t, func(head, _ string) string {
				if strings.HasPrefix(head, "GET /inner") {
					return ok("inner")
				}
				return reply
			})
			reply = strings.ReplaceAll(reply, "BACKEND0", b.addr())
			s := start(t, "", "location / { "+tt.conf+" proxy_pass http://BACKEND0; } location /inner { proxy_pass http://BACKEND0; }", b)
			raw := s.Raw("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			got := ""
			for line := range strings.SplitAfterSeq(raw, "\n") {
				if !strings.HasPrefix(line, "Date: ") {
					got += line
				}
			}
			_, port, _ := strings.Cut(s.Addr(), ":")
			want := strings.ReplaceAll(strings.ReplaceAll(tt.want, "BACKEND0", b.addr()), "PORT", port)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

func TestHead(t *testing.T) {
	b := fixed(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
	s := start(t, "", "location / { proxy_pass http://BACKEND0; }", b)
	raw := s.Raw("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.Contains(raw, "Content-Length: 5\r\n") || !strings.HasSuffix(raw, "\r\n\r\n") {
		t.Errorf("response %q", raw)
	}
}
