// Package re is ngx.re.* and the module ngx.re, on package regex.
//
// The options are upstream's letters: a (anchored), d (DFA semantics), D (duplicate names), i, J
// (JavaScript compatibility), j and o (accepted: patterns are always compiled once while the cache holds
// them), m, s, u (UTF-8), U (UTF-8 without the check), x.
package re

import (
	"fmt"
	"strconv"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
	"moongate/runtime/regex"
)

// library is this package's side of one worker. Guarded by the worker's baton.
type library struct {
	v        *handler.VM
	options  map[string]options
	cache    map[key]*compiled
	max      int // entries of cache
	limits   *regex.Limits
	template map[string]*template
	caps     []int
	recent   *[recentSize]recent // nil before the first use
}

// recent is an entry of the look-up by where strings are: those in a script stay where they are, and those in an entry are kept from
// being replaced by others.
type recent struct {
	pattern, options string
	c                *compiled
}

// recentSize is a power of two.
const recentSize = 1 << recentBits

const recentBits = 10

// slot returns the entry for a pattern, and whether it is the pattern's.
func (l *library) slot(pattern, options string) (*recent, bool) {
	if l.recent == nil {
		l.recent = new([recentSize]recent)
	}
	at := uintptr(unsafe.Pointer(unsafe.StringData(pattern)))
	r := &l.recent[uint64(at)*0x9e3779b97f4a7c15>>(64-recentBits)]
	return r, r.c != nil && unsafe.StringData(r.pattern) == unsafe.StringData(pattern) && len(r.pattern) == len(pattern) && r.options == options
}

// options are what a string of option letters means.
type options struct {
	flags regex.Flags
	dfa   bool
	dup   bool
}

type key struct{ pattern, options string }

// compiled is a pattern with its options.
type compiled struct {
	re *regex.Regexp
	options
	err string
}

// Register installs ngx.re.
func Register(v *handler.VM) {
	l := &library{v: v, options: map[string]options{"": {}}, cache: map[key]*compiled{}, template: map[string]*template{}, max: v.RegexCache}
	if v.RegexMatchLimit > 0 {
		l.limits = &regex.Limits{Steps: v.RegexMatchLimit}
	}
	L := v.W.L
	t := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"match": l.match, "find": l.find, "gmatch": l.gmatch,
		"sub":  func(L *lua.LState) int { return l.sub(L, "sub", false) },
		"gsub": func(L *lua.LState) int { return l.sub(L, "gsub", true) },
	} {
		t.RawSetString(name, L.NewFunction(fn))
	}
	v.Ngx.RawSetString("re", t)
}

// parse reads option letters; an unknown one raises upstream's error.
func (l *library) parse(L *lua.LState, s string) options {
	if o, ok := l.options[s]; ok {
		return o
	}
	var o options
	for i := range len(s) {
		switch s[i] {
		case 'o', 'j':
		case 'i':
			o.flags |= regex.Caseless
		case 's':
			o.flags |= regex.DotAll
		case 'm':
			o.flags |= regex.Multiline
		case 'u':
			o.flags |= regex.UTF
		case 'U':
			o.flags |= regex.UTF | regex.NoUTFCheck
		case 'x':
			o.flags |= regex.Extended
		case 'd':
			o.dfa = true
		case 'a':
			o.flags |= regex.Anchored
		case 'D':
			o.flags |= regex.DupNames
			o.dup = true
		case 'J':
			o.flags |= regex.JavascriptCompat
		default:
			codec.Raise(L, fmt.Sprintf("unknown flag \"%s\" (flags \"%s\")", s[i:i+1], s))
		}
	}
	l.options[s] = o
	return o
}

