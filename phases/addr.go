package phases

import (
	"encoding/base64"
	"net"
	"strconv"
	"strings"
)

// binaryAddr is $binary_remote_addr: 4 or 16 bytes.
func binaryAddr(ip string) (string, bool) {
	p := net.ParseIP(strings.Trim(ip, "[]"))
	if p == nil {
		return ip, true
	}
	if v4 := p.To4(); v4 != nil {
		return string(v4), true
	}
	return string(p), true
}

// SplitHostPort splits an address as connections print it; unix sockets have no port.
func SplitHostPort(a net.Addr) (ip, port string) {
	switch x := a.(type) {
	case *net.TCPAddr:
		if v4 := x.IP.To4(); v4 != nil {
			return v4.String(), strconv.Itoa(x.Port)
		}
		return x.IP.String(), strconv.Itoa(x.Port)
	case *net.UnixAddr:
		return "unix:", ""
	}
	return "", ""
}

func decodeBase64(s string) (string, bool) {
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	return string(b), err == nil
}

// ValidHost normalises a Host header: lower case, without the port. ok is false for what nginx
// answers with 400 (ngx_http_validate_host).
func ValidHost(h string) (host string, ok bool) {
	end := len(h)
	brackets, upper, dot := false, false, false
scan:
	for i := range len(h) {
		switch c := h[i]; {
		case c == '.':
			if dot && !brackets {
				return "", false
			}
			dot = true
			continue
		case c == ':':
			if !brackets && end == len(h) {
				end = i
			}
		case c == '[':
			if i != 0 {
				return "", false
			}
			brackets = true
		case c == ']':
			if !brackets {
				return "", false
			}
			brackets = false
			if i+1 < len(h) && h[i+1] != ':' {
				return "", false
			}
			end = i + 1
			break scan
		case c <= ' ' || c == 0x7f || c == '/':
			return "", false
		case c >= 'A' && c <= 'Z':
			upper = true
		}
		dot = false
	}
	if brackets {
		return "", false
	}
	h = strings.TrimSuffix(h[:end], ".")
	if upper {
		h = strings.ToLower(h)
	}
	return h, true
}
