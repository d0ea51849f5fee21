package phases

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"moongate/conf"
)

// addCoreVariables defines the variables of ngx_http_core_module; the modules add theirs.
func (t *Tree) addCoreVariables() {
	add := func(name string, get func(r *Request) (string, bool)) {
		t.vars[name] = &Variable{Name: name, Get: func(r *Request, _ string) (string, bool) { return get(r) }}
	}
	// live adds a variable that may change while the request runs
	live := func(name string, get func(r *Request) (string, bool)) {
		add(name, get)
		t.vars[name].NoCache = true
	}
	str := func(s string) (string, bool) { return s, true }
	nonEmpty := func(s string) (string, bool) { return s, s != "" }

	args := func(r *Request) (string, bool) { return r.Args, r.Args != "" || r.ArgsGiven }
	live("args", args)
	setArgs := func(r *Request, v string) { r.Args, r.ArgsGiven, r.UnparsedStale = v, true, true }
	t.vars["args"].Changeable, t.vars["args"].Set = true, setArgs
	t.vars["args"].Clear = func(r *Request) { r.Args, r.ArgsGiven, r.UnparsedStale = "", false, true }
	live("query_string", args)
	live("is_args", func(r *Request) (string, bool) {
		if r.Args == "" {
			return "", true
		}
		return "?", true
	})
	live("uri", func(r *Request) (string, bool) { return str(r.URI) })
	live("document_uri", func(r *Request) (string, bool) { return str(r.URI) })
	add("request_uri", func(r *Request) (string, bool) { return str(r.Main.RequestURI) })
	add("request", func(r *Request) (string, bool) { return nonEmpty(r.Main.RequestLine) })
	live("request_method", func(r *Request) (string, bool) { return nonEmpty(r.Main.Method) })
	live("request_filename", func(r *Request) (string, bool) { return r.MapURI() })
	live("document_root", func(r *Request) (string, bool) { return str(r.DocumentRoot()) })
	live("realpath_root", func(r *Request) (string, bool) {
		p, err := filepath.EvalSymlinks(r.DocumentRoot())
		if err != nil {
			r.Logf(LogCrit, "realpath() %q failed %s", r.DocumentRoot(), Errno(err))
			return "", false
		}
		return p, true
	})
	live("host", func(r *Request) (string, bool) {
		if r.Host != "" {
			return r.Host, true
		}
		return r.Server.Name(), true
	})
	add("hostname", func(*Request) (string, bool) { return hostname(), true })
	add("scheme", func(r *Request) (string, bool) {
		if r.Conn.TLS != nil {
			return "https", true
		}
		return "http", true
	})
	add("https", func(r *Request) (string, bool) {
		if r.Conn.TLS != nil {
			return "on", true
		}
		return "", true
	})
	add("server_name", func(r *Request) (string, bool) { return str(r.Server.Name()) })
	add("server_addr", func(r *Request) (string, bool) { return str(r.Conn.LocalIP) })
	add("server_port", func(r *Request) (string, bool) { return str(r.Conn.LocalPort) })
	add("server_protocol", func(r *Request) (string, bool) { return str(r.Protocol) })
	live("remote_addr", func(r *Request) (string, bool) { return str(r.Conn.RemoteIP) })
	live("remote_port", func(r *Request) (string, bool) { return str(r.Conn.RemotePort) })
	live("binary_remote_addr", func(r *Request) (string, bool) { return binaryAddr(r.Conn.RemoteIP) })
	live("remote_user", func(r *Request) (string, bool) {
		user, _, ok := r.BasicAuth()
		return user, ok
	})
	add("connection", func(r *Request) (string, bool) { return str(strconv.FormatUint(r.Conn.Serial, 10)) })
	add("connection_requests", func(r *Request) (string, bool) { return str(strconv.Itoa(r.Conn.Requests)) })
	live("connection_time", func(r *Request) (string, bool) { return str(seconds(now().Sub(r.Conn.Started))) })
	add("pipe", func(*Request) (string, bool) { return ".", true })
	add("pid", func(*Request) (string, bool) { return str(strconv.Itoa(os.Getpid())) })
	add("nginx_version", func(*Request) (string, bool) { return NginxVersion, true })
	live("msec", func(*Request) (string, bool) {
		ms := now().UnixMilli()
		return fmt.Sprintf("%d.%03d", ms/1000, ms%1000), true
	})
	live("time_iso8601", func(r *Request) (string, bool) { return r.Now().Format("2006-01-02T15:04:05-07:00"), true })
	live("time_local", func(r *Request) (string, bool) { return localTime(r.Now()), true })
	live("request_time", func(r *Request) (string, bool) { return str(seconds(now().Sub(r.Main.Start))) })
	add("request_id", func(r *Request) (string, bool) {
		if r.Main.id == "" {
			var b [16]byte
			rand.Read(b[:]) // never fails
			r.Main.id = hex.EncodeToString(b[:])
		}
		return r.Main.id, true
	})
	live("request_length", func(r *Request) (string, bool) {
		n := r.Main.HeadLength
		if w := r.Main.Wire; w != nil {
			n += w.BodyReceived()
		}
		return str(strconv.FormatInt(n, 10))
	})
	live("request_completion", func(r *Request) (string, bool) {
		if r.Main.Finished && !r.Main.gone {
			return "OK", true
		}
		return "", true
	})
	live("request_body", func(r *Request) (string, bool) {
		b, ok := r.Body.Bytes()
		return string(b), ok
	})
	live("request_body_file", func(r *Request) (string, bool) { return r.Body.name, r.Body.name != "" })
	live("status", func(r *Request) (string, bool) { return str(FormatStatus(r.StatusCode())) })
	live("bytes_sent", func(r *Request) (string, bool) { return str(strconv.FormatInt(r.sent(), 10)) })
	live("body_bytes_sent", func(r *Request) (string, bool) { return str(strconv.FormatInt(r.bodySent(), 10)) })
	live("limit_rate", func(r *Request) (string, bool) { return str(strconv.FormatInt(r.limitRate, 10)) })
	t.vars["limit_rate"].Changeable = true
	t.vars["limit_rate"].Set = func(r *Request, v string) {
		if n, ok := conf.ParseSize(v); ok {
			r.limitRate, r.limitRateSet = n, true
		}
	}
	live("content_type", func(r *Request) (string, bool) { return nonHeader(r, "Content-Type") })
	live("content_length", func(r *Request) (string, bool) { return nonHeader(r, "Content-Length") })
	add("tcpinfo_rtt", func(*Request) (string, bool) { return "", false })
	for _, v := range []struct {
		name string
		get  func(p *ProxyProtocol) string
	}{
		{"proxy_protocol_addr", func(p *ProxyProtocol) string { return p.SourceIP }},
		{"proxy_protocol_port", func(p *ProxyProtocol) string { return p.SourcePort }},
		{"proxy_protocol_server_addr", func(p *ProxyProtocol) string { return p.ServerIP }},
		{"proxy_protocol_server_port", func(p *ProxyProtocol) string { return p.ServerPort }},
	} {
		add(v.name, func(r *Request) (string, bool) {
			if p := r.Conn.ProxyProtocol; p != nil {
				return v.get(p), true
			}
			return "", false
		})
	}
	for name, header := range map[string]string{"http_x_forwarded_for": "X-Forwarded-For", "http_cookie": "Cookie"} {
		sep := ", "
		if header == "Cookie" {
			sep = "; "
		}
		live(name, func(r *Request) (string, bool) { return r.In.Joined(header, sep) })
	}
	// response headers that live in fields of their own
	live("sent_http_content_type", func(r *Request) (string, bool) {
		return nonEmpty(r.Out.contentTypeLine())
	})
	live("sent_http_content_length", func(r *Request) (string, bool) {
		if r.Out.ContentLength >= 0 {
			return strconv.FormatInt(r.Out.ContentLength, 10), true
		}
		return r.Out.Headers.Value("Content-Length")
	})
	live("sent_http_last_modified", func(r *Request) (string, bool) {
		if !r.Out.LastModified.IsZero() {
			return r.Out.LastModified.UTC().Format(httpTimeLayout), true
		}
		return r.Out.Headers.Value("Last-Modified")
	})
	live("sent_http_connection", func(r *Request) (string, bool) {
		switch {
		case r.Out.Status == 101:
			return "upgrade", true
		case r.KeepAlive:
			return "keep-alive", true
		}
		return "close", true
	})
	live("sent_http_transfer_encoding", func(r *Request) (string, bool) {
		if r.Main.HeaderSent && r.Out.ContentLength < 0 && r.Proto >= HTTP11 && !r.HeaderOnly {
			return "chunked", true
		}
		return "", false
	})

	prefix := func(name string, get func(r *Request, rest string) (string, bool)) {
		t.prefixes = append(t.prefixes, &Variable{Name: name, Prefix: true, NoCache: true, Get: func(r *Request, full string) (string, bool) {
			return get(r, full[len(name):])
		}})
	}
	prefix("http_", func(r *Request, rest string) (string, bool) { return underscored(&r.In, rest) })
	prefix("sent_http_", func(r *Request, rest string) (string, bool) { return underscored(&r.Out.Headers, rest) })
	prefix("sent_trailer_", func(r *Request, rest string) (string, bool) { return underscored(&r.Out.Trailers, rest) })
	prefix("cookie_", func(r *Request, rest string) (string, bool) { return r.Cookie(rest) })
	prefix("arg_", func(r *Request, rest string) (string, bool) { return r.Arg(rest) })
}

