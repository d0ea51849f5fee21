package proxy_test

import (
	"testing"

	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestWithRewrite: proxy_pass inside if and limit_except, and after a rewrite.
func TestWithRewrite(t *testing.T) {
	bs := []*backend{
		answering(t, func(head, _ string) string { return ok("0 " + head[:len("GET /123456")]) }),
		answering(t, func(head, _ string) string { return ok("1 " + head[:len("GET /123456")]) }),
	}
	text := config("", `
		location /if { if ($arg_x) { proxy_pass http://BACKEND1; } proxy_pass http://BACKEND0; }
		location /after { if ($arg_x) { set $y 1; } proxy_pass http://BACKEND0; }
		location /limit { limit_except GET { proxy_pass http://BACKEND1; } proxy_pass http://BACKEND0; }
		location /uri/ { rewrite ^/uri/(.*) /changed/$1 break; proxy_pass http://BACKEND0/gone/; }
		location /args { set $args new=1; proxy_pass http://BACKEND0; }`, bs...)
	s := phasetest.Start(t, text, append(modules(), rewrite.Module)...)
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/if/567890", "0 GET /if/567"},
		{"GET", "/if?x=12345", "1 GET /if?x=1"},
		{"GET", "/after?x=345", "0 GET /after?"},
		{"GET", "/limit/7890", "0 GET /limit/"},
		{"PUT", "/limit/7890", "1 PUT /limit/"},
		{"GET", "/uri/x/y/z/", "0 GET /change"},
		{"GET", "/args?old=1", "0 GET /args?n"},
	} {
		if res := s.Do(tt.method, tt.path, ""); res.Body != tt.want {
			t.Errorf("%s %s: %q, want %q\n%s", tt.method, tt.path, res.Body, tt.want, s.ErrorLog())
		}
	}
}
