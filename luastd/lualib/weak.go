package lualib

import (
	"runtime"
	"weak"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

// Tables with __mode hold their elements as firmly as others, until collectgarbage() is called. Then what they hold weakly is taken out and
// referred to by Go's weak pointers while Go's collector runs; what is still there afterwards is put back. As in Lua 5.1, a value may keep
// its own key alive.
//
// Deviation: without a call of collectgarbage nothing leaves a weak table.

// weakTables are the tables of a VM that were given a metatable with __mode, those that still live.
type weakTables struct {
	tables []weak.Pointer[lua.LTable]
	known  map[weak.Pointer[lua.LTable]]bool
	// next is the number of tables at which the dead are sorted out.
	next int
}

const firstWeakTables = 64

// note remembers t.
func (w *weakTables) note(t *lua.LTable) {
	p := weak.Make(t)
	if w.known[p] {
		return
	}
	if w.known == nil {
		w.known, w.next = make(map[weak.Pointer[lua.LTable]]bool), firstWeakTables
	}
	w.known[p] = true
	w.tables = append(w.tables, p)
	if len(w.tables) >= w.next {
		w.alive()
		w.next = max(firstWeakTables, 2*len(w.tables))
	}
}

// alive gives the tables that live, and forgets the others.
func (w *weakTables) alive() []*lua.LTable {
	var live []*lua.LTable
	kept := w.tables[:0]
	for _, p := range w.tables {
		if t := p.Value(); t != nil {
			live = append(live, t)
			kept = append(kept, p)
		} else {
			delete(w.known, p)
		}
	}
	clear(w.tables[len(kept):])
	w.tables = kept
	return live
}

// reference gives back a value for as long as it lives.
type reference func() lua.LValue

func pointerTo[T any, P interface {
	*T
	lua.LValue
}](v P) reference {
	p := weak.Make((*T)(v))
	return func() lua.LValue {
		if v := p.Value(); v != nil {
			return P(v)
		}
		return nil
	}
}

// refer refers to v weakly if asked to and if v is an object that can be collected.
func refer(v lua.LValue, weakly bool) (r reference, isWeak bool) {
	if weakly {
		switch v := v.(type) {
		case *lua.LTable:
			return pointerTo(v), true
		case *lua.LFunction:
			return pointerTo(v), true
		case *lua.LUserData:
			return pointerTo(v), true
		case *vm.Coroutine:
			return pointerTo(v), true
		}
	}
	return func() lua.LValue { return v }, false
}

// element is one that was taken out of a weak table.
type element struct{ key, value reference }

// suspended is a weak table whose elements were taken out. The order of those that stay is kept.
type suspended struct {
	t        weak.Pointer[lua.LTable]
	elements []element
}

// mode says which parts of t's elements are weak.
func mode(L *lua.LState, t *lua.LTable) (keys, values bool) {
	s, _ := machine.Metamethod(L, t, "__mode").(lua.LString)
	for _, c := range s {
		keys, values = keys || c == 'k', values || c == 'v'
	}
	return keys, values
}

// suspend takes the elements out of t, if any of them is weak.
func suspend(L *lua.LState, t *lua.LTable) *suspended {
	keys, values := mode(L, t)
	if !keys && !values {
		return nil
	}
	any := false
	x := &suspended{t: weak.Make(t)}
	for k, v, _ := machine.Next(t, lua.LNil); k != lua.LNil; k, v, _ = machine.Next(t, k) {
		key, weakKey := refer(k, keys)
		value, weakValue := refer(v, values)
		any = any || weakKey || weakValue
		x.elements = append(x.elements, element{key, value})
	}
	if !any {
		return nil
	}
	machine.Clear(t)
	return x
}

func (x *suspended) resume() {
	t := x.t.Value()
	if t == nil {
		return
	}
	for _, e := range x.elements {
		if k, v := e.key(), e.value(); k != nil && v != nil {
			machine.Set(t, k, v)
		}
	}
}

// collect runs Go's collector, and lets weak tables lose what only they refer to.
func (l *library) collect(L *lua.LState) {
	var list []*suspended
	for _, t := range l.gc.weak.alive() {
		if x := suspend(L, t); x != nil {
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return
	}
	machine.ClearDead(L)
	runtime.GC()
	for _, x := range list {
		x.resume()
	}
}
