package http1

import "testing"

// A lead that was taken away stays so, although the same connection is served anew by the next leader.
func TestLeadIsLostForGood(t *testing.T) {
	follower := make(chan bool, 1)
	l := &loop{}
	l.spare.idle = append(l.spare.idle, follower)
	c := &conn{loop: l}
	first, second := &lead{}, &lead{}
	l.leader.Store(first)
	first.conn.Store(c)
	if c.leading() != first {
		t.Fatal("the leader's connection does not know it")
	}
	c.Waiting()
	if !<-follower || c.leading() != nil {
		t.Fatal("the lead was not given on")
	}
	l.leader.Store(second)
	second.conn.Store(c)
	if first.conn.CompareAndSwap(c, nil) || c.leading() != second {
		t.Error("two goroutines lead")
	}
}

// What comes while a connection is active is not forgotten.
func TestRouse(t *testing.T) {
	for _, c := range []struct {
		name      string
		from, to  int32
		wantRouse bool
	}{
		{"idle", stateIdle, stateActive, true},
		{"not used yet", stateFresh, stateActive, true},
		{"active", stateActive, stateMore, false},
		{"active with more", stateMore, stateMore, false},
		{"closed", stateClosed, stateClosed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x conn
			x.state.Store(c.from)
			if got := x.rouse(); got != c.wantRouse || x.state.Load() != c.to {
				t.Errorf("%v, state %d", got, x.state.Load())
			}
		})
	}
}
