package socket

import "moongate/runtime/vm"

// settling is how an operation finds out that the thread which waits in another one was killed. Such a thread
// unwinds, and closes its socket, only when it next has the baton; whoever uses the socket before lets it.
type settling struct {
	waits [3]*vm.Thread // by waitKind
	over  chan struct{}
}

type waitKind int

const (
	waitConnect waitKind = iota
	waitRead
	waitSend
)

// begin notes that t is about to wait.
func (s *settling) begin(k waitKind, t *vm.Thread) { s.waits[k] = t }

// end notes that the wait is over, unwound or not.
func (s *settling) end(k waitKind) {
	s.waits[k] = nil
	if s.over != nil {
		close(s.over)
		s.over = nil
	}
}

// settle lets killed threads unwind. It is called with the baton held, by t, and gives it back if there are any.
func (s *settling) settle(t *vm.Thread) {
	for s.killed(t) {
		if s.over == nil {
			s.over = make(chan struct{})
		}
		over := s.over
		t.Wait(func(cancel <-chan struct{}) {
			select {
			case <-over:
			case <-cancel:
			}
		})
	}
}

func (s *settling) killed(but *vm.Thread) bool {
	for _, t := range s.waits {
		if t != nil && t != but && t.Killed() {
			return true
		}
	}
	return false
}