// NginxVersion is the nginx that moongate behaves like: what $nginx_version and -V say.
const NginxVersion = "1.27.1"

const httpTimeLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

func nonHeader(r *Request, name string) (string, bool) { return r.In.Value(name) }

// seconds prints a duration as nginx's *_time variables do: seconds with milliseconds.
func seconds(d time.Duration) string {
	ms := d.Milliseconds()
	if ms < 0 {
		ms = 0
	}
	b := strconv.AppendInt(make([]byte, 0, 12), ms/1000, 10)
	ms %= 1000
	return string(append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)))
}

// FormatSeconds is seconds for the modules.
func FormatSeconds(d time.Duration) string { return seconds(d) }

// underscored finds the header whose name, lower case and with underscores for dashes, is rest.
func underscored(h *Headers, rest string) (string, bool) {
	first := -1
	var more []string
	for i := range h.list {
		if !MatchUnderscored(h.list[i].Name, rest) {
			continue
		}
		if first < 0 {
			first = i
			continue
		}
		if more == nil {
			more = append(more, h.list[first].Value)
		}
		more = append(more, h.list[i].Value)
	}
	if first < 0 {
		return "", false
	}
	if more != nil {
		return strings.Join(more, ", "), true
	}
	return h.list[first].Value, true
}

// MatchUnderscored reports whether a header is the one that a variable names: lower case, underscores for
// dashes.
func MatchUnderscored(name, key string) bool {
	if len(name) != len(key) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c == '-':
			c = '_'
		}
		if c != key[i] {
			return false
		}
	}
	return true
}

