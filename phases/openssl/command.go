package openssl

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Commands are what a series of ssl_conf_command and its like has asked for (OpenSSL's SSL_CONF_cmd, in the form of
// configuration files). They count more than the directives that say the same.
type Commands struct {
	Min, Max     uint16 // 0: not said
	CipherString string // OpenSSL's cipher language; empty: not said
	Curves       []tls.CurveID
	NoTickets    bool
	VerifyPeer   bool // VerifyMode Peer or Require
}

// curves are the groups of crypto/tls by OpenSSL's names.
var curves = map[string]tls.CurveID{
	"x25519": tls.X25519, "p-256": tls.CurveP256, "prime256v1": tls.CurveP256, "secp256r1": tls.CurveP256,
	"p-384": tls.CurveP384, "secp384r1": tls.CurveP384, "p-521": tls.CurveP521, "secp521r1": tls.CurveP521, "x25519mlkem768": tls.X25519MLKEM768,
}

// ParseCurves reads a list of groups with colons between them. What stands in the list is offered; the order is Go's.
func ParseCurves(list string) ([]tls.CurveID, error) {
	var out []tls.CurveID
	for name := range strings.SplitSeq(list, ":") {
		id, ok := curves[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("unknown curve %q", name)
		}
		out = append(out, id)
	}
	return out, nil
}

// idle are words of Options that crypto/tls obeys as they stand here, or that say how OpenSSL works inside.
var idle = strings.Fields(`serverpreference prioritizechacha norenegotiation noresumptiononrenegotiation bugs ktls ktlstxzerocopysendfile
	-compression encryptthenmac extendedmastersecret canames middleboxcompat antireplay -antireplay ignoreunexpectedeof ecdhsingle dhsingle -allownodhekex
	-unsafelegacyrenegotiation -unsafelegacyserverconnect -legacyserverconnect sessionticket cipherserverpreference -serverpreference -prioritizechacha -ktls
	-middleboxcompat -encryptthenmac -canames`)

// Set carries out one command. The error is nginx's sentence, with why crypto/tls cannot obey.
func (c *Commands) Set(name, value string) error {
	if err := c.set(strings.ToLower(name), value); err != nil {
		return fmt.Errorf("SSL_CONF_cmd(%q, %q) failed: %w", name, value, err)
	}
	return nil
}

func (c *Commands) set(name, value string) (err error) {
	switch name {
	case "minprotocol", "maxprotocol":
		to := &c.Min
		if name == "maxprotocol" {
			to = &c.Max
		}
		if strings.EqualFold(value, "None") {
			*to = 0
			return nil
		}
		_, v, ok := Protocol(value)
		switch {
		case !ok:
			return fmt.Errorf("unknown protocol %q", value)
		case v == 0 && to == &c.Max:
			return errors.New("crypto/tls does not speak it")
		}
		*to = max(v, tls.VersionTLS10)
		return nil
	case "protocol":
		return c.setProtocols(value)
	case "cipherstring":
		c.CipherString = value
		return nil
	case "ciphersuites":
		for _, s := range []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} {
			if !slices.Contains(strings.Split(value, ":"), s) {
				return fmt.Errorf("crypto/tls cannot leave out %s", s)
			}
		}
		return nil
	case "groups", "curves":
		c.Curves, err = ParseCurves(value)
		return err
	case "ecdhparameters":
		if strings.EqualFold(value, "Automatic") || strings.EqualFold(value, "auto") {
			return nil
		}
		c.Curves, err = ParseCurves(value)
		return err
	case "options":
		return c.setOptions(value)
	case "verifymode":
		return c.setVerifyMode(value)
	}
	return errors.New("crypto/tls has nothing like it")
}

func (c *Commands) setProtocols(list string) error {
	on := map[uint16]bool{}
	for w := range strings.SplitSeq(list, ",") {
		w = strings.TrimSpace(w)
		off := strings.HasPrefix(w, "-")
		word := strings.TrimLeft(w, "+-")
		if strings.EqualFold(word, "ALL") {
			for v := uint16(tls.VersionTLS10); v <= tls.VersionTLS13; v++ {
				on[v] = !off
			}
			continue
		}
		_, v, ok := Protocol(word)
		if !ok {
			return fmt.Errorf("unknown protocol %q", word)
		}
		if v != 0 {
			on[v] = !off
		}
	}
	low, high, n := uint16(0), uint16(0), 0
	for v := uint16(tls.VersionTLS10); v <= tls.VersionTLS13; v++ {
		if on[v] {
			if n++; low == 0 {
				low = v
			}
			high = v
		}
	}
	switch {
	case n == 0:
		return errors.New("no protocol is left that crypto/tls speaks")
	case int(high-low) != n-1:
		return errors.New("crypto/tls cannot leave a gap between protocols")
	}
	c.Min, c.Max = low, high
	return nil
}

func (c *Commands) setOptions(list string) error {
	for w := range strings.SplitSeq(list, ",") {
		switch w := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(w), "+")); {
		case w == "-sessionticket":
			c.NoTickets = true
		case !slices.Contains(idle, w):
			return fmt.Errorf("crypto/tls has no option %q", w)
		}
	}
	return nil
}

func (c *Commands) setVerifyMode(list string) error {
	for w := range strings.SplitSeq(list, ",") {
		switch strings.ToLower(strings.TrimSpace(w)) {
		case "peer", "require":
			c.VerifyPeer = true
		case "request", "once":
		default:
			return fmt.Errorf("unknown mode %q", w)
		}
	}
	return nil
}

// Bounds are the protocols that remain of what a directive allows.
func (c *Commands) Bounds(low, high uint16) (uint16, uint16) {
	if c != nil && c.Min != 0 {
		low = c.Min
	}
	if c != nil && c.Max != 0 {
		high = c.Max
	}
	return low, high
}
