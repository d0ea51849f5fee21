package ssl

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// suite is a cipher suite of TLS 1.2 and below that crypto/tls has, with the words of OpenSSL's cipher
// language that mean it.
type suite struct {
	id    uint16
	name  string // OpenSSL's
	words string // between spaces
}

const (
	ecdhe     = " ALL COMPLEMENTOFALL ECDHE EECDH kECDHE kEECDH ECDH "
	rsaKx     = " ALL RSA kRSA aRSA "
	ecdsaAuth = "ECDSA aECDSA "
	rsaAuth   = "RSA aRSA "
	gcm128    = "AES AES128 AESGCM HIGH DEFAULT FIPS AEAD TLSv1.2 "
	gcm256    = "AES AES256 AESGCM HIGH DEFAULT FIPS AEAD TLSv1.2 "
	chacha    = "CHACHA20 HIGH DEFAULT AEAD TLSv1.2 "
	cbc128    = "AES AES128 HIGH DEFAULT FIPS "
	cbc256    = "AES AES256 HIGH DEFAULT FIPS "
	des3      = "3DES MEDIUM SHA SHA1 SSLv3 TLSv1 "
	rc4       = "RC4 MEDIUM SHA SHA1 SSLv3 TLSv1 "
)

// suites are in the order in which OpenSSL lists them.
var suites = []suite{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", ecdhe + ecdsaAuth + gcm256 + "SHA384 "},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", ecdhe + rsaAuth + gcm256 + "SHA384 "},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", ecdhe + ecdsaAuth + chacha},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", ecdhe + rsaAuth + chacha},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", ecdhe + ecdsaAuth + gcm128 + "SHA256 "},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", ecdhe + rsaAuth + gcm128 + "SHA256 "},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "ECDHE-ECDSA-AES128-SHA256", ecdhe + ecdsaAuth + cbc128 + "SHA256 TLSv1.2 "},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "ECDHE-RSA-AES128-SHA256", ecdhe + rsaAuth + cbc128 + "SHA256 TLSv1.2 "},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", ecdhe + ecdsaAuth + cbc256 + "SHA SHA1 TLSv1 "},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", ecdhe + rsaAuth + cbc256 + "SHA SHA1 TLSv1 "},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", ecdhe + ecdsaAuth + cbc128 + "SHA SHA1 TLSv1 "},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", ecdhe + rsaAuth + cbc128 + "SHA SHA1 TLSv1 "},
	{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384", rsaKx + gcm256 + "SHA384 "},
	{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256", rsaKx + gcm128 + "SHA256 "},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-SHA256", rsaKx + cbc128 + "SHA256 TLSv1.2 "},
	{tls.TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", rsaKx + cbc256 + "SHA SHA1 SSLv3 TLSv1 "},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", rsaKx + cbc128 + "SHA SHA1 SSLv3 TLSv1 "},
	{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, "ECDHE-RSA-DES-CBC3-SHA", ecdhe + rsaAuth + des3},
	{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, "DES-CBC3-SHA", rsaKx + des3},
	{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, "ECDHE-ECDSA-RC4-SHA", ecdhe + ecdsaAuth + rc4},
	{tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, "ECDHE-RSA-RC4-SHA", ecdhe + rsaAuth + rc4},
	{tls.TLS_RSA_WITH_RC4_128_SHA, "RC4-SHA", rsaKx + rc4},
}

// tls13 are the names of TLS 1.3's suites, the same in OpenSSL and Go.
var tls13 = map[uint16]string{
	tls.TLS_AES_128_GCM_SHA256: "TLS_AES_128_GCM_SHA256", tls.TLS_AES_256_GCM_SHA384: "TLS_AES_256_GCM_SHA384",
	tls.TLS_CHACHA20_POLY1305_SHA256: "TLS_CHACHA20_POLY1305_SHA256",
}

