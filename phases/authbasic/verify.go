package authbasic

import (
	"crypto/sha1" //nolint:gosec // {SHA} and {SSHA} are what password files hold
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

var errFormat = errors.New("unknown format of password hash")

// verify reports whether password is what hash was made from; the error tells a hash that cannot be
// understood.
func verify(hash, password string) (bool, error) {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	switch {
	case strings.HasPrefix(hash, "{PLAIN}"):
		return same(hash[len("{PLAIN}"):], password), nil
	case strings.HasPrefix(hash, "{SHA}"):
		sum := sha1.Sum([]byte(password)) //nolint:gosec // see above
		return same(hash[len("{SHA}"):], base64.StdEncoding.EncodeToString(sum[:])), nil
	case strings.HasPrefix(hash, "{SSHA}"):
		raw, err := base64.StdEncoding.DecodeString(hash[len("{SSHA}"):])
		if err != nil || len(raw) < sha1.Size {
			return false, nil //nolint:nilerr // nginx: a mismatch
		}
		sum := sha1.Sum(append([]byte(password), raw[sha1.Size:]...)) //nolint:gosec // see above
		return subtle.ConstantTimeCompare(sum[:], raw[:sha1.Size]) == 1, nil
	case strings.HasPrefix(hash, "$2a$"), strings.HasPrefix(hash, "$2b$"), strings.HasPrefix(hash, "$2y$"):
		if len(password) > 72 {
			password = password[:72] // what crypt(3) looks at
		}
		err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
		if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			return false, nil
		}
		return err == nil, err
	case strings.HasPrefix(hash, "$apr1$"):
		return same(hash, md5Crypt("$apr1$", saltOf(hash[len("$apr1$"):], 8), password)), nil
	case strings.HasPrefix(hash, "$1$"):
		return same(hash, md5Crypt("$1$", saltOf(hash[len("$1$"):], 8), password)), nil
	case strings.HasPrefix(hash, "$5$"):
		return same(hash, shaCrypt(sha256Crypt, hash[len("$5$"):], password)), nil
	case strings.HasPrefix(hash, "$6$"):
		return same(hash, shaCrypt(sha512Crypt, hash[len("$6$"):], password)), nil
	}
	return false, errFormat
}

func saltOf(rest string, limit int) string {
	salt, _, _ := strings.Cut(rest, "$")
	return salt[:min(limit, len(salt))]
}
