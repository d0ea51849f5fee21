package load

import (
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name   string
		in     string
		eof    bool
		status int
		body   string
		close  bool
		err    error
	}{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", false, nil},
		{"empty body", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, 200, "", false, nil},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false, 200, "hello", false, nil},
		{"until the end", "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello", true, 200, "hello", true, nil},
		{"says close", "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", false, 404, "no", true, nil},
		{"no content", "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", false, 204, "", false, nil},
		{"continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!", false, 200, "!", false, nil},
		{"head cut off", "HTTP/1.1 200 OK\r\nConte", true, 0, "", false, errTruncated},
		{"body cut off", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true, 0, "", false, errTruncated},
		{"chunk cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", true, 0, "", false, errTruncated},
		{"no HTTP", "220 mail.example ESMTP ready\r\n\r\n", false, 0, "", false, errMalformed},
		{"bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, 0, "", false, errMalformed},
		{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", false, 0, "", false, errMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// at once, and byte by byte
			for _, step := range []int{len(tt.in), 1} {
				var p parser
				p.reset()
				for n := step; ; n = min(n+step, len(tt.in)) {
					used, done, err := p.parse([]byte(tt.in[:n]), tt.eof && n == len(tt.in))
					if err != nil || n == len(tt.in) {
						if !errors.Is(err, tt.err) {
							t.Fatalf("error %v instead of %v", err, tt.err)
						}
						if err == nil && (!done || used != len(tt.in) || p.res.Status != tt.status || string(p.res.Body) != tt.body || p.res.Close != tt.close) {
							t.Fatalf("done %v, used %d, %d %q, close %v", done, used, p.res.Status, p.res.Body, p.res.Close)
						}
						break
					}
					if done {
						t.Fatalf("done after %d bytes", n)
					}
				}
			}
		})
	}
}

func TestHeader(t *testing.T) {
	r := Response{Head: []byte("HTTP/1.1 200 OK\r\nX-One:  1 \r\nx-two:2\r\nX-One: 3\r\n\r\n")}
	for name, want := range map[string]string{"x-one": "1", "X-Two": "2", "X-On": "", "200": ""} {
		if got := string(r.Header(name)); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}
