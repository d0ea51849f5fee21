package proxy

import (
	"strconv"
	"strings"

	"moongate/phases"
	"moongate/phases/upstream"
)

// Request writes the request's head as the upstream gets it (upstream.Maker).
func (c *config) Request(x *upstream.Exchange, b []byte) ([]byte, error) {
	r := x.R
	method := r.Method
	if c.method.V != nil {
		method = clean(c.method.V.Eval(r))
	}
	x.Head = phases.EqualFold(method, "HEAD")
	body := ""
	if c.body.V != nil {
		body = c.body.V.Eval(r)
		x.BodyLength = int64(len(body))
	}
	x.URI = c.uri(x)
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, x.URI...)
	if c.http11.V {
		b = append(b, " HTTP/1.1\r\n"...)
	} else {
		b = append(b, " HTTP/1.0\r\n"...)
	}
	b = c.headers.write(x, b)
	if c.passHeaders.V {
		in := r.In.All()
		for i := range in {
			h := &in[i]
			if c.headers.names.Has(h.Name) {
				continue
			}
			b = append(b, h.Name...)
			b = append(b, ": "...)
			b = append(b, clean(h.Value)...)
			b = append(b, "\r\n"...)
		}
	}
	b = append(b, "\r\n"...)
	return append(b, body...), nil
}

// clean keeps a value from ending its line: scripts and decoded variables may hold anything.
func clean(v string) string {
	if strings.IndexByte(v, '\n') < 0 && strings.IndexByte(v, '\r') < 0 {
		return v
	}
	return strings.Map(func(c rune) rune {
		if c == '\r' || c == '\n' {
			return ' '
		}
		return c
	}, v)
}

// uri is the request target for the upstream.
func (c *config) uri(x *upstream.Exchange) string {
	r := x.R
	if c.pass.value != nil && x.Vars.URI != "" {
		return safeTarget(x.Vars.URI)
	}
	if x.Vars.URI == "" && !r.IsSub() && !r.Internal && unchanged(r) {
		return safeTarget(r.RequestURI)
	}
	rest, prefix := r.URI, ""
	if x.Vars.URI != "" && r.URIAsMatched() {
		prefix = x.Vars.URI
		rest = rest[min(len(c.pass.location), len(rest)):]
	}
	// what came over the wire without escapes goes on as it came
	if r.Internal || r.IsSub() || strings.IndexByte(pathOf(r.Main.RequestURI), '%') >= 0 || !strings.HasPrefix(r.Main.RequestURI, r.URI) {
		rest = phases.EscapeURI(rest)
	}
	if r.Args != "" {
		return safeTarget(prefix + rest + "?" + r.Args)
	}
	return safeTarget(prefix + rest)
}

func pathOf(target string) string {
	if i := strings.IndexByte(target, '?'); i >= 0 {
		return target[:i]
	}
	return target
}

// unchanged reports whether the URI is still what the client sent (nginx's valid_unparsed_uri).
func unchanged(r *phases.Request) bool {
	t := r.RequestURI
	if !strings.HasPrefix(t, "/") {
		return false
	}
	path, args, ok := phases.ParseURI(t, r.Server.Core.MergeSlashes.V)
	return ok && path == r.URI && args == r.Args
}

// safeTarget escapes what would end the request line early. Deviation: nginx sends blanks and line ends of
// decoded variables as they are, which lets a client write the request that the upstream sees.
func safeTarget(s string) string {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			var b strings.Builder
			for j := range len(s) {
				if ch := s[j]; ch <= ' ' || ch == 0x7f {
					b.WriteByte('%')
					b.WriteByte("0123456789ABCDEF"[ch>>4])
					b.WriteByte("0123456789ABCDEF"[ch&15])
				} else {
					b.WriteByte(ch)
				}
			}
			return b.String()
		}
	}
	return s
}

// internalLength is $proxy_internal_body_length.
func internalLength(x *upstream.Exchange) (string, bool) {
	if x == nil || x.BodyLength < 0 || x.BodyChunked {
		return "", false
	}
	return strconv.FormatInt(x.BodyLength, 10), true
}
