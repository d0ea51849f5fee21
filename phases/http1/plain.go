package http1

import "strings"

// What a byte may be in a request's head.
const (
	inName  = 1 << iota // a header's name: RFC 9110's token
	inValue             // a header's value
	inURI
)

// kinds says it for each byte.
var kinds = func() (t [256]uint8) {
	for c := range 256 {
		if c == '\t' || c >= 0x20 && c != 0x7f {
			t[c] |= inValue
		}
		if c > 0x20 && c < 0x7f {
			t[c] |= inURI
		}
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			t[c] |= inName
		}
	}
	return t
}()

// plain reports whether a head is so ordinary that the codec, which judges all others, need not see it: a GET or HEAD
// request of HTTP/1.1 without a body, with one Host, each line well formed and ended by CR LF.
func plain(head string) bool {
	i := 0
	switch {
	case len(head) > 16 && head[:5] == "GET /":
		i = 5
	case len(head) > 16 && head[:6] == "HEAD /":
		i = 6
	default:
		return false
	}
	for i < len(head) && kinds[head[i]]&inURI != 0 {
		i++
	}
	const version = " HTTP/1.1\r\n"
	if len(head)-i < len(version)+2 || head[i:i+len(version)] != version {
		return false
	}
	hosts := 0
	for i += len(version); ; {
		if head[i] == '\r' {
			return i+2 == len(head) && head[i+1] == '\n' && hosts == 1
		}
		begin := i
		for i < len(head) && kinds[head[i]]&inName != 0 {
			i++
		}
		if i == begin || i >= len(head) || head[i] != ':' {
			return false
		}
		name := head[begin:i]
		i++
		begin = i
		for i < len(head) && kinds[head[i]]&inValue != 0 {
			i++
		}
		if len(head)-i < 4 || head[i] != '\r' || head[i+1] != '\n' {
			return false
		}
		switch len(name) {
		case 4:
			if equalLower(name, "host") {
				if strings.Trim(head[begin:i], " \t") == "" {
					return false
				}
				hosts++
			}
		case 6:
			if equalLower(name, "expect") {
				return false
			}
		case 7:
			if equalLower(name, "trailer") {
				return false
			}
		case 14:
			if equalLower(name, "content-length") {
				return false
			}
		case 17:
			if equalLower(name, "transfer-encoding") {
				return false
			}
		}
		i += 2
	}
}

// equalLower compares s with lower, which is in lower case.
func equalLower(s, lower string) bool {
	for i := range len(lower) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
