package ssl

import (
	"crypto/sha1" //nolint:gosec // nginx's fingerprint
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"time"

	"moongate/phases"
)

func (p *program) addVariables(l *phases.Load) error {
	type conn = phases.Conn
	for name, get := range map[string]func(c *conn) string{
		"ssl_protocol": func(c *conn) string { return protocolNames[c.TLS.Version] },
		"ssl_cipher":   func(c *conn) string { return cipherName(c.TLS.CipherSuite) },
		"ssl_ciphers": func(c *conn) string {
			return offered(c, func(h *tls.ClientHelloInfo) []uint16 { return h.CipherSuites }, cipherName)
		},
		"ssl_curve": func(c *conn) string { return curveName(c.TLS.CurveID) },
		"ssl_curves": func(c *conn) string {
			return offered(c, func(h *tls.ClientHelloInfo) []tls.CurveID { return h.SupportedCurves }, curveName)
		},
		"ssl_session_id": func(*conn) string { return "" }, // tickets have none
		"ssl_session_reused": func(c *conn) string {
			if c.TLS.DidResume {
				return "r"
			}
			return "."
		},
		"ssl_early_data":    func(*conn) string { return "" },
		"ssl_server_name":   func(c *conn) string { return c.TLS.ServerName },
		"ssl_alpn_protocol": func(c *conn) string { return c.TLS.NegotiatedProtocol },
		"ssl_client_verify": verdict,
		"ssl_client_cert": peer(func(x *x509.Certificate) string {
			return strings.ReplaceAll(strings.TrimSuffix(pemOf(x), "\n"), "\n", "\n\t")
		}),
		"ssl_client_raw_cert":     peer(pemOf),
		"ssl_client_escaped_cert": peer(func(x *x509.Certificate) string { return phases.EscapeURIComponent(pemOf(x)) }),
		"ssl_client_s_dn":         peer(func(x *x509.Certificate) string { return dn(x.RawSubject) }),
		"ssl_client_i_dn":         peer(func(x *x509.Certificate) string { return dn(x.RawIssuer) }),
		"ssl_client_s_dn_legacy":  peer(func(x *x509.Certificate) string { return legacyDN(x.RawSubject) }),
		"ssl_client_i_dn_legacy":  peer(func(x *x509.Certificate) string { return legacyDN(x.RawIssuer) }),
		"ssl_client_serial": peer(func(x *x509.Certificate) string {
			s := strings.ToUpper(x.SerialNumber.Text(16))
			if len(s)%2 == 1 {
				s = "0" + s
			}
			return s
		}),
		"ssl_client_fingerprint": peer(func(x *x509.Certificate) string {
			sum := sha1.Sum(x.Raw) //nolint:gosec // see above
			return hex.EncodeToString(sum[:])
		}),
		"ssl_client_v_start": peer(func(x *x509.Certificate) string { return x.NotBefore.UTC().Format(opensslTime) }),
		"ssl_client_v_end":   peer(func(x *x509.Certificate) string { return x.NotAfter.UTC().Format(opensslTime) }),
		"ssl_client_v_remain": peer(func(x *x509.Certificate) string {
			return strconv.Itoa(int(max(time.Until(x.NotAfter), 0) / (24 * time.Hour)))
		}),
	} {
		err := l.AddVariable(phases.Variable{Name: name, Get: func(r *phases.Request, _ string) (string, bool) {
			if r.Conn.TLS == nil {
				return "", false
			}
			v := get(r.Conn)
			return v, v != ""
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

const opensslTime = "Jan _2 15:04:05 2006 GMT"

var protocolNames = map[uint16]string{
	tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3",
}

// opensslCurves are OpenSSL's names of the groups.
var opensslCurves = map[tls.CurveID]string{
	tls.X25519: "X25519", tls.CurveP256: "prime256v1", tls.CurveP384: "secp384r1", tls.CurveP521: "secp521r1", tls.X25519MLKEM768: "X25519MLKEM768",
}

func curveName(id tls.CurveID) string {
	if n, ok := opensslCurves[id]; ok {
		return n
	}
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("0x%04x", uint16(id))
}

// offered lists what the client's hello has, without the values that only test servers (RFC 8701).
func offered[T ~uint16](c *phases.Conn, list func(*tls.ClientHelloInfo) []T, name func(T) string) string {
	if c.Hello == nil {
		return ""
	}
	var out []string
	for _, id := range list(c.Hello) {
		if id&0x0f0f != 0x0a0a {
			out = append(out, name(id))
		}
	}
	return strings.Join(out, ":")
}

func peer(f func(*x509.Certificate) string) func(*phases.Conn) string {
	return func(c *phases.Conn) string {
		if len(c.TLS.PeerCertificates) == 0 {
			return ""
		}
		return f(c.TLS.PeerCertificates[0])
	}
}

func pemOf(x *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw}))
}
