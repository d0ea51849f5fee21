package http1

import (
	"fmt"
	"strings"

	"moongate/phases"
)

// parseLine fills in what the request line says, as far as it can be read.
func parseLine(r *phases.Request, head string) (target, version string, ok bool) {
	line, _, _ := strings.Cut(head, "\n")
	line = strings.TrimSuffix(line, "\r")
	r.RequestLine = line
	r.Method, target, version, ok = cutLine(line)
	return target, version, ok
}

// cutLine cuts a request line at its blanks. A version is missing in HTTP/0.9.
func cutLine(line string) (method, target, version string, ok bool) {
	method, rest, ok := strings.Cut(line, " ")
	if !ok {
		return method, "", "", false
	}
	rest = strings.TrimRight(rest, " ")
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 {
		return method, rest, "", true
	}
	return method, strings.Trim(rest[:i], " "), rest[i+1:], true
}

// parse fills r from a head that the codec found well formed. A status other than OK refuses the
// request, with the reason that goes to the error log.
func parse(r *phases.Request, head string, core *phases.CoreServer) (phases.Status, string) {
	target, version, ok := parseLine(r, head)
	if s, refused := checkLine(r.Method, target, version, ok); s != phases.OK {
		return s, refused
	}
	if r.Method == "CONNECT" {
		return 405, "client sent CONNECT method"
	}
	r.Proto = protoOf(version)
	if s, refused := headerLines(r, head, core); s != phases.OK {
		return s, refused
	}
	if s, refused := host(r); s != phases.OK {
		return s, refused
	}
	path := target
	if !strings.HasPrefix(target, "/") {
		rest, found := cutScheme(target)
		if !found {
			return 400, "client sent invalid request"
		}
		end := strings.IndexAny(rest, "/?#")
		authority := rest
		path = "/"
		if end >= 0 {
			authority = rest[:end]
			path = rest[end:]
			if path[0] != '/' {
				path = "/" + path
			}
		}
		h, ok := phases.ValidHost(authority)
		if !ok {
			return 400, "client sent invalid host in request line"
		}
		r.Host = h
	}
	r.RequestURI = path
	uri, args, ok := phases.ParseURI(path, core.MergeSlashes.V)
	if !ok {
		return 400, "client sent invalid request"
	}
	r.URI, r.Args = uri, args
	return phases.OK, ""
}

// checkLine is what a request line is refused for.
func checkLine(method, target, version string, ok bool) (phases.Status, string) {
	for i := range len(method) {
		if c := method[i]; (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return 400, "client sent invalid method"
		}
	}
	if !ok || method == "" || target == "" {
		return 400, "client sent invalid request"
	}
	if c := target[0] | 0x20; target[0] != '/' && (c < 'a' || c > 'z' || !strings.Contains(target, "://")) && method != "CONNECT" {
		return 400, "client sent invalid request"
	}
	switch {
	case version == "" && method != "GET":
		return 400, "client sent invalid method in HTTP/0.9 request"
	case version == "" || strings.HasPrefix(version, "HTTP/1."):
		return phases.OK, ""
	case strings.HasPrefix(version, "HTTP/"):
		return 505, "client sent invalid version"
	}
	return 400, "client sent invalid request"
}

// lineAlone reports whether nothing need be read behind the request line: it is of HTTP/0.9, which knows
// no header, or will be refused.
func lineAlone(head string) bool {
	line, _, _ := strings.Cut(head, "\n")
	method, target, version, ok := cutLine(strings.TrimSuffix(line, "\r"))
	s, _ := checkLine(method, target, version, ok)
	return version == "" || s != phases.OK
}

func protoOf(version string) phases.Proto {
	switch version {
	case "":
		return phases.HTTP09
	case "HTTP/1.0":
		return phases.HTTP10
	}
	return phases.HTTP11
}

func cutScheme(s string) (string, bool) {
	for _, p := range [...]string{"http://", "https://"} {
		if len(s) > len(p) && phases.EqualFold(s[:len(p)-3], p[:len(p)-3]) && s[len(p)-3:len(p)] == "://" {
			return s[len(p):], true
		}
	}
	return "", false
}

// headerLines cuts the header lines out of the head, in their order.
func headerLines(r *phases.Request, head string, core *phases.CoreServer) (phases.Status, string) {
	_, rest, _ := strings.Cut(head, "\n")
	r.KeepAlive = r.Proto >= phases.HTTP11
	framed := false // by Content-Length or Transfer-Encoding: both would leave the end in doubt
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			return 400, fmt.Sprintf("client sent invalid header line: \"\\x%02x...\"", line[0])
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		if len(name) == 14 && phases.EqualFold(name, "Content-Length") || len(name) == 17 && phases.EqualFold(name, "Transfer-Encoding") {
			if framed {
				return 400, "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time"
			}
			framed = true
		}
		if !validName(name, core.UnderscoresInHeaders.V) && core.IgnoreInvalidHeaders.V {
			r.SkippedHeaders = append(r.SkippedHeaders, name)
			continue
		}
		value = strings.Trim(value, " \t")
		r.In.Add(name, value)
		switch len(name) {
		case 10:
			if phases.EqualFold(name, "Connection") {
				connection(r, value)
			}
		case 7:
			if phases.EqualFold(name, "Upgrade") {
				r.Upgrade = true
			}
		}
	}
	return phases.OK, ""
}

func connection(r *phases.Request, value string) {
	v := strings.ToLower(value)
	switch {
	case strings.Contains(v, "close"):
		r.KeepAlive = false
	case strings.Contains(v, "keep-alive"):
		r.KeepAlive = true
	}
}

func validName(s string, underscores bool) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-':
		case c == '_' && underscores:
		default:
			return false
		}
	}
	return true
}

func host(r *phases.Request) (phases.Status, string) {
	v, ok := r.In.Value("Host")
	if !ok {
		if r.Proto >= phases.HTTP11 {
			return 400, "client sent HTTP/1.1 request without \"Host\" header"
		}
		return phases.OK, ""
	}
	h, ok := phases.ValidHost(v)
	if !ok {
		return 400, "client sent invalid host header"
	}
	r.Host = h
	return phases.OK, ""
}

func hasContentLength(head string) bool {
	for rest := head; ; {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
		if len(rest) > 15 && rest[14] == ':' && phases.EqualFold(rest[:14], "Content-Length") {
			return true
		}
	}
}

// refusal says how a head that the codec rejects is answered.
func refusal(head string, err error) (phases.Status, string) {
	msg := err.Error()
	line, _, _ := strings.Cut(head, "\n")
	switch {
	case strings.Contains(msg, "unsupported http version"):
		if i := strings.LastIndex(line, "HTTP/"); i >= 0 && len(line) > i+5 && line[i+5] >= '2' && line[i+5] <= '9' {
			return 505, "client sent invalid version"
		}
		return 400, "client sent invalid request"
	case strings.Contains(msg, "transfer-encoding"), strings.Contains(msg, "Transfer-Encoding"):
		if strings.Contains(msg, "unsupported") && strings.HasSuffix(strings.TrimRight(line, "\r"), "HTTP/1.1") {
			return 501, "client sent unknown \"Transfer-Encoding\""
		}
		return 400, "client sent invalid \"Transfer-Encoding\" header"
	case strings.Contains(msg, "Host"):
		return 400, "client sent HTTP/1.1 request without \"Host\" header"
	case strings.Contains(msg, "method"):
		return 400, "client sent invalid method"
	}
	return 400, "client sent invalid request header"
}
