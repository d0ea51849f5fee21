package openssl

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// wrapIV is RFC 3394's initial value, section 2.2.3.1.
var wrapIV = [8]byte{0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6}

var errWrap = errors.New("data of a key wrap comes in units of 8 bytes, two at least")

// wrap encrypts a key by RFC 3394; an empty iv is the standard's.
func wrap(b cipher.Block, iv, key []byte) ([]byte, error) {
	n := len(key) / 8
	if len(key)%8 != 0 || n < 2 {
		return nil, errWrap
	}
	out := make([]byte, 8+len(key))
	copy(out, wrapIV[:])
	copy(out, iv)
	copy(out[8:], key)
	var block [16]byte
	copy(block[:8], out)
	for j := range 6 {
		for i := 1; i <= n; i++ {
			copy(block[8:], out[8*i:])
			b.Encrypt(block[:], block[:])
			copy(out[8*i:], block[8:])
			t := uint64(n*j + i) //nolint:gosec // not negative
			binary.BigEndian.PutUint64(block[:8], binary.BigEndian.Uint64(block[:8])^t)
		}
	}
	copy(out, block[:8])
	return out, nil
}

// unwrap is the reverse of wrap, and checks.
func unwrap(b cipher.Block, iv, data []byte) ([]byte, error) {
	n := len(data)/8 - 1
	if len(data)%8 != 0 || n < 2 {
		return nil, errWrap
	}
	out := append([]byte(nil), data[8:]...)
	var block [16]byte
	copy(block[:8], data)
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			t := uint64(n*j + i) //nolint:gosec // ditto
			binary.BigEndian.PutUint64(block[:8], binary.BigEndian.Uint64(block[:8])^t)
			copy(block[8:], out[8*(i-1):])
			b.Decrypt(block[:], block[:])
			copy(out[8*(i-1):], block[8:])
		}
	}
	want := wrapIV
	copy(want[:], iv)
	if subtle.ConstantTimeCompare(block[:8], want[:]) != 1 {
		return nil, errBad
	}
	return out, nil
}
