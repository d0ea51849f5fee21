package bench

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/log"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/rewrite"
	"moongate/phases/upstream"
)

// BenchmarkWorkloads sends one request after the other over one connection.
func BenchmarkWorkloads(b *testing.B) {
	files, err := filepath.Glob("workloads/*.conf")
	if err != nil || len(files) == 0 {
		b.Fatalf("no workloads: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".conf")
		b.Run(name, func(b *testing.B) {
			conf, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			s := phasetest.Start(b, string(conf), rewrite.Module, upstream.Module, proxy.Module, log.Module, luastd.Complete())
			c, err := net.Dial("tcp", s.Addr())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			req := []byte("GET /a/b?tenant=moon HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
			buf := make([]byte, 64<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(req); err != nil {
					b.Fatal(err)
				}
				n, err := c.Read(buf)
				if err != nil || !bytes.HasPrefix(buf[:n], []byte("HTTP/1.1 200")) {
					b.Fatalf("%v: %q", err, buf[:n])
				}
			}
		})
	}
}
