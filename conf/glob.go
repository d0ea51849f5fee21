package conf

import (
	"os"
	"slices"
	"strings"
)

// Glob returns the existing files that match pattern, sorted by byte value. The
// rules are those of glob(3) in the C locale, which nginx uses: * ? and [a-z]
// match within one part of the path and no leading dot, [!a-z] and [^a-z] are
// the complement, \ takes the next character as it is, and directories that
// cannot be read hold no files. The error is always nil.
func Glob(pattern string) ([]string, error) {
	found := []string{""}
	if strings.HasPrefix(pattern, "/") {
		found[0] = "/"
	}
	rest := strings.TrimLeft(pattern, "/")
	for rest != "" && len(found) > 0 {
		n := strings.IndexByte(rest, '/')
		if n < 0 {
			n = len(rest)
		}
		part := rest[:n]
		rest = rest[n:]
		slashes := len(rest) - len(strings.TrimLeft(rest, "/"))
		tail := rest[:slashes]
		rest = rest[slashes:]

		var next []string
		for _, dir := range found {
			for _, name := range globPart(dir, part) {
				next = append(next, dir+name+tail)
			}
		}
		found = next
	}
	if len(found) == 1 && found[0] == "" {
		return nil, nil
	}
	slices.Sort(found)
	return found, nil
}

// globPart returns the names in dir that match one part of a pattern. dir is
// empty or ends in a slash.
func globPart(dir, part string) []string {
	if !strings.ContainsAny(part, "*?[") {
		name := globLiteral(part)
		if _, err := os.Lstat(dir + name); err != nil {
			return nil
		}
		return []string{name}
	}
	from := dir
	if from == "" {
		from = "."
	}
	entries, err := os.ReadDir(from)
	if err != nil && len(entries) == 0 {
		return nil
	}
	var names []string
	for _, e := range entries {
		if matchName(part, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// globLiteral removes the escapes of a part without wildcards.
func globLiteral(part string) string {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		if part[i] == '\\' && i+1 < len(part) {
			i++
		}
		b.WriteByte(part[i])
	}
	return b.String()
}

// matchName matches a file name without slashes by the rules of fnmatch(3) with
// FNM_PERIOD.
func matchName(pattern, name string) bool {
	if strings.HasPrefix(name, ".") {
		if !strings.HasPrefix(pattern, ".") && !strings.HasPrefix(pattern, `\.`) {
			return false
		}
	}
	// On a mismatch, the last * takes one byte more; earlier ones need never be
	// tried again.
	star, mark := -1, 0
	p, n := 0, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, n
			p++
			continue
		}
		if width, ok := matchByte(pattern[p:], name[n]); ok {
			p += width
			n++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, n = star+1, mark
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchByte matches c against the first element of pattern, which is not *, and
// returns that element's length.
func matchByte(pattern string, c byte) (width int, ok bool) {
	if pattern == "" {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == c
		}
	case '[':
		if width, ok := matchSet(pattern, c); width > 0 {
			return width, ok
		}
	}
	return 1, pattern[0] == c
}

// matchSet matches c against the bracket expression that pattern begins with.
// The width is 0 if the bracket is never closed and so means itself.
func matchSet(pattern string, c byte) (width int, ok bool) {
	i := 1
	negate := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negate {
		i++
	}
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, ok != negate
		}
		if strings.HasPrefix(pattern[i:], "[:") {
			if n := strings.Index(pattern[i:], ":]"); n > 0 {
				ok = ok || inClass(pattern[i+2:i+n], c)
				i += n + 2
				continue
			}
		}
		lo := setByte(pattern, &i)
		hi := lo
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			i++
			hi = setByte(pattern, &i)
		}
		ok = ok || lo <= c && c <= hi
	}
	return 0, false
}

// setByte reads one byte of a bracket expression at *i, escaped or not.
func setByte(pattern string, i *int) byte {
	if pattern[*i] == '\\' && *i+1 < len(pattern) {
		*i++
	}
	*i++
	return pattern[*i-1]
}

// inClass tells whether c belongs to the character class of that name.
func inClass(name string, c byte) bool {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	switch name {
	case "lower":
		return lower
	case "upper":
		return upper
	case "alpha":
		return lower || upper
	case "digit":
		return digit
	case "alnum":
		return lower || upper || digit
	case "xdigit":
		return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
	case "blank":
		return c == ' ' || c == '\t'
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r'
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "print":
		return ' ' <= c && c < 0x7f
	case "graph":
		return ' ' < c && c < 0x7f
	case "punct":
		return ' ' < c && c < 0x7f && !lower && !upper && !digit
	}
	return false
}
