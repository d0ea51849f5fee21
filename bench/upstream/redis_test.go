package upstream

import (
	"io"
	"net"
	"testing"
)

func TestRedis(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go serveRedis(ln)
	tests := []struct{ name, in, want string }{
		{"ping", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n"},
		{"the value that is there", "*2\r\n$3\r\nGET\r\n$8\r\ngreeting\r\n", "$5\r\nhello\r\n"},
		{"no value", "*2\r\n$3\r\nget\r\n$4\r\nnone\r\n", "$-1\r\n"},
		{"set and get at once", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "+OK\r\n$2\r\n\r\n\r\n"},
		{"unknown", "*1\r\n$3\r\nDEL\r\n", "-ERR unknown command or arguments \"DEL\"\r\n"},
		{"not Redis", "GET / HTTP/1.1\r\n\r\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, tt.in)
			c.(*net.TCPConn).CloseWrite()
			if got, _ := io.ReadAll(c); string(got) != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}
