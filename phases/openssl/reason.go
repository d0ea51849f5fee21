package openssl

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Error is a failure for one of OpenSSL's reasons (SSL_R_…); its text is the reason.
type Error string

func (e Error) Error() string { return string(e) }

// The reasons that moongate itself gives.
const (
	CallbackFailed = Error("callback failed")           // a script said no
	CertCallback   = Error("cert cb error")             // the certificate's script said no
	VerifyFailed   = Error("certificate verify failed") // of the other side's certificate
	NoCertificate  = Error("no suitable signature algorithm")
)

// reasons are the numbers of OpenSSL 3.0's reasons.
var reasons = map[string]int{
	string(CallbackFailed): 234, string(CertCallback): 377, string(VerifyFailed): 134, string(NoCertificate): 118,
	"no shared cipher": 193, "unsupported protocol": 258, "wrong version number": 267, "http request": 156,
	"unexpected eof while reading": 294, "no protocols available": 191, "decryption failed or bad record mac": 281,
	"unknown protocol": 252, "wrong signature type": 370, "no application protocol": 235,
}

// said are parts of crypto/tls's sentences and the reasons that they mean.
var said = []struct{ part, reason string }{
	{"no cipher suite supported by both client and server", "no shared cipher"},
	{"no mutually supported cipher suites", "no shared cipher"},
	{"client offered only unsupported versions", "unsupported protocol"},
	{"server selected unsupported protocol version", "unsupported protocol"},
	{"client requested unsupported application protocols", "no application protocol"},
	{"no supported versions satisfy MinVersion and MaxVersion", "no protocols available"},
	{"bad record MAC", "decryption failed or bad record mac"},
	{"no certificates configured", string(NoCertificate)},
	{"doesn't support any of the certificate's signature algorithms", string(NoCertificate)},
}

// alertWords are OpenSSL's names of the alerts that the other side sends.
var alertWords = map[int]string{
	10: "sslv3 alert unexpected message", 20: "sslv3 alert bad record mac", 22: "tlsv1 alert record overflow", 40: "sslv3 alert handshake failure",
	42: "sslv3 alert bad certificate", 43: "sslv3 alert unsupported certificate", 44: "sslv3 alert certificate revoked",
	45: "sslv3 alert certificate expired", 46: "sslv3 alert certificate unknown", 47: "sslv3 alert illegal parameter", 48: "tlsv1 alert unknown ca",
	49: "tlsv1 alert access denied", 50: "tlsv1 alert decode error", 51: "tlsv1 alert decrypt error", 70: "tlsv1 alert protocol version",
	71: "tlsv1 alert insufficient security", 80: "tlsv1 alert internal error", 86: "tlsv1 alert inappropriate fallback", 90: "tlsv1 alert user cancelled",
	109: "tlsv13 alert missing extension", 110: "tlsv1 unsupported extension", 112: "tlsv1 unrecognized name",
	113: "tlsv1 bad certificate status response", 115: "tlsv1 alert unknown psk identity", 116: "tlsv13 alert certificate required", 120: "tlsv1 alert no application protocol",
}

// alerts finds an alert's number by the text that crypto/tls has for it.
var alerts = func() map[string]int {
	m := map[string]int{}
	for n := range alertWords {
		m[tls.AlertError(n).Error()] = n //nolint:gosec // an alert is a byte
	}
	return m
}()

// Reason is a failed handshake's error as OpenSSL's error queue prints it:
// "error:0A0000C1:SSL routines::no shared cipher". An error without a counterpart keeps its own text.
func Reason(err error) string {
	var own Error
	var head tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &own):
		return numbered(string(own))
	case errors.As(err, &head):
		if startsHTTP(head.RecordHeader[:]) {
			return numbered("http request")
		}
		return numbered("wrong version number")
	case errors.As(err, &verify):
		return numbered(string(VerifyFailed))
	case errors.As(err, &op) && op.Op == "remote error":
		if n, ok := alerts[op.Err.Error()]; ok {
			return line(1000+n, alertWords[n]) // SSL_AD_REASON_OFFSET
		}
	}
	text := err.Error()
	for _, s := range said {
		if strings.Contains(text, s.part) {
			return numbered(s.reason)
		}
	}
	return text
}

func startsHTTP(b []byte) bool {
	for _, m := range []string{"GET ", "POST ", "HEAD ", "PUT "} {
		if strings.HasPrefix(string(b), m) {
			return true
		}
	}
	return false
}

func numbered(reason string) string {
	n, ok := reasons[reason]
	if !ok {
		return reason
	}
	return line(n, reason)
}

func line(n int, reason string) string {
	const library = 20 // ERR_LIB_SSL
	return fmt.Sprintf("error:%08X:SSL routines::%s", library<<23|n, reason)
}
