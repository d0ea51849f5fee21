// Package stubstatus is nginx's stub_status: a content handler that answers with the counts of
// connections and requests, in the layout that monitoring tools read, and the variables
// $connections_active, $connections_reading, $connections_writing and $connections_waiting.
package stubstatus

import (
	"fmt"
	"strconv"

	"moongate/conf"
	"moongate/phases"
)

// Module is the stub_status module.
var Module = phases.NewModule(phases.Module{
	Name: "stub_status",
	Directives: []phases.Directive{
		{Name: "stub_status", Ctx: phases.CtxServer | phases.CtxLocation, Args: phases.Arity{Max: 1}, Set: func(l *phases.Load, _ *conf.Directive, _ any) error {
			l.SetContent(serve)
			return nil
		}},
	},
	Preconfigure: func(l *phases.Load) error {
		for name, count := range map[string]func(s *phases.Stats) int64{
			"connections_active":  func(s *phases.Stats) int64 { return s.Active.Load() },
			"connections_reading": func(s *phases.Stats) int64 { return s.Reading.Load() },
			"connections_writing": func(s *phases.Stats) int64 { return s.Writing() },
			"connections_waiting": func(s *phases.Stats) int64 { return s.Waiting() },
		} {
			err := l.AddVariable(phases.Variable{Name: name, NoCache: true, Get: func(r *phases.Request, _ string) (string, bool) {
				return strconv.FormatInt(count(&r.Tree.Engine().Stats), 10), true
			}})
			if err != nil {
				return err
			}
		}
		return nil
	},
})

func serve(r *phases.Request) phases.Status {
	if r.Method != "GET" && r.Method != "HEAD" {
		return 405
	}
	if rc := r.DiscardBody(); rc != phases.OK {
		return rc
	}
	s := &r.Tree.Engine().Stats
	text := fmt.Sprintf("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: %d Writing: %d Waiting: %d \n",
		s.Active.Load(), s.Accepted.Load(), s.Handled.Load(), s.Requests(),
		s.Reading.Load(), s.Writing(), s.Waiting())
	return r.Respond(200, "text/plain", []byte(text))
}
