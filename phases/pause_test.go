package phases

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// looping is a front end that runs one request, again for as long as it is put aside.
type looping struct {
	Waiter
	woken int
}

func (*looping) CanPause() bool { return true }
func (l *looping) Wake()        { l.woken++ }
func (*looping) Defer() bool    { return false }

// TestPause has handlers of every phase go on later, twice each: they keep their order, and what they answer in the end counts.
func TestPause(t *testing.T) {
	const declined = "post server rewrite rewrite2 preaccess access access2 precontent content"
	for _, c := range []struct {
		name    string
		answers map[string]Status
		any     bool // satisfy
		want    string
		status  Status
	}{
		{"all", nil, false, declined, 200},
		{"one ends the request", map[string]Status{"rewrite": 403}, false, "post server rewrite", 403},
		{"OK ends a phase", map[string]Status{"post": OK, "preaccess": OK}, false, declined, 200},
		{"OK ends the request in a rewrite phase", map[string]Status{"server": OK}, false, "post server", OK},
		{"access is allowed", map[string]Status{"access": OK, "access2": OK}, false, declined, 200},
		{"access is denied", map[string]Status{"access2": 401}, false, "post server rewrite rewrite2 preaccess access access2", 401},
		{"any is satisfied", map[string]Status{"access": 403, "access2": OK}, true, declined, 200},
		{"any was satisfied", map[string]Status{"access": OK}, true, strings.Replace(declined, "access2 ", "", 1), 200},
		{"none is satisfied", map[string]Status{"access": 403, "access2": 403}, true, "post server rewrite rewrite2 preaccess access access2", 403},
		{"no content", map[string]Status{"content": Declined}, false, declined, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ran []string
			handle := func(name string, usual Status) planned {
				return planned{len(name), func(r *Request) Status {
					left := 2
					var then Handler
					then = func(r *Request) Status {
						if left--; left > 0 {
							return r.Pause(then)
						}
						ran = append(ran, name)
						if rc, ok := c.answers[name]; ok {
							return rc
						}
						return usual
					}
					if !r.CanPause() {
						t.Error("it may not pause")
					}
					r.Wake()
					return r.Pause(then)
				}}
			}
			p := &plan{}
			for phase, names := range map[Phase]string{PhasePostRead: "post", PhaseServerRewrite: "server", PhaseRewrite: "rewrite rewrite2",
				PhasePreaccess: "preaccess", PhaseAccess: "access access2", PhasePrecontent: "precontent", PhaseContent: "content"} {
				for _, name := range strings.Fields(names) {
					usual := Declined
					if phase == PhaseContent {
						usual = 200
					}
					p.handlers[phase] = append(p.handlers[phase], handle(name, usual))
				}
			}
			server := &Server{}
			loc := server.Root()
			loc.Core, loc.plan = &CoreLocation{}, p
			loc.Core.SatisfyAny.V = c.any
			loc.Core.Log = NewErrorLog(nil, LogEmerg)
			r := NewRequest()
			r.Conn, r.Server, r.Loc, r.URI = &Conn{}, server, loc, "/x"
			r.log = loc.Core.Log
			r.Waiter = &looping{}
			r.pausable = true
			rc := r.phasesFrom(PhasePostRead)
			pauses := 0
			for ; rc == Again; pauses++ {
				then := r.then
				r.then = nil
				if rc = then(r); rc != Again {
					rc = r.phasesAfter(rc)
				}
			}
			if d := cmp.Diff(c.want, strings.Join(ran, " ")); d != "" || rc != c.status || pauses != 2*len(ran) {
				t.Errorf("%s answers %d after %d pauses", d, rc, pauses)
			}
		})
	}
}
