package proxy_test

import (
	"testing"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// logged is a module for the tests: its directive test_log sends a value of each finished request to a channel.
type logged struct {
	*phases.Module
	lines chan string
}

func newLogged() *logged {
	l := &logged{lines: make(chan string, 1000)}
	var v *phases.Value
	l.Module = phases.NewModule(phases.Module{
		Name: "test_log",
		Directives: []phases.Directive{{Name: "test_log", Ctx: phases.CtxHTTP, Args: phases.Take1, Set: func(ld *phases.Load, d *conf.Directive, _ any) (err error) {
			v, err = ld.Value(d.Args[0])
			return err
		}}},
		Postconfigure: func(ld *phases.Load) error {
			ld.Handle(phases.PhaseLog, func(r *phases.Request) phases.Status {
				l.lines <- v.Eval(r)
				return phases.OK
			})
			return nil
		},
	})
	return l
}

// next is the value of the next finished request.
func (l *logged) next(t testing.TB) string {
	t.Helper()
	select {
	case s := <-l.lines:
		return s
	case <-time.After(5 * time.Second):
		t.Fatal("no request finished")
		return ""
	}
}
