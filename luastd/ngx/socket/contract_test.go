package socket_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moongate/luastd/ngx/ngxtest"
	"moongate/phases/phasetest"
)

// TestContract holds cosockets to what ngx_lua's README says of each function, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		HTTP: "lua_socket_log_errors off;",
		Init: `
	function open(options)
		local sock = ngx.socket.tcp()
		assert(sock:connect("127.0.0.1", ECHO, options))
		return sock
	end
	function said() local sock = ngx.socket.tcp() assert(sock:connect("127.0.0.1", SAYS)) return sock end
	function peer() local sock = ngx.socket.udp() assert(sock:setpeername("127.0.0.1", DATAGRAMS)) return sock end`,
		Prepare: places,
	}.Run(t)
}

// places are the servers that contracts talk to.
func places(t *testing.T, dir string) *strings.Replacer {
	t.Helper()
	ca := newAuthority(t)
	pair := ca.server(t, 2, time.Now().Add(time.Hour))
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	phasetest.WriteFile(t, dir+"conf/ca.pem", ca.pem)
	phasetest.WriteFile(t, dir+"conf/cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	phasetest.WriteFile(t, dir+"conf/key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); echo(c) }()
		}
	}()
	_, dead, _ := net.SplitHostPort(phasetest.FreeAddr(t))
	return strings.NewReplacer(
		"ECHO", serve(t, echo), "SAYS", serve(t, says("hello\r\nworld, again\n\nrest")), "DEAD", dead, "DATAGRAMS", datagrams(t), "UNIX", path,
		"SILENT", serve(t, func(c net.Conn) { io.Copy(io.Discard, c) }), //nolint:errcheck // until the script leaves
		"SECURE", secureEcho(t, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}),
		"MUTUAL", secureEcho(t, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}),
	)
}
