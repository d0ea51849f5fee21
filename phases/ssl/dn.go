package ssl

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
)

// attribute is one part of a distinguished name.
type attribute struct{ name, value string }

var attributeNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "street", "2.5.4.10": "O",
	"2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.17": "postalCode", "2.5.4.42": "GN", "2.5.4.46": "dnQualifier",
	"1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
}

func attributes(raw []byte) [][]attribute {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &seq); err != nil {
		return nil
	}
	out := make([][]attribute, 0, len(seq))
	for _, set := range seq {
		var as []attribute
		for _, a := range set {
			name, ok := attributeNames[a.Type.String()]
			if !ok {
				name = a.Type.String()
			}
			as = append(as, attribute{name, fmt.Sprint(a.Value)})
		}
		out = append(out, as)
	}
	return out
}

// dn prints a distinguished name as RFC 2253 does: the last part first.
func dn(raw []byte) string {
	sets := attributes(raw)
	slices.Reverse(sets)
	parts := make([]string, len(sets))
	for i, set := range sets {
		var as []string
		for _, a := range set {
			as = append(as, a.name+"="+escapeDN(a.value))
		}
		parts[i] = strings.Join(as, "+")
	}
	return strings.Join(parts, ",")
}

// legacyDN prints it as old OpenSSL did: /C=…/O=….
func legacyDN(raw []byte) string {
	var b strings.Builder
	for _, set := range attributes(raw) {
		for _, a := range set {
			b.WriteString("/" + a.name + "=" + a.value)
		}
	}
	return b.String()
}

func escapeDN(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case strings.IndexByte(`,+"\<>;`, c) >= 0, c == '#' && i == 0, c == ' ' && (i == 0 || i == len(s)-1):
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%02X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
