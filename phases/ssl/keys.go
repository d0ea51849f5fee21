package ssl

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // keys encrypted with it exist
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // PBKDF2's default
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"os"
	"strings"

	"moongate/phases"
)

// readPEM is a file's content, or what stands behind "data:".
func readPEM(path string) ([]byte, error) {
	if text, ok := strings.CutPrefix(path, "data:"); ok {
		return []byte(text), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open() failed %s", phases.Errno(err))
	}
	return b, nil
}

// LoadPair reads a certificate with its chain, and its key; passwords are tried in turn on an
// encrypted one. A path may be "data:" with the text itself behind it.
func LoadPair(certPath, keyPath string, passwords [][]byte) (tls.Certificate, error) {
	certPEM, err := readPEM(certPath)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot load certificate %q: %w", certPath, err)
	}
	if b, _ := pem.Decode(certPEM); b == nil {
		return tls.Certificate{}, fmt.Errorf("cannot load certificate %q: no PEM block in it", certPath)
	}
	keyPEM, err := readPEM(keyPath)
	if err == nil {
		keyPEM, err = decrypt(keyPEM, passwords)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot load certificate key %q: %w", keyPath, err)
	}
	c, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return c, fmt.Errorf("cannot load certificate %q with key %q: %w", certPath, keyPath, err)
	}
	return c, nil
}

// ReadPasswords reads an ssl_password_file: one a line.
func ReadPasswords(path string) ([][]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open() %q failed %s", path, phases.Errno(err))
	}
	var out [][]byte
	for line := range bytes.SplitSeq(b, []byte{'\n'}) {
		if line = bytes.TrimRight(line, "\r"); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out, nil
}

// decrypt gives the key's PEM in the clear.
func decrypt(text []byte, passwords [][]byte) ([]byte, error) {
	for rest := text; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return text, nil
		}
		legacy := x509.IsEncryptedPEMBlock(b) //nolint:staticcheck // such keys exist, and nginx takes them
		if !legacy && b.Type != "ENCRYPTED PRIVATE KEY" {
			continue
		}
		if len(passwords) == 0 {
			return nil, errors.New("the key is encrypted and there is no ssl_password_file")
		}
		for _, p := range passwords {
			if legacy {
				if der, err := x509.DecryptPEMBlock(b, p); err == nil { //nolint:staticcheck // see above
					return pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: der}), nil
				}
				continue
			}
			der, err := decryptPKCS8(b.Bytes, p)
			if errors.Is(err, errAlgorithm) {
				return nil, err
			}
			if err == nil {
				return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
			}
		}
		return nil, errors.New("no password of ssl_password_file fits")
	}
}

// ParsePrivateKey reads the first private key of a PEM text, which may be encrypted with the password.
func ParsePrivateKey(text, password []byte) (crypto.PrivateKey, error) {
	var passwords [][]byte
	if password != nil {
		passwords = [][]byte{password}
	}
	text, err := decrypt(text, passwords)
	if err != nil {
		return nil, err
	}
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return nil, errors.New("no private key")
		}
		if strings.HasSuffix(b.Type, "PRIVATE KEY") {
			return ParsePrivateKeyDER(b.Bytes)
		}
	}
}

// ParsePrivateKeyDER reads a private key in the form of PKCS #8, PKCS #1 or SEC 1.
func ParsePrivateKeyDER(der []byte) (crypto.PrivateKey, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	return x509.ParseECPrivateKey(der)
}

var (
	errAlgorithm = errors.New("the key is encrypted in a way that moongate does not know")
	errPassword  = errors.New("wrong password")
)

// The identifiers of RFC 8018 that openssl writes.
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	prfs      = map[string]func() hash.Hash{
		"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.11": sha512.New,
	}
	pkcs8Ciphers = map[string]struct {
		keyLen int
		new    func(key []byte) (cipher.Block, error)
	}{
		"2.16.840.1.101.3.4.1.2": {16, aes.NewCipher}, "2.16.840.1.101.3.4.1.22": {24, aes.NewCipher}, "2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
		"1.2.840.113549.3.7": {24, des.NewTripleDESCipher},
	}
)

// decryptPKCS8 undoes PBES2 (RFC 8018, 6.2) around a private key.
func decryptPKCS8(der, password []byte) ([]byte, error) {
	var outer struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	var params struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	var kdf struct {
		Salt   []byte
		Rounds int
		KeyLen int                      `asn1:"optional"`
		PRF    pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	var iv []byte
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return nil, err
	}
	if !outer.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, errAlgorithm
	}
	if _, err := asn1.Unmarshal(outer.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, err
	}
	if !params.KDF.Algorithm.Equal(oidPBKDF2) {
		return nil, errAlgorithm
	}
	if _, err := asn1.Unmarshal(params.KDF.Parameters.FullBytes, &kdf); err != nil {
		return nil, err
	}
	prf := prfs[kdf.PRF.Algorithm.String()]
	enc, ok := pkcs8Ciphers[params.Cipher.Algorithm.String()]
	if prf == nil || !ok {
		return nil, errAlgorithm
	}
	if _, err := asn1.Unmarshal(params.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(prf, string(password), kdf.Salt, kdf.Rounds, enc.keyLen)
	if err != nil {
		return nil, err
	}
	block, err := enc.new(key)
	if err != nil {
		return nil, err
	}
	n := len(outer.Data)
	if n == 0 || n%block.BlockSize() != 0 || len(iv) != block.BlockSize() {
		return nil, errPassword
	}
	clear := make([]byte, n)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(clear, outer.Data)
	pad := int(clear[n-1])
	if pad == 0 || pad > block.BlockSize() || !bytes.Equal(clear[n-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errPassword
	}
	if _, err := x509.ParsePKCS8PrivateKey(clear[:n-pad]); err != nil {
		return nil, errPassword
	}
	return clear[:n-pad], nil
}

// loadCAs reads a file of certificates.
func loadCAs(path string) (*x509.CertPool, error) {
	text, err := readPEM(path)
	if err != nil {
		return nil, fmt.Errorf("SSL_CTX_load_verify_locations(%q) failed: %w", path, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("SSL_CTX_load_verify_locations(%q) failed: no certificate in it", path)
	}
	return pool, nil
}
