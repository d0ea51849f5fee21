package authbasic

import (
	"crypto/md5" //nolint:gosec // MD5 crypt is what password files hold
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strconv"
	"strings"
)

const cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// encode24 appends n characters for three bytes, the last byte's low bits first.
func encode24(b []byte, b2, b1, b0 byte, n int) []byte {
	w := uint(b2)<<16 | uint(b1)<<8 | uint(b0)
	for ; n > 0; n-- {
		b = append(b, cryptAlphabet[w&63])
		w >>= 6
	}
	return b
}

// md5Crypt is Poul-Henning Kamp's MD5 crypt; magic is "$1$", or "$apr1$" for Apache's variant, which
// differs in nothing else.
func md5Crypt(magic, salt, password string) string {
	inner := md5.Sum([]byte(password + salt + password)) //nolint:gosec // see above
	d := md5.New()                                       //nolint:gosec // see above
	d.Write([]byte(password + magic + salt))
	for n := len(password); n > 0; n -= md5.Size {
		d.Write(inner[:min(n, md5.Size)])
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			d.Write([]byte{0})
		} else {
			d.Write([]byte(password[:1]))
		}
	}
	sum := d.Sum(nil)
	for i := range 1000 {
		d.Reset()
		round(d, i, sum, password, salt)
		sum = d.Sum(sum[:0])
	}
	out := []byte(magic + salt + "$")
	for _, t := range [5][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}} {
		out = encode24(out, sum[t[0]], sum[t[1]], sum[t[2]], 4)
	}
	return string(encode24(out, 0, 0, sum[11], 2))
}

// round feeds one of the many rounds that make the hash slow.
func round(d hash.Hash, i int, sum []byte, password, salt string) {
	if i&1 == 1 {
		d.Write([]byte(password))
	} else {
		d.Write(sum)
	}
	if i%3 != 0 {
		d.Write([]byte(salt))
	}
	if i%7 != 0 {
		d.Write([]byte(password))
	}
	if i&1 == 1 {
		d.Write(sum)
	} else {
		d.Write([]byte(password))
	}
}

// shaVariant is one of Ulrich Drepper's two SHA crypts.
type shaVariant struct {
	magic string
	new   func() hash.Hash
	// order lists the bytes of the sum in groups of three; what is left over comes last.
	order [][3]int
	tail  [3]int // -1: a zero byte
	chars int    // of the tail
}

var sha256Crypt = shaVariant{
	magic: "$5$", new: sha256.New,
	order: [][3]int{{0, 10, 20}, {21, 1, 11}, {12, 22, 2}, {3, 13, 23}, {24, 4, 14}, {15, 25, 5}, {6, 16, 26}, {27, 7, 17}, {18, 28, 8}, {9, 19, 29}},
	tail:  [3]int{-1, 31, 30}, chars: 3,
}

var sha512Crypt = shaVariant{
	magic: "$6$", new: sha512.New,
	order: [][3]int{
		{0, 21, 42}, {22, 43, 1}, {44, 2, 23}, {3, 24, 45}, {25, 46, 4}, {47, 5, 26}, {6, 27, 48}, {28, 49, 7}, {50, 8, 29}, {9, 30, 51}, {31, 52, 10},
		{53, 11, 32}, {12, 33, 54}, {34, 55, 13}, {56, 14, 35}, {15, 36, 57}, {37, 58, 16}, {59, 17, 38}, {18, 39, 60}, {40, 61, 19}, {62, 20, 41},
	},
	tail: [3]int{-1, -1, 63}, chars: 2,
}

// shaCrypt hashes password with the rounds and the salt at the beginning of rest, what stands behind
// the magic of a stored hash.
func shaCrypt(v shaVariant, rest, password string) string {
	rounds, custom := 5000, false
	if s, ok := strings.CutPrefix(rest, "rounds="); ok {
		n, after, found := strings.Cut(s, "$")
		if r, err := strconv.Atoi(n); found && err == nil {
			rounds, custom, rest = min(max(r, 1000), 999999999), true, after
		}
	}
	salt := saltOf(rest, 16)
	sum := v.sum(rounds, salt, password)
	out := []byte(v.magic)
	if custom {
		out = append(out, "rounds="+strconv.Itoa(rounds)+"$"...)
	}
	out = append(out, salt+"$"...)
	for _, t := range v.order {
		out = encode24(out, sum[t[0]], sum[t[1]], sum[t[2]], 4)
	}
	var tail [3]byte
	for i, at := range v.tail {
		if at >= 0 {
			tail[i] = sum[at]
		}
	}
	return string(encode24(out, tail[0], tail[1], tail[2], v.chars))
}

func (v *shaVariant) sum(rounds int, salt, password string) []byte {
	d := v.new()
	size := d.Size()
	d.Write([]byte(password + salt + password))
	inner := d.Sum(nil)

	d.Reset()
	d.Write([]byte(password + salt))
	d.Write(stretch(inner, len(password)))
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			d.Write(inner)
		} else {
			d.Write([]byte(password))
		}
	}
	sum := d.Sum(nil)

	d.Reset()
	for range len(password) {
		d.Write([]byte(password))
	}
	p := string(stretch(d.Sum(nil), len(password)))
	d.Reset()
	for range 16 + int(sum[0]) {
		d.Write([]byte(salt))
	}
	s := string(stretch(d.Sum(nil), len(salt)))
	for i := range rounds {
		d.Reset()
		round(d, i, sum, p, s)
		sum = d.Sum(sum[:0])
	}
	return sum[:size]
}

// stretch repeats block up to n bytes.
func stretch(block []byte, n int) []byte {
	out := make([]byte, 0, n)
	for len(out) < n {
		out = append(out, block[:min(len(block), n-len(out))]...)
	}
	return out
}
