package openssl

import (
	"crypto/tls"
	"strings"
)

// protocols are the protocols by nginx's words, in small letters. Those that crypto/tls does not speak are 0.
var protocols = map[string]struct {
	name    string
	version uint16
}{
	"sslv2": {"SSLv2", 0}, "sslv3": {"SSLv3", 0}, "tlsv1": {"TLSv1", tls.VersionTLS10}, "tlsv1.1": {"TLSv1.1", tls.VersionTLS11},
	"tlsv1.2": {"TLSv1.2", tls.VersionTLS12}, "tlsv1.3": {"TLSv1.3", tls.VersionTLS13},
}

// Protocol reads a word of ssl_protocols and its like, in letters of any case: its name, and its version, which is 0
// for those that crypto/tls does not speak. ok is false for a word that means no protocol.
func Protocol(word string) (name string, version uint16, ok bool) {
	p, ok := protocols[strings.ToLower(word)]
	return p.name, p.version, ok
}