// cipherName is OpenSSL's name of a suite.
func cipherName(id uint16) string {
	if n, ok := tls13[id]; ok {
		return n
	}
	for i := range suites {
		if suites[i].id == id {
			return suites[i].name
		}
	}
	return fmt.Sprintf("0x%04x", id)
}

// absent are words of OpenSSL's language for suites that crypto/tls does not have.
var absent = strings.Fields(`aNULL eNULL NULL COMPLEMENTOFDEFAULT LOW EXPORT EXP EXPORT40 EXPORT56 MD5 DES kDHE kEDH DH DHE EDH ADH aDH aDSS DSS
	kDH kDHr kDHd aECDH AECDH kECDHr kECDHe PSK kPSK aPSK kECDHEPSK kDHEPSK kRSAPSK SRP kSRP aSRP CAMELLIA CAMELLIA128 CAMELLIA256 ARIA ARIA128 ARIA256 ARIAGCM
	SEED IDEA AESCCM AESCCM8 GOST94 GOST89MAC aGOST aGOST01 kGOST KRB5 kKRB5 kFZA SUITEB128 SUITEB128ONLY SUITEB192 CBC SSLv2 RC2 TLSv1.0`)

// absentParts begin or are parts of the names of single suites of that kind.
var absentParts = []string{
	"DHE-", "EDH-", "ADH-", "AECDH-", "DH-", "ECDH-", "PSK", "SRP-", "CAMELLIA", "ARIA", "SEED", "IDEA", "CCM", "GOST", "KRB5", "EXP-", "NULL-", "DES-CBC-",
	"RC2-", "RC4-MD5", "AES256-SHA256", "AES256-SHA384",
}

// parseCiphers reads an OpenSSL cipher list: words that add (plain), remove for good (!), remove (-)
// or move back (+). A word that nobody knows is an error; OpenSSL would skip it silently.
func parseCiphers(list string) ([]uint16, error) {
	var on []int
	killed := map[int]bool{}
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' || r == ';' }) {
		if word[0] == '@' {
			continue // @STRENGTH and @SECLEVEL: the order and the strength are Go's
		}
		op := byte(0)
		if strings.IndexByte("!-+", word[0]) >= 0 {
			op, word = word[0], word[1:]
		}
		hits, err := matching(word)
		if err != nil {
			return nil, err
		}
		for _, i := range hits {
			at := slices.Index(on, i)
			switch {
			case op == '!' || op == '-':
				if at >= 0 {
					on = slices.Delete(on, at, at+1)
				}
				killed[i] = killed[i] || op == '!'
			case op == '+':
				if at >= 0 {
					on = append(slices.Delete(on, at, at+1), i)
				}
			case at < 0 && !killed[i]:
				on = append(on, i)
			}
		}
	}
	if len(on) == 0 {
		return nil, fmt.Errorf("SSL_CTX_set_cipher_list(%q) failed (SSL: no cipher match)", list)
	}
	ids := make([]uint16, len(on))
	for n, i := range on {
		ids[n] = suites[i].id
	}
	return ids, nil
}

// matching lists the suites that a word means; "ECDHE+AESGCM" means those that both words mean.
func matching(word string) ([]int, error) {
	for i := range suites {
		if suites[i].name == word {
			return []int{i}, nil
		}
	}
	if strings.HasPrefix(word, "TLS_") {
		return nil, nil // TLS 1.3's are always on
	}
	hits := make([]int, 0, len(suites))
	for i := range suites {
		hits = append(hits, i)
	}
	for part := range strings.SplitSeq(word, "+") {
		known := slices.Contains(absent, part) || slices.ContainsFunc(absentParts, func(s string) bool { return strings.Contains(part, s) })
		hits = slices.DeleteFunc(hits, func(i int) bool { return !strings.Contains(suites[i].words, " "+part+" ") })
		for i := range suites {
			known = known || strings.Contains(suites[i].words, " "+part+" ")
		}
		if !known || part == "" {
			return nil, fmt.Errorf("unknown cipher %q", word)
		}
	}
	return hits, nil
}
