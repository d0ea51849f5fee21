package phases

import (
	"fmt"
	"strings"

	"moongate/conf"
)

// Variable is one nginx variable. Get and Set run on the request's goroutine.
type Variable struct {
	Name string
	// Get computes the value; ok false means "not found". name is the whole name looked up, which
	// matters for prefix variables.
	Get func(r *Request, name string) (value string, ok bool)
	// Set handles an assignment (nil: the value is simply kept, where Changeable).
	Set func(r *Request, value string)
	// Clear makes a variable with Set "not found" (nil: it is set to an empty string).
	Clear func(r *Request)
	// Changeable variables may be assigned by set, map captures and ngx.var.
	Changeable bool
	// NoCache variables are computed at each use.
	NoCache bool
	// Prefix variables stand for every name that begins with Name (arg_, http_ …).
	Prefix bool
	// NoHash variables cannot be looked up by name at run time.
	NoHash bool

	weak bool // made by set or a regex: gives way to another definition
}

type indexedVar struct {
	name string
	v    *Variable
	pos  conf.Pos
}

// AddVariable defines a variable. Redefining a changeable one is allowed, as nginx does for set and
// map; another redefinition is the error `the duplicate "x" variable`.
func (l *Load) AddVariable(v Variable) error {
	t := l.Tree
	if v.Prefix {
		t.prefixes = append(t.prefixes, &v)
		return nil
	}
	name := strings.ToLower(v.Name)
	if old := t.vars[name]; old != nil {
		if !old.Changeable {
			return fmt.Errorf("the duplicate %q variable", v.Name)
		}
		if v.weak {
			return nil
		}
		if old.weak || v.Get != nil {
			*old = v
		}
		return nil
	}
	t.vars[name] = &v
	return nil
}

// Assignable defines the variable that set, a regex or perl-like code assigns to.
func (l *Load) Assignable(name string) error {
	return l.AddVariable(Variable{Name: name, Changeable: true, weak: true})
}

// AssignableQuiet is Assignable for a variable that is plainly not found, without a warning, until it
// is assigned.
func (l *Load) AssignableQuiet(name string) error {
	absent := func(*Request, string) (string, bool) { return "", false }
	return l.AddVariable(Variable{Name: name, Changeable: true, weak: true, Get: absent})
}

// VariableIndex is the slot of the variable name in a request; the name may be defined later.
func (l *Load) VariableIndex(name string, pos conf.Pos) int {
	key := strings.ToLower(name)
	if i, ok := l.Tree.varIndex[key]; ok {
		return i
	}
	i := len(l.Tree.indexed)
	l.Tree.indexed = append(l.Tree.indexed, &indexedVar{name: key, pos: pos})
	l.Tree.varIndex[key] = i
	return i
}

func (t *Tree) linkVariables(errs *conf.ErrorList) {
	for _, iv := range t.indexed {
		iv.v = t.lookup(iv.name)
		if iv.v == nil {
			*errs = append(*errs, &conf.Error{Msg: fmt.Sprintf("unknown %q variable", iv.name), Pos: iv.pos})
		}
	}
}

func (t *Tree) lookup(name string) *Variable {
	if v := t.vars[name]; v != nil {
		return v
	}
	var best *Variable
	for _, p := range t.prefixes {
		if strings.HasPrefix(name, p.Name) && (best == nil || len(p.Name) > len(best.Name)) {
			best = p
		}
	}
	return best
}

type varSlot struct {
	value string
	state varState
}

type varState uint8

const (
	varUnset varState = iota
	varValid
	varNotFound
	varAssigned // by set, a regex or a script: outlives NoCache
)

// Indexed is the value of the variable at slot i; ok is false for one that is not found.
func (r *Request) Indexed(i int) (string, bool) {
	s := r.slot(i)
	iv := r.Tree.indexed[i]
	switch {
	case s.state == varAssigned:
		return s.value, true
	case s.state != varUnset && !iv.v.NoCache:
		return s.value, s.state == varValid
	case iv.v.Get == nil:
		if s.state == varUnset && r.Loc.Core.UninitializedWarn.V {
			r.Logf(LogWarn, "using uninitialized %q variable", iv.name)
		}
		return "", s.state == varUnset
	}
	value, ok := iv.v.Get(r, iv.name)
	s = varSlot{value, varValid}
	if !ok {
		s.state = varNotFound
	}
	r.setSlot(i, s)
	return value, ok
}

func (r *Request) slot(i int) varSlot {
	t := r.vars
	if t.mu == nil {
		return t.slots[i]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots[i]
}

func (r *Request) setSlot(i int, s varSlot) {
	t := r.vars
	t.lock()
	t.slots[i], t.used = s, true
	t.unlock()
}

// SetIndexed assigns the variable at slot i.
func (r *Request) SetIndexed(i int, value string) {
	if v := r.Tree.indexed[i].v; v.Set != nil {
		v.Set(r, value)
		return
	}
	r.setSlot(i, varSlot{value, varAssigned})
}

// ClearIndexed makes the variable at slot i "not found".
func (r *Request) ClearIndexed(i int) { r.setSlot(i, varSlot{"", varNotFound}) }

// Capture is $n of the last successful match.
func (r *Request) Capture(n int) string {
	if 2*n+1 >= len(r.captures) || r.captures[2*n] < 0 {
		return ""
	}
	return r.captured[r.captures[2*n]:r.captures[2*n+1]]
}

// ClearCaptures forgets the last match: $1 … are empty then.
func (r *Request) ClearCaptures() { r.captures = r.captures[:0] }

// Captures gives the offsets and subject of the last successful match, for a caller that keeps them.
func (r *Request) Captures() ([]int, string) { return r.captures, r.captured }