// Cookie is the value of a cookie; names compare without case, as in nginx.
func (r *Request) Cookie(name string) (string, bool) {
	for _, h := range r.In.list {
		if !EqualFold(h.Name, "Cookie") {
			continue
		}
		for s := h.Value; s != ""; {
			var pair string
			pair, s, _ = strings.Cut(s, ";")
			k, v, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
			if ok && EqualFold(strings.TrimRight(k, " "), name) {
				return strings.TrimRight(strings.TrimLeft(v, " "), " "), true
			}
		}
	}
	return "", false
}

// Arg is the first argument of that name, undecoded; names compare without case, as in nginx.
func (r *Request) Arg(name string) (string, bool) {
	for s := r.Args; s != ""; {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if k, v, ok := strings.Cut(pair, "="); ok && EqualFold(k, name) {
			return v, true
		}
	}
	return "", false
}

// BasicAuth reads the Authorization header's Basic credentials.
func (r *Request) BasicAuth() (user, password string, ok bool) {
	h, has := r.In.Value("Authorization")
	if !has || len(h) < 6 || !EqualFold(h[:6], "basic ") {
		return "", "", false
	}
	raw, ok := decodeBase64(strings.TrimLeft(h[6:], " "))
	if !ok {
		return "", "", false
	}
	user, password, ok = strings.Cut(raw, ":")
	return user, password, ok
}

// StatusCode is what $status prints: the response's, or what is going to be.
func (r *Request) StatusCode() int {
	switch {
	case r.errStatus != 0:
		return r.errStatus
	case r.Out.Status != 0:
		return r.Out.Status
	case r.Proto == HTTP09:
		return 9
	}
	return 0
}

func (r *Request) sent() int64 {
	if r.Main.Wire == nil {
		return 0
	}
	return r.Main.Wire.Sent()
}

func (r *Request) bodySent() int64 {
	if r.Main.Wire == nil {
		return r.BodySent
	}
	return r.Main.Wire.BodySent()
}

// contentTypeLine is the Content-Type header's value with the charset.
func (p *Response) contentTypeLine() string {
	if p.ContentType == "" {
		return ""
	}
	if p.Charset != "" && !strings.Contains(p.ContentType, "charset=") {
		return p.ContentType + "; charset=" + p.Charset
	}
	return p.ContentType
}

// ContentTypeLine is what the Content-Type header will say.
func (p *Response) ContentTypeLine() string { return p.contentTypeLine() }