// compile compiles the pattern at argument n with the options at argument n+1; err is upstream's text.
func (l *library) compile(L *lua.LState, n int, name string, opts lua.LValue) (*compiled, string) {
	pattern := codec.CheckString(L, n, name)
	o := ""
	switch x := opts.(type) {
	case *lua.LNilType:
	case lua.LString:
		o = string(x)
	default:
		codec.Raise(L, "bad argument #"+strconv.Itoa(n+1)+" to '"+name+"' (string expected, got "+opts.Type().String()+")")
	}
	r, known := l.slot(pattern, o)
	if known {
		return r.c, r.c.err
	}
	k := key{pattern, o}
	if c := l.cache[k]; c != nil {
		*r = recent{pattern, o, c}
		return c, c.err
	}
	c := &compiled{options: l.parse(L, o)}
	re, err := regex.Compile(pattern, c.flags)
	if err != nil {
		c.err = syntaxText(pattern, err)
	}
	c.re = re
	if l.max > 0 {
		if len(l.cache) >= l.max {
			clear(l.cache) // whatever is in use comes back
			clear(l.recent[:])
		}
		l.cache[k] = c
		*r = recent{pattern, o, c}
	}
	return c, c.err
}

func syntaxText(pattern string, err error) string {
	se, ok := err.(*regex.SyntaxError) //nolint:errorlint // Compile returns it bare
	if !ok {
		return err.Error()
	}
	msg, at := se.PCRE2()
	if at >= len(pattern) {
		return fmt.Sprintf("pcre2_compile() failed: %s in \"%s\"", msg, pattern)
	}
	return fmt.Sprintf("pcre2_compile() failed: %s in \"%s\" at \"%s\"", msg, pattern, pattern[at:])
}

// subject converts the first argument, as upstream's tostring does.
func subject(L *lua.LState) string {
	if s, ok := L.Get(1).(lua.LString); ok {
		return string(s)
	}
	return codec.ToString(L, L.Get(1))
}

// exec matches from pos on. The captures are valid until the next call.
func (l *library) exec(c *compiled, s string, pos int) (caps []int, ok bool, err string) {
	n := 2 * (c.re.NumCaptures() + 1)
	if cap(l.caps) < n {
		l.caps = make([]int, n)
	}
	caps = l.caps[:n]
	if pos > len(s) {
		return caps, false, ""
	}
	var e error
	if c.dfa {
		// lua_regex_match_limit is of no concern to pcre_dfa_exec
		ok, e = c.re.MatchDFA(s, pos, caps, nil)
		caps = caps[:2]
	} else {
		ok, e = c.re.Match(s, pos, caps, l.limits)
	}
	if e != nil {
		return nil, false, "pcre_exec() failed: " + strconv.Itoa(matchCode(e))
	}
	return caps, ok, ""
}

// matchCode is the number that PCRE2 has for a match that could not be decided.
func matchCode(err error) int {
	if me, ok := err.(*regex.MatchError); ok { //nolint:errorlint // Match returns it bare
		return me.PCRE2Code()
	}
	return -1
}

// collect makes the table of captures; into may be a table to fill.
func (l *library) collect(L *lua.LState, c *compiled, s string, caps []int, into *lua.LTable) *lua.LTable {
	groups := c.re.NumCaptures()
	if c.dfa {
		groups = 0
	}
	names := c.re.Names()
	if into == nil && len(names) == 0 && len(caps) >= 2*(groups+1) && caps[0] >= 0 {
		return machine.Parts(s, caps[:2*(groups+1)])
	}
	if into == nil {
		into = L.CreateTable(groups, len(names))
	}
	machine.SetInt(into, 0, capture(s, caps, 0))
	for i := 1; i <= groups; i++ {
		machine.SetInt(into, i, capture(s, caps, i))
	}
	for _, n := range names {
		v := capture(s, caps, n.Index)
		if c.dfa && n.Index > 0 {
			v = lua.LNil
		}
		if !c.dup {
			into.RawSetString(n.Name, v)
			continue
		}
		if v == lua.LFalse || v == lua.LNil {
			continue
		}
		if old, ok := into.RawGetString(n.Name).(*lua.LTable); ok {
			old.Append(v)
			continue
		}
		list := L.CreateTable(1, 0)
		list.Append(v)
		into.RawSetString(n.Name, list)
	}
	return into
}

func capture(s string, caps []int, i int) lua.LValue {
	if 2*i+1 >= len(caps) || caps[2*i] < 0 {
		return lua.LFalse
	}
	return lua.LString(s[caps[2*i]:caps[2*i+1]])
}
