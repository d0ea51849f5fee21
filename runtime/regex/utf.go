package regex

import "unicode/utf8"

// checkUTF tells whether subject is UTF-8, and start the offset of a character in it.
func checkUTF(subject string, start int) error {
	if !utf8.ValidString(subject) {
		return utfError(subject[invalidAt(subject):])
	}
	if start < len(subject) && !utf8.RuneStart(subject[start]) {
		return ErrBadUTFOffset
	}
	return nil
}

// utfErrors are the errors of a bad subject, by PCRE2's code; PCRE 8.x has the same code for all.
var utfErrors = func() map[int]*MatchError {
	m := map[int]*MatchError{}
	for code := -23; code <= -3; code++ {
		m[code] = &MatchError{ErrBadUTF.text, ErrBadUTF.code8, code}
	}
	return m
}()

// Is makes errors.Is(err, ErrBadUTF) true for any kind of invalid UTF-8.
func (e *MatchError) Is(target error) bool {
	return target == ErrBadUTF && e.code8 == ErrBadUTF.code8
}

// utfError returns the error for s, which begins with what is not UTF-8.
func utfError(s string) error {
	return utfErrors[utfCode(s)]
}

// utfCode returns PCRE2's number for what is wrong at the beginning of s.
func utfCode(s string) int {
	c := s[0]
	var n int // continuation bytes that c announces
	switch {
	case c < 0xc0:
		return -22
	case c >= 0xfe:
		return -23
	case c >= 0xfc:
		n = 5
	case c >= 0xf8:
		n = 4
	case c >= 0xf0:
		n = 3
	case c >= 0xe0:
		n = 2
	default:
		n = 1
	}
	for i := 1; i <= n; i++ {
		if i >= len(s) {
			return -3 - (n - i)
		}
		if s[i]&0xc0 != 0x80 {
			return -7 - i
		}
		switch {
		case i == 1 && c == 0xe0 && s[1] < 0xa0:
			// Reported once the bytes are known to be there.
			if len(s) > 2 && s[2]&0xc0 == 0x80 {
				return -18
			}
		}
	}
	switch {
	case n == 5:
		return -14
	case n == 4:
		return -13
	case c == 0xc0 || c == 0xc1:
		return -17
	case c == 0xe0:
		return -18
	case c == 0xf0 && s[1] < 0x90:
		return -19
	case c == 0xed:
		return -16
	}
	return -15
}
