package upstream

import (
	"strconv"
	"strings"
	"time"

	"moongate/phases"
)

// addVariables defines the $upstream_ variables.
func addVariables(l *phases.Load) error {
	var errs []error
	add := func(name string, get func(r *phases.Request) (string, bool)) {
		errs = append(errs, l.AddVariable(phases.Variable{
			Name: name, NoCache: true,
			Get: func(r *phases.Request, _ string) (string, bool) { return get(r) },
		}))
	}
	list := func(name string, one func(b []byte, s *phases.UpstreamState) []byte) {
		add(name, func(r *phases.Request) (string, bool) { return join(r, one) })
	}
	list("upstream_addr", func(b []byte, s *phases.UpstreamState) []byte { return append(b, s.Addr...) })
	list("upstream_status", func(b []byte, s *phases.UpstreamState) []byte {
		if s.Status == 0 {
			return append(b, '-')
		}
		return strconv.AppendInt(b, int64(s.Status), 10)
	})
	span := func(name string, of func(s *phases.UpstreamState) time.Duration) {
		list(name, func(b []byte, s *phases.UpstreamState) []byte {
			if d := of(s); d >= 0 {
				return append(b, phases.FormatSeconds(d)...)
			}
			return append(b, '-')
		})
	}
	span("upstream_connect_time", func(s *phases.UpstreamState) time.Duration { return s.ConnectTime })
	span("upstream_header_time", func(s *phases.UpstreamState) time.Duration { return s.HeaderTime })
	span("upstream_response_time", func(s *phases.UpstreamState) time.Duration { return s.ResponseTime })
	count := func(name string, of func(s *phases.UpstreamState) int64) {
		list(name, func(b []byte, s *phases.UpstreamState) []byte { return strconv.AppendInt(b, of(s), 10) })
	}
	count("upstream_response_length", func(s *phases.UpstreamState) int64 { return s.Length })
	count("upstream_bytes_received", func(s *phases.UpstreamState) int64 { return s.BytesReceived })
	count("upstream_bytes_sent", func(s *phases.UpstreamState) int64 { return s.BytesSent })
	add("upstream_cache_status", func(*phases.Request) (string, bool) { return "", false })
	prefix := func(name string, get func(x *Exchange, rest string) (string, bool)) {
		errs = append(errs, l.AddVariable(phases.Variable{
			Name: name, Prefix: true, NoCache: true,
			Get: func(r *phases.Request, full string) (string, bool) {
				x := Of(r)
				if x == nil || len(full) <= len(name) {
					return "", false
				}
				return get(x, full[len(name):])
			},
		}))
	}
	prefix("upstream_http_", func(x *Exchange, rest string) (string, bool) { return underscored(x.resp.headers, rest) })
	prefix("upstream_trailer_", func(x *Exchange, rest string) (string, bool) { return underscored(x.resp.trailers.All(), rest) })
	prefix("upstream_cookie_", func(x *Exchange, rest string) (string, bool) { return setCookie(x.resp.headers, rest) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// join prints one thing of every attempt: ", " between attempts, " : " between groups.
func join(r *phases.Request, one func(b []byte, s *phases.UpstreamState) []byte) (string, bool) {
	if len(r.Upstreams) == 0 {
		return "", false
	}
	b := make([]byte, 0, 32)
	for i := range r.Upstreams {
		s := &r.Upstreams[i]
		if i > 0 {
			if s.Next {
				b = append(b, " : "...)
			} else {
				b = append(b, ", "...)
			}
		}
		b = one(b, s)
	}
	return string(b), true
}

// underscored finds the lines whose name, lower case and with underscores for dashes, is key.
func underscored(list []phases.Header, key string) (string, bool) {
	var values []string
	for i := range list {
		if phases.MatchUnderscored(list[i].Name, key) {
			values = append(values, list[i].Value)
		}
	}
	if values == nil {
		return "", false
	}
	return strings.Join(values, ", "), true
}

// setCookie is the value of the cookie that the response sets, without its attributes.
func setCookie(list []phases.Header, name string) (string, bool) {
	for i := range list {
		if !phases.EqualFold(list[i].Name, "Set-Cookie") {
			continue
		}
		pair, _, _ := strings.Cut(list[i].Value, ";")
		if k, v, ok := strings.Cut(pair, "="); ok && phases.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}
