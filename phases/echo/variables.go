package echo

import (
	"strconv"
	"time"

	"moongate/phases"
)

func (p *program) addVariables(l *phases.Load) error {
	for _, v := range []struct {
		name  string
		cache bool
		get   func(r *phases.Request) (string, bool)
	}{
		{"echo_timer_elapsed", false, func(r *phases.Request) (string, bool) {
			from := r.Start
			if s, ok := r.Ctx(p.m).(*state); ok && !s.timer.IsZero() {
				from = s.timer
			}
			return phases.FormatSeconds(time.Since(from)), true
		}},
		{"echo_request_method", false, func(r *phases.Request) (string, bool) { return r.Method, r.Method != "" }},
		{"echo_client_request_method", false, func(r *phases.Request) (string, bool) { return r.Main.Method, r.Main.Method != "" }},
		{"echo_request_uri", true, requestURI},
		{"echo_cacheable_request_uri", true, requestURI},
		{"echo_request_body", false, func(r *phases.Request) (string, bool) {
			b, ok := r.Body.Bytes()
			return string(b), ok
		}},
		{"echo_client_request_headers", false, func(r *phases.Request) (string, bool) {
			return string(r.Main.Wire.RawHead()), true
		}},
		{"echo_it", false, func(r *phases.Request) (string, bool) {
			if s, ok := r.Ctx(p.m).(*state); ok && s.choice < len(s.choices) {
				return s.choices[s.choice], true
			}
			return "", false
		}},
		{"echo_incr", false, func(r *phases.Request) (string, bool) {
			s, ok := r.Main.Ctx(p.m).(*state)
			if !ok {
				return "", false
			}
			return strconv.FormatInt(s.counter.Add(1), 10), true
		}},
		{"echo_response_status", false, func(r *phases.Request) (string, bool) {
			if r.Out.Status == 0 {
				return "", false
			}
			return strconv.Itoa(r.Out.Status), true
		}},
	} {
		err := l.AddVariable(phases.Variable{
			Name: v.name, NoCache: !v.cache,
			Get: func(r *phases.Request, _ string) (string, bool) { return v.get(r) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// requestURI is the (sub)request's own path, without arguments.
func requestURI(r *phases.Request) (string, bool) { return r.URI, true }
