package setmisc

import (
	"fmt"
	"strings"
	"sync/atomic"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/rewrite"
)

// Module is the set-misc module.
var Module = newModule()

// module is Module for the functions that its own directives call.
var module *phases.Module

type mainConf struct{ lists map[string][]string }

type location struct {
	padding  phases.Opt[bool]
	alphabet phases.Opt[string]
	codec    *base32
	// turn is set_rotate's last value plus one; 0 before its first.
	turn atomic.Int64
}

const everywhere = phases.CtxHTTP | phases.CtxServer | phases.CtxServerIf | phases.CtxLocation | phases.CtxLocationIf

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:        "set_misc",
		NewMain:     func() any { return &mainConf{lists: map[string][]string{}} },
		NewLocation: func() any { return &location{} },
		Directives:  directives(),
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.padding.Merge(p.padding, true)
			c.alphabet.Merge(p.alphabet, usual.alphabet)
			switch {
			case c.alphabet.V == usual.alphabet && c.padding.V == usual.padding:
				c.codec = usual
			case p.codec != nil && c.alphabet.V == p.alphabet.V && c.padding.V == p.padding.V:
				c.codec = p.codec
			default:
				c.codec = newBase32(c.alphabet.V, c.padding.V)
			}
			return nil
		},
	})
	module = m
	return m
}

func directives() []phases.Directive {
	var ds []phases.Directive
	add := func(name string, args phases.Arity, set phases.SetFunc) {
		ds = append(ds, phases.Directive{Name: name, Ctx: everywhere, Args: args, Level: phases.LocationConf, Set: set})
	}
	for name, eval := range values() {
		args := phases.Take12
		switch name {
		case "set_local_today":
			args = phases.Take1
		case "set_formatted_gmt_time", "set_formatted_local_time":
			args = phases.Take2
		}
		add(name, args, one(eval))
	}
	add("set_hmac_sha1", phases.Take3, many(1, hmacSHA1))
	add("set_hmac_sha256", phases.Take3, many(1, hmacSHA256))
	add("set_random", phases.Take3, many(1, random))
	add("set_if_empty", phases.Take2, many(0, ifEmpty))
	add("set_rotate", phases.Take3, many(0, rotate))
	add("set_hashed_upstream", phases.Take3, setHashedUpstream)
	padding := phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.padding })
	add("set_base32_padding", phases.OnOff, padding)
	add("set_misc_base32_padding", phases.OnOff, padding)
	add("set_base32_alphabet", phases.Take1, phases.Set(setAlphabet))
	return append(ds, phases.Directive{Name: "upstream_list", Ctx: everywhere, Args: phases.TwoMore, Level: phases.MainConf, Set: phases.Set(setUpstreamList)})
}

// Eval computes a value for r. The error is what the error log shall say; the request ends with 500.
type Eval func(r *phases.Request, in string) (string, error)

// evalMany is Eval for several values.
type evalMany func(r *phases.Request, in []string) (string, error)

// one is the setter of directives whose value comes from one argument, or from the variable itself.
func one(eval Eval) phases.SetFunc {
	return func(l *phases.Load, d *conf.Directive, _ any) error {
		v, err := l.Value(d.Args[len(d.Args)-1])
		if err != nil {
			return err
		}
		return assign(l, d, func(r *phases.Request) (string, error) { return eval(r, v.Eval(r)) })
	}
}

// many is the setter of directives whose value comes from the arguments from first on.
func many(first int, eval evalMany) phases.SetFunc {
	return func(l *phases.Load, d *conf.Directive, _ any) error {
		var vs []*phases.Value
		for _, a := range d.Args[first:] {
			v, err := l.Value(a)
			if err != nil {
				return err
			}
			vs = append(vs, v)
		}
		return assign(l, d, func(r *phases.Request) (string, error) {
			in := make([]string, len(vs))
			for i, v := range vs {
				in[i] = v.Eval(r)
			}
			return eval(r, in)
		})
	}
}

// assign puts a step into the rewrite module's sequence that gives the directive's variable its value.
func assign(l *phases.Load, d *conf.Directive, value func(r *phases.Request) (string, error)) error {
	name, ok := strings.CutPrefix(d.Args[0].Value, "$")
	if !ok || name == "" {
		return fmt.Errorf("invalid variable name %q", d.Args[0].Value)
	}
	if err := l.Assignable(name); err != nil {
		return err
	}
	index := l.VariableIndex(name, d.Args[0].Pos)
	rewrite.Append(l, func(r *phases.Request) phases.Status {
		s, err := value(r)
		if err != nil {
			r.Log(phases.LogErr, err.Error())
			return 500
		}
		r.SetIndexed(index, s)
		return phases.Declined
	})
	return nil
}

func setAlphabet(l *phases.Load, d *conf.Directive, c *location) error {
	s := d.Args[0].Value
	if len(s) != 32 {
		return fmt.Errorf("\"set_base32_alphabet\" directive takes an alphabet of %d bytes but 32 expected", len(s))
	}
	if c.alphabet.Set {
		return l.Duplicate(d)
	}
	c.alphabet = phases.Opt[string]{V: s, Set: true}
	return nil
}
