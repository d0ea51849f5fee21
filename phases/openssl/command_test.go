package openssl

import (
	"crypto/tls"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		name string
		list [][2]string
		want Commands
		err  string
	}{
		{"protocols by bounds", [][2]string{{"MinProtocol", "TLSv1.2"}, {"MaxProtocol", "tlsv1.3"}}, Commands{Min: tls.VersionTLS12, Max: tls.VersionTLS13}, ""},
		{"old bound", [][2]string{{"MinProtocol", "SSLv3"}}, Commands{Min: tls.VersionTLS10}, ""},
		{"no bound", [][2]string{{"MinProtocol", "TLSv1.2"}, {"MinProtocol", "None"}}, Commands{}, ""},
		{"protocols by list", [][2]string{{"Protocol", "ALL,-TLSv1, -TLSv1.1"}}, Commands{Min: tls.VersionTLS12, Max: tls.VersionTLS13}, ""},
		{"gap", [][2]string{{"Protocol", "TLSv1,TLSv1.2"}}, Commands{}, `SSL_CONF_cmd("Protocol", "TLSv1,TLSv1.2") failed: crypto/tls cannot leave a gap between protocols`},
		{"none left", [][2]string{{"Protocol", "SSLv3"}}, Commands{}, `SSL_CONF_cmd("Protocol", "SSLv3") failed: no protocol is left that crypto/tls speaks`},
		{"unknown protocol", [][2]string{{"MaxProtocol", "TLSv9"}}, Commands{}, `SSL_CONF_cmd("MaxProtocol", "TLSv9") failed: unknown protocol "TLSv9"`},
		{"ciphers", [][2]string{{"cipherstring", "HIGH"}}, Commands{CipherString: "HIGH"}, ""},
		{"all suites", [][2]string{{"Ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"}}, Commands{}, ""},
		{"some suites", [][2]string{{"Ciphersuites", "TLS_AES_256_GCM_SHA384"}}, Commands{}, `SSL_CONF_cmd("Ciphersuites", "TLS_AES_256_GCM_SHA384") failed: crypto/tls cannot leave out TLS_AES_128_GCM_SHA256`},
		{"groups", [][2]string{{"Groups", "X25519:P-256"}}, Commands{Curves: []tls.CurveID{tls.X25519, tls.CurveP256}}, ""},
		{"unknown group", [][2]string{{"Curves", "X448"}}, Commands{}, `SSL_CONF_cmd("Curves", "X448") failed: unknown curve "X448"`},
		{"options", [][2]string{{"Options", "PrioritizeChaCha,-SessionTicket"}}, Commands{NoTickets: true}, ""},
		{"option that cannot be", [][2]string{{"Options", "UnsafeLegacyRenegotiation"}}, Commands{}, `SSL_CONF_cmd("Options", "UnsafeLegacyRenegotiation") failed: crypto/tls has no option "unsafelegacyrenegotiation"`},
		{"verify", [][2]string{{"VerifyMode", "Peer"}}, Commands{VerifyPeer: true}, ""},
		{"no mode", [][2]string{{"VerifyMode", "Never"}}, Commands{}, `SSL_CONF_cmd("VerifyMode", "Never") failed: unknown mode "Never"`},
		{"what is not there", [][2]string{{"RecordPadding", "4"}}, Commands{}, `SSL_CONF_cmd("RecordPadding", "4") failed: crypto/tls has nothing like it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got Commands
			text := ""
			for _, x := range c.list {
				if err := got.Set(x[0], x[1]); err != nil {
					text = err.Error()
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if text != c.err {
				t.Errorf("%q, want %q", text, c.err)
			}
		})
	}
	if low, high := (*Commands)(nil).Bounds(1, 2); low != 1 || high != 2 {
		t.Errorf("no commands: %d, %d", low, high)
	}
}
