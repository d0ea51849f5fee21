package vm

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Paused is an entry thread that waits without a goroutine.
type Paused entry

// RunPausable is Run, without results, for a caller that can go on later: a function that has to wait may put the thread aside (see Pause). It returns
// then at once, with the thread; Continue goes on when the wait is over. While no thread is returned it is over, with err.
func (w *Worker) RunPausable(owner any, fn *lua.LFunction) (p *Paused, err error) {
	e := w.begin(owner, false)
	defer func() { e.part(p) }()
	if err = e.started(); err != nil {
		return nil, err
	}
	e.pausable = true
	_, err = e.call(fn, 0, nil)
	return e.paused(err)
}

// Continue goes on with a thread that was put aside, on any goroutine, which must not hold the worker's baton. It returns what
// RunPausable does.
func (p *Paused) Continue() (again *Paused, err error) {
	e := (*entry)(p)
	e.acquire()
	defer func() { e.part(again) }()
	e.kill.stopWith(nil)
	err = finishTrace(pcontinue(e.L, threadError))
	return e.paused(err)
}

// paused is what a run has come to: a thread to go on with, or the end of it.
func (e *entry) paused(err error) (*Paused, error) {
	if err == nil && machine.Paused(e.L) {
		return (*Paused)(e), nil
	}
	return nil, e.settled(err)
}

// part gives the baton back, and ends the thread unless it was put aside.
func (e *entry) part(p *Paused) {
	if p != nil {
		e.release()
		return
	}
	e.leave()
}

// Pausable reports whether a machine.Pauser that L has asked may put t aside, the thread at work: it is an entry thread that
// was started by RunPausable and has neither light threads nor coroutines on its way.
func (t *Thread) Pausable(L *lua.LState) bool {
	return t.pausable && t.fiber == nil && t.L == L && t.family.live == 1 && len(t.family.posted) == 0 && !t.kill.on.Load()
}

// Pause is for a machine.Pauser that puts t aside. Kill calls stop, at most once, on any goroutine, even before Pause has returned; it must make
// the wait end soon, and must not block. Whoever ends the wait has Continue called. The function that goes on in the script must call Resumed.
func (t *Thread) Pause(stop func()) { t.kill.stopWith(stop) }

// Resumed does not return, but unwinds as Wait does, if t was killed while it was aside.
func (t *Thread) Resumed() { t.checkKilled() }
