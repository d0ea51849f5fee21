package thread

import (
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

// semaphore is guarded by the worker's baton.
type semaphore struct {
	count int // what can be taken
	queue []*sleeper
	// given are the sleepers that have got what they wait for and do not know it yet. They are told one
	// after the other, so that they go on in their order.
	given   []*sleeper
	telling bool
}

// sleeper is a thread that waits; ch is closed when it has been given what it waits for.
type sleeper struct {
	thread      *vm.Thread
	ch          chan struct{}
	given, told bool
}

// prune forgets the waiters that were killed, which unwind only when they next have the baton.
func (s *semaphore) prune() {
	s.queue = slices.DeleteFunc(s.queue, func(w *sleeper) bool { return w.thread.Killed() })
}

// post adds n and gives what there is to those that have waited longest.
func (s *semaphore) post(n int) {
	s.count += n
	s.prune()
	for len(s.queue) > 0 && s.count > 0 {
		w := s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
		s.count--
		w.given = true
		s.given = append(s.given, w)
	}
	s.tell()
}

func (s *semaphore) tell() {
	if s.telling || len(s.given) == 0 {
		return
	}
	w := s.given[0]
	s.given = slices.Delete(s.given, 0, 1)
	w.told, s.telling = true, true
	close(w.ch)
}

// wait takes one, for at most d. It unwinds where the thread is killed, and leaves nothing taken then.
func (s *semaphore) wait(v *handler.VM, d time.Duration) bool {
	w := &sleeper{thread: v.Thread(), ch: make(chan struct{})}
	s.queue = append(s.queue, w)
	returned := false
	defer func() {
		switch {
		case !w.given:
			s.queue = without(s.queue, w)
			return
		case w.told:
			s.telling = false
		default:
			s.given = without(s.given, w)
		}
		if !returned {
			s.post(1)
		}
		s.tell()
	}()
	v.Wait(func(cancel <-chan struct{}) {
		clock := time.NewTimer(d)
		select {
		case <-w.ch:
		case <-clock.C:
		case <-cancel:
		}
		clock.Stop()
	})
	returned = true
	return w.given
}

func without(list []*sleeper, w *sleeper) []*sleeper {
	if i := slices.Index(list, w); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// SemaphoreLoader opens the module ngx.semaphore (lua-resty-core, lib/ngx/semaphore.md).
func SemaphoreLoader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 6)
		mt := L.CreateTable(0, 1)
		mt.RawSetString("__index", mod)
		set := func(name string, f lua.LGFunction) { mod.RawSetString(name, L.NewFunction(f)) }
		mod.RawSetString("version", lua.LString(codec.CoreVersion))
		// sem, err = semaphore.new(n?)
		set("new", func(L *lua.LState) int {
			n, _ := machine.ToNumber(L.Get(1))
			if n < 0 {
				codec.Raise(L, "no negative number")
			}
			u := L.NewUserData()
			u.Value = &semaphore{count: int(n)}
			self := L.CreateTable(0, 1)
			self.RawSetString("sem", u)
			self.Metatable = mt
			L.Push(self)
			return 1
		})
		// ok, err = sem:wait(timeout)
		set("wait", func(L *lua.LState) int { return semaphoreWait(v, L) })
		// ok, err = sem:post(n?)
		set("post", func(L *lua.LState) int {
			s := checkSemaphore(L)
			n, ok := machine.ToNumber(L.Get(2))
			if !ok {
				n = 1 // whatever is no number counts as not given
			}
			if n < 1 {
				codec.Raise(L, "positive number required")
			}
			s.post(int(n))
			L.Push(lua.LTrue)
			return 1
		})
		// n = sem:count()
		set("count", func(L *lua.LState) int {
			s := checkSemaphore(L)
			s.prune()
			L.Push(lua.LNumber(s.count - len(s.queue)))
			return 1
		})
		L.Push(mod)
		return 1
	}
}

func checkSemaphore(L *lua.LState) *semaphore {
	if t, ok := L.Get(1).(*lua.LTable); ok {
		if u, ok := t.RawGetString("sem").(*lua.LUserData); ok {
			if s, ok := u.Value.(*semaphore); ok {
				return s
			}
		}
	}
	codec.Raise(L, "not a semaphore instance")
	return nil
}

func semaphoreWait(v *handler.VM, L *lua.LState) int {
	s := checkSemaphore(L)
	c := current(v, L)
	seconds, ok := machine.ToNumber(L.Get(2))
	if !ok {
		codec.Raise(L, "attempt to perform arithmetic on a nil value")
	}
	if seconds < 0 {
		codec.Raise(L, "no negative number")
	}
	ms := int64(seconds * 1000)
	s.prune()
	switch {
	case c.Phase&handler.Yieldable == 0:
		return refuse(L, "API disabled in the context of "+c.Phase.ContextName())
	case len(s.queue) == 0 && s.count > 0:
		s.count--
	case ms == 0:
		return refuse(L, "timeout")
	default:
		if s.wait(v, time.Duration(ms)*time.Millisecond) {
			L.Push(lua.LTrue)
			L.Push(lua.LNil)
			return 2
		}
		L.Push(lua.LFalse)
		L.Push(lua.LString("timeout"))
		return 2
	}
	L.Push(lua.LTrue)
	return 1
}
