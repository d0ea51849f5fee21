package openssl

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"
)

func TestReason(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"none", nil, ""},
		{"a script's no", fmt.Errorf("handshake: %w", CertCallback), "error:0A000179:SSL routines::cert cb error"},
		{"callback", CallbackFailed, "error:0A0000EA:SSL routines::callback failed"},
		{"no shared cipher", errors.New("tls: no cipher suite supported by both client and server"), "error:0A0000C1:SSL routines::no shared cipher"},
		{"versions", errors.New("tls: client offered only unsupported versions: [301]"), "error:0A000102:SSL routines::unsupported protocol"},
		{"no TLS at all", tls.RecordHeaderError{Msg: "x", RecordHeader: [5]byte{'S', 'S', 'H', '-', '2'}}, "error:0A00010B:SSL routines::wrong version number"},
		{"HTTP", tls.RecordHeaderError{Msg: "x", RecordHeader: [5]byte{'G', 'E', 'T', ' ', '/'}}, "error:0A00009C:SSL routines::http request"},
		{"not verified", &tls.CertificateVerificationError{Err: errors.New("x")}, "error:0A000086:SSL routines::certificate verify failed"},
		{"the other side's alert", &net.OpError{Op: "remote error", Err: tls.AlertError(48)}, "error:0A000418:SSL routines::tlsv1 alert unknown ca"},
		{"anything else", errors.New("tls: oops"), "tls: oops"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Reason(c.err); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	now := time.Now()
	cert := func(issuer string, from, to time.Duration) *x509.Certificate {
		return &x509.Certificate{RawSubject: []byte("me"), RawIssuer: []byte(issuer), NotBefore: now.Add(from), NotAfter: now.Add(to)}
	}
	good := cert("ca", -time.Hour, time.Hour)
	for _, c := range []struct {
		name  string
		err   error
		chain []*x509.Certificate
		want  int
	}{
		{"too young", x509.CertificateInvalidError{Reason: x509.Expired}, []*x509.Certificate{cert("ca", time.Hour, 2*time.Hour)}, 9},
		{"expired", x509.CertificateInvalidError{Reason: x509.Expired}, []*x509.Certificate{cert("ca", -2*time.Hour, -time.Hour)}, 10},
		{"purpose", x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, []*x509.Certificate{good}, 26},
		{"self-signed", x509.UnknownAuthorityError{}, []*x509.Certificate{cert("me", -time.Hour, time.Hour)}, 18},
		{"self-signed root comes along", x509.UnknownAuthorityError{}, []*x509.Certificate{good, cert("me", -time.Hour, time.Hour)}, 19},
		{"no issuer", x509.UnknownAuthorityError{}, []*x509.Certificate{good}, 21},
		{"no issuer of the last", x509.UnknownAuthorityError{}, []*x509.Certificate{good, good}, 20},
		{"nothing", x509.UnknownAuthorityError{}, nil, 20},
		{"anything else", errors.New("x"), []*x509.Certificate{good}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Verdict(c.err, c.chain); got.Code != c.want {
				t.Errorf("%d %s, want %d", got.Code, got.Text, c.want)
			}
		})
	}
	if e := Failure(OK); e != nil {
		t.Errorf("Failure(OK) = %v", e)
	}
	if e := Failure(12345); e == nil || e.Text != "error number 12345" {
		t.Errorf("an unknown number: %v", e)
	}
}

func TestMadeFor(t *testing.T) {
	for _, c := range []struct {
		name string
		cert x509.Certificate
		host string
		want bool
	}{
		{"alternative name", x509.Certificate{DNSNames: []string{"*.a.test"}}, "x.a.test", true},
		{"subject only", x509.Certificate{Subject: pkix.Name{CommonName: "a.test"}}, "a.test", true},
		{"the subject counts only alone", x509.Certificate{Subject: pkix.Name{CommonName: "a.test"}, DNSNames: []string{"b.test"}}, "a.test", false},
		{"nothing", x509.Certificate{}, "a.test", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := MadeFor(&c.cert, c.host); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}
