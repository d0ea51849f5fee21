package re

// utf8Code is the number of PCRE2's error for the first fault in s, which is not valid UTF-8.
func utf8Code(s string) int {
	const (
		missing1, second                          = -3, -8
		fiveBytes, sixBytes, tooLarge, surrogates = -13, -14, -15, -16
		overlong2, overlong3, overlong4           = -17, -18, -19
		isolated, invalid                         = -22, -23
	)
	for i := 0; i < len(s); {
		c := s[i]
		if c < 0x80 {
			i++
			continue
		}
		switch {
		case c < 0xc0:
			return isolated
		case c >= 0xfe:
			return invalid
		}
		n := 1 // bytes that follow
		for m := byte(0x20); c&m != 0 && n < 5; m >>= 1 {
			n++
		}
		if left := len(s) - i - 1; left < n {
			return missing1 - (n - left - 1)
		}
		for k := 1; k <= n; k++ {
			if s[i+k]&0xc0 != 0x80 {
				return second - (k - 1)
			}
		}
		d := s[i+1]
		switch n {
		case 1:
			if c&0x3e == 0 {
				return overlong2
			}
		case 2:
			if c == 0xe0 && d&0x20 == 0 {
				return overlong3
			}
			if c == 0xed && d >= 0xa0 {
				return surrogates
			}
		case 3:
			if c == 0xf0 && d&0x30 == 0 {
				return overlong4
			}
			if c > 0xf4 || c == 0xf4 && d > 0x8f {
				return tooLarge
			}
		case 4:
			return fiveBytes
		case 5:
			return sixBytes
		}
		i += n + 1
	}
	return isolated
}
