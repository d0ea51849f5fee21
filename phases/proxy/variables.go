package proxy

import (
	"net/netip"

	"moongate/phases"
	"moongate/phases/upstream"
)

// addVariables defines $proxy_host and its like.
func addVariables(l *phases.Load) error {
	for _, v := range []struct {
		name string
		get  func(r *phases.Request) (string, bool)
	}{
		{"proxy_host", func(r *phases.Request) (string, bool) {
			x := upstream.Of(r)
			if x == nil {
				return "", false
			}
			return x.Vars.Host, true
		}},
		{"proxy_port", func(r *phases.Request) (string, bool) {
			x := upstream.Of(r)
			if x == nil {
				return "", false
			}
			return x.Vars.Port, true
		}},
		{"proxy_add_x_forwarded_for", func(r *phases.Request) (string, bool) {
			if v, ok := r.In.Joined("X-Forwarded-For", ", "); ok {
				return v + ", " + r.Conn.RemoteIP, true
			}
			return r.Conn.RemoteIP, true
		}},
		{"proxy_internal_body_length", func(r *phases.Request) (string, bool) { return internalLength(upstream.Of(r)) }},
		{"proxy_internal_chunked", func(r *phases.Request) (string, bool) {
			if x := upstream.Of(r); x != nil && x.BodyChunked {
				return "chunked", true
			}
			return "", false
		}},
	} {
		err := l.AddVariable(phases.Variable{
			Name: v.name, NoCache: true,
			Get: func(r *phases.Request, _ string) (string, bool) { return v.get(r) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// validLocal reports whether s may follow proxy_bind.
func validLocal(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(s)
	return err == nil
}
