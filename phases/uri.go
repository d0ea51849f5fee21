package phases

import "strings"

// ParseURI splits a request target into nginx's parts: the path decoded and with dots and doubled
// slashes resolved, and the raw arguments. ok is false for what nginx answers with 400.
func ParseURI(target string, mergeSlashes bool) (path, args string, ok bool) {
	if target == "" {
		return "", "", false
	}
	if i := strings.IndexByte(target, '#'); i >= 0 {
		// a fragment has no place on the wire; nginx cuts it off
		if q := strings.IndexByte(target, '?'); q < 0 || i < q {
			target = target[:i]
		}
	}
	raw := target
	if i := strings.IndexByte(target, '?'); i >= 0 {
		raw, args = target[:i], target[i+1:]
		if j := strings.IndexByte(args, '#'); j >= 0 {
			args = args[:j]
		}
	}
	if raw == "" || raw[0] != '/' {
		return "", "", false
	}
	if isPlainPath(raw) {
		return raw, args, true
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		if c == '%' {
			if i+2 >= len(raw) {
				return "", "", false
			}
			hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
			if hi < 0 || lo < 0 {
				return "", "", false
			}
			c = byte(hi<<4 | lo)
			out = append(out, c)
			i += 3
		} else {
			out = append(out, c)
			i++
		}
		if c == 0 {
			return "", "", false
		}
		if c == '/' || i == len(raw) {
			var good bool
			if out, good = resolveDots(out, c == '/'); !good {
				return "", "", false
			}
			if mergeSlashes {
				for n := len(out); n >= 2 && out[n-1] == '/' && out[n-2] == '/'; n = len(out) {
					out = out[:n-1]
				}
			}
		}
	}
	return string(out), args, true
}

// resolveDots removes a last segment "." or ".." of the path so far.
func resolveDots(out []byte, slash bool) ([]byte, bool) {
	end := len(out)
	if slash {
		end--
	}
	start := end
	for start > 0 && out[start-1] != '/' {
		start--
	}
	switch string(out[start:end]) {
	case ".":
		return out[:start], true
	case "..":
		if start < 2 {
			return nil, false
		}
		cut := start - 1
		for cut > 0 && out[cut-1] != '/' {
			cut--
		}
		return out[:cut], true
	}
	return out, true
}

func isPlainPath(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '%', 0:
			return false
		case '/':
			if i+1 < len(s) && (s[i+1] == '/' || s[i+1] == '.') {
				return false
			}
		}
	}
	return true
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

// SplitArgs cuts a URI at its first question mark.
func SplitArgs(uri string) (path, args string) {
	path, args, _ = strings.Cut(uri, "?")
	return path, args
}

const upperHex = "0123456789ABCDEF"

// EscapeURI escapes what may not stand in a URI's path and arguments (NGX_ESCAPE_URI).
func EscapeURI(s string) string { return escapeSet(s, escapeURISet) }

// EscapeArgs escapes a string for use inside the arguments (NGX_ESCAPE_ARGS).
func EscapeArgs(s string) string { return escapeSet(s, escapeArgsSet) }

// EscapeURIComponent escapes everything but unreserved characters (NGX_ESCAPE_URI_COMPONENT).
func EscapeURIComponent(s string) string { return escapeSet(s, escapeComponentSet) }

func escapeURISet(c byte) bool { return c <= ' ' || c >= 0x7f || c == '#' || c == '%' || c == '?' }

func escapeArgsSet(c byte) bool {
	return c <= ' ' || c >= 0x7f || c == '#' || c == '%' || c == '&' || c == '+' || c == '?'
}

func escapeComponentSet(c byte) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~')
}

func escapeSet(s string, escape func(byte) bool) string {
	n := 0
	for i := range len(s) {
		if escape(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	out := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; escape(c) {
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

// UnescapeURI undoes %XX; what is no escape stays.
func UnescapeURI(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
		i++
	}
	return string(out)
}

// UnsafeURI reports whether a URI that came from inside (a script, an upstream's header) climbs out
// of the root or holds a zero byte (ngx_http_parse_unsafe_uri).
func UnsafeURI(uri string) bool {
	if uri == "" || uri[0] == '?' {
		return true
	}
	if strings.IndexByte(uri, 0) >= 0 {
		return true
	}
	depthOut := false
	for seg := range strings.SplitSeq(UnescapeURI(strings.SplitN(uri, "?", 2)[0]), "/") {
		if seg == ".." {
			depthOut = true
		}
	}
	return depthOut
}

// UnescapedPath decodes the path of a URI given by a script or a directive and reports whether it
// is safe; arguments are split off.
func UnescapedPath(uri string) (path, args string, ok bool) {
	if UnsafeURI(uri) {
		return "", "", false
	}
	path, args = SplitArgs(uri)
	return UnescapeURI(path), args, true
}
