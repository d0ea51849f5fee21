package setmisc

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"moongate/phases"
)

var lookup = values()

// Lookup is the function of the directive name, for ndk.set_var; ok is false for what is no directive
// of this module or does not take one value.
func Lookup(name string) (eval Eval, ok bool) {
	eval, ok = lookup[name]
	return eval, ok
}

// values are the directives of one value.
func values() map[string]Eval {
	pure := func(f func(string) string) Eval {
		return func(_ *phases.Request, in string) (string, error) { return f(in), nil }
	}
	return map[string]Eval{
		"set_escape_uri":     pure(escapeURI),
		"set_unescape_uri":   pure(unescapeURI),
		"set_quote_sql_str":  pure(quoteSQL),
		"set_quote_json_str": pure(quoteJSON),
		"set_quote_pgsql_str": pure(func(s string) string {
			if s == "" {
				return "''"
			}
			return escapePostgres("E" + quoteSQL(s))
		}),
		"set_md5": pure(func(s string) string {
			sum := md5.Sum([]byte(s))
			return hex.EncodeToString(sum[:])
		}),
		"set_sha1": pure(func(s string) string {
			sum := sha1.Sum([]byte(s))
			return hex.EncodeToString(sum[:])
		}),
		"set_encode_hex":       pure(func(s string) string { return hex.EncodeToString([]byte(s)) }),
		"set_decode_hex":       decodeHex,
		"set_encode_base64":    pure(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
		"set_decode_base64":    decodeBase64("set_decode_base64", base64.RawStdEncoding),
		"set_encode_base64url": pure(func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }),
		"set_decode_base64url": decodeBase64("set_decode_base64url", base64.RawURLEncoding),
		"set_encode_base32": func(r *phases.Request, in string) (string, error) {
			return base32Of(r).encode(in), nil
		},
		"set_decode_base32": func(r *phases.Request, in string) (string, error) {
			return base32Of(r).decode(in), nil
		},
		"set_local_today": pure(func(string) string { return time.Now().Format("2006-01-02") }),
		"set_formatted_gmt_time": func(_ *phases.Request, in string) (string, error) {
			return strftime(in, time.Now().UTC()), nil
		},
		"set_formatted_local_time": func(_ *phases.Request, in string) (string, error) {
			return strftime(in, time.Now()), nil
		},
		"set_secure_random_alphanum": secureRandom("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
		"set_secure_random_lcalpha":  secureRandom("abcdefghijklmnopqrstuvwxyz"),
	}
}

const upperHex = "0123456789ABCDEF"

// escapeURI escapes more than nginx does for a path: also what separates the parts of a URI.
func escapeURI(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#%&+/:;<=>?[\\]^{}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescapeURI undoes escapes and turns "+" into a blank; of a broken escape the percent sign is dropped.
func unescapeURI(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b.WriteByte(' ')
		case c != '%':
			b.WriteByte(c)
		case i+1 == len(s):
		default:
			hi := unhex(s[i+1])
			if hi < 0 {
				i++
				b.WriteByte(s[i])
				break
			}
			if i+2 == len(s) {
				return b.String()
			}
			if lo := unhex(s[i+2]); lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
			}
			i += 2
		}
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// backslashed writes s with those bytes escaped that letters names: pairs of a byte and what follows
// the backslash.
func backslashed(b *strings.Builder, s, letters string, control bool) {
next:
	for i := range len(s) {
		c := s[i]
		for j := 0; j < len(letters); j += 2 {
			if letters[j] == c {
				b.WriteByte('\\')
				b.WriteByte(letters[j+1])
				continue next
			}
		}
		if control && c < 0x20 {
			fmt.Fprintf(b, "\\u%04x", c)
			continue
		}
		b.WriteByte(c)
	}
}

// quoteSQL makes a literal of MySQL's.
func quoteSQL(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	backslashed(&b, s, "\x000\bb\nn\rr\tt\\\\''\"\"$$\x1aZ", false)
	b.WriteByte('\'')
	return b.String()
}

// quoteJSON makes a JSON string; nothing becomes null.
func quoteJSON(s string) string {
	if s == "" {
		return "null"
	}
	var b strings.Builder
	b.WriteByte('"')
	backslashed(&b, s, "\rr\nn\\\\\"\"\ff\bb\tt", true)
	b.WriteByte('"')
	return b.String()
}

func decodeHex(_ *phases.Request, in string) (string, error) {
	out, err := hex.DecodeString(in)
	if err != nil {
		return "", errors.New("set_decode_hex: invalid value")
	}
	return string(out), nil
}

// decodeBase64 reads up to the padding, as nginx does.
func decodeBase64(name string, enc *base64.Encoding) Eval {
	return func(_ *phases.Request, in string) (string, error) {
		if i := strings.IndexByte(in, '='); i >= 0 {
			in = in[:i]
		}
		out, err := enc.DecodeString(in)
		if err != nil || strings.ContainsAny(in, "\r\n") {
			return "", errors.New(name + ": invalid value")
		}
		return string(out), nil
	}
}

// maxRandom is the longest text that set_secure_random_* makes.
const maxRandom = 64

func secureRandom(alphabet string) Eval {
	return func(_ *phases.Request, in string) (string, error) {
		n, ok := phases.ParseNumber(in)
		if !ok || n < 1 || n > maxRandom {
			return "", errors.New("set_random: bad \"length\" argument: " + in)
		}
		out := make([]byte, n)
		rand.Read(out) //nolint:errcheck // never fails (crypto/rand)
		for i := range out {
			out[i] = alphabet[int(out[i])%len(alphabet)]
		}
		return string(out), nil
	}
}
