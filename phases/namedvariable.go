package phases

import "fmt"

// NamedVariable is a variable that was looked up once, for those who ask for it often: Request.Var and SetVar without the look-up. It serves
// requests of its tree only.
type NamedVariable struct {
	name  string
	slot  int // of an indexed variable; -1 for others
	group int // $1 to $9; 0 for others
	v     *Variable
	own   *Variable // defined by this very name
	get   func(r *Request, name string) (string, bool)
}

// Named looks a variable up by name, lower case, without the dollar sign.
func (t *Tree) Named(name string) NamedVariable {
	n := NamedVariable{name: name, slot: -1, own: t.vars[name], v: t.lookup(name)}
	if i, ok := t.varIndex[name]; ok {
		n.slot = i
	}
	switch {
	case len(name) == 1 && name[0] >= '1' && name[0] <= '9':
		n.group = int(name[0] - '0')
	case n.v == nil || n.v.Get == nil || n.v.NoHash:
		n.get = func(*Request, string) (string, bool) { return "", false }
	default:
		n.get = n.v.Get
	}
	return n
}

// Value is the variable's value; ok is false for one that is not found.
func (n *NamedVariable) Value(r *Request) (value string, ok bool) {
	switch {
	case n.slot >= 0:
		return r.Indexed(n.slot)
	case n.group == 0:
		return n.get(r, n.name)
	case 2*n.group+1 < len(r.captures) && r.captures[2*n.group] >= 0:
		return r.Capture(n.group), true
	}
	return "", false
}

// Set assigns the variable, or with clear makes it "not found". The error is ngx_lua's sentence: the variable does not exist, or may not be
// changed.
func (n *NamedVariable) Set(r *Request, value string, clear bool) error {
	v := n.own
	if v == nil {
		if v = n.v; v == nil || v.Set == nil {
			return fmt.Errorf("variable %q not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use \"set $%s '';\" in the config file to define it first", n.name, n.name)
		}
	}
	switch {
	case !v.Changeable:
		return fmt.Errorf("variable %q not changeable", n.name)
	case clear && v.Clear != nil:
		v.Clear(r)
	case v.Set != nil:
		v.Set(r, value)
	case n.slot < 0:
		return fmt.Errorf("variable %q cannot be assigned a value", n.name)
	case clear:
		r.ClearIndexed(n.slot)
	default:
		r.SetIndexed(n.slot, value)
	}
	return nil
}

// Var looks a variable up by name, lower case, without the dollar sign (ngx_http_get_variable).
func (r *Request) Var(name string) (string, bool) {
	if i, ok := r.Tree.varIndex[name]; ok {
		return r.Indexed(i)
	}
	n := r.Tree.Named(name)
	return n.Value(r)
}

// SetVar assigns a variable by name: see NamedVariable.Set.
func (r *Request) SetVar(name, value string, clear bool) error {
	n := r.Tree.Named(name)
	return n.Set(r, value, clear)
}
