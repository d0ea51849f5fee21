// Package maps is nginx's map module: variables whose value depends on another value.
//
//	map $http_host $site {
//	    hostnames;
//	    default        other;
//	    example.org    main;
//	    *.example.org  $host;
//	    ~^(?<tenant>\w+)\.example\.net$  "tenant $tenant";
//	}
//
// A variable is computed when it is first used, and then kept, but for a volatile map. The source is
// looked up as a whole word, without regard to case; then, under hostnames, among the names with an
// asterisk, the longest first; then each regular expression is tried in written order. A backslash
// before a word takes the special meaning from it (\default, \hostnames, \~x).
package maps

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/runtime/regex"
)

// Module is the map module.
var Module = phases.NewModule(phases.Module{
	Name: "map",
	Directives: []phases.Directive{
		{Name: "map", Ctx: phases.CtxHTTP, Args: phases.Arity{Min: 2, Max: 2, Block: true}, Set: setMap},
		{Name: "map_hash_max_size", Ctx: phases.CtxHTTP, Args: phases.Take1, Set: phases.Ignore},
		{Name: "map_hash_bucket_size", Ctx: phases.CtxHTTP, Args: phases.Take1, Set: phases.Ignore},
	},
})

type mapping struct {
	source    *phases.Value
	hostnames bool
	exact     map[string]*phases.Value
	heads     map[string]*phases.Value // *.example.org as ".example.org", for what stands before it
	tails     map[string]*phases.Value // www.example.* as "www.example."
	regexes   []pattern
	fallback  *phases.Value
}

type pattern struct {
	re    *phases.Regex
	value *phases.Value
}

func setMap(l *phases.Load, d *conf.Directive, _ any) error {
	source, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	name, ok := strings.CutPrefix(d.Args[1].Value, "$")
	if !ok || name == "" {
		return fmt.Errorf("invalid variable name %q", d.Args[1].Value)
	}
	m := &mapping{
		source: source,
		exact:  map[string]*phases.Value{}, heads: map[string]*phases.Value{}, tails: map[string]*phases.Value{},
	}
	volatile := false
	for _, e := range d.Block {
		if e.Name == "volatile" && len(e.Args) == 0 {
			volatile = true
			continue
		}
		if err := m.entry(l, e); err != nil {
			l.Report(e, err)
		}
	}
	if m.fallback == nil {
		m.fallback = phases.Constant("")
	}
	return l.AddVariable(phases.Variable{Name: name, Changeable: true, NoCache: volatile, Get: m.get})
}

func (m *mapping) entry(l *phases.Load, e *conf.Directive) error {
	if e.Name == "hostnames" && len(e.Args) == 0 {
		m.hostnames = true
		return nil
	}
	if len(e.Args) != 1 {
		return fmt.Errorf("invalid number of the map parameters")
	}
	value, err := l.Value(e.Args[0])
	if err != nil {
		return err
	}
	key := e.Name
	if key == "default" {
		if m.fallback != nil {
			return fmt.Errorf("duplicate default map parameter")
		}
		m.fallback = value
		return nil
	}
	if rest, ok := strings.CutPrefix(key, "~"); ok {
		var flags regex.Flags
		if rest, ok = strings.CutPrefix(rest, "*"); ok {
			flags = regex.Caseless
		}
		re, err := l.Regex(rest, flags)
		if err != nil {
			return err
		}
		m.regexes = append(m.regexes, pattern{re, value})
		return nil
	}
	return m.word(strings.ToLower(strings.TrimPrefix(key, `\`)), value)
}

// word adds a key that is no regular expression.
func (m *mapping) word(key string, value *phases.Value) error {
	put := func(to map[string]*phases.Value, k string) error {
		if to[k] != nil {
			return fmt.Errorf("conflicting parameter %q", key)
		}
		to[k] = value
		return nil
	}
	if m.hostnames {
		stars := strings.Count(key, "*")
		if stars > 1 || strings.Contains(key, "..") || strings.IndexByte(key, 0) >= 0 {
			return fmt.Errorf("invalid hostname or wildcard %q", key)
		}
		switch {
		case len(key) > 1 && key[0] == '.':
			if err := put(m.exact, key[1:]); err != nil {
				return err
			}
			return put(m.heads, key)
		case len(key) > 2 && strings.HasPrefix(key, "*."):
			return put(m.heads, key[1:])
		case len(key) > 2 && strings.HasSuffix(key, ".*"):
			return put(m.tails, key[:len(key)-1])
		case stars > 0:
			return fmt.Errorf("invalid hostname or wildcard %q", key)
		}
	}
	return put(m.exact, key)
}

func (m *mapping) get(r *phases.Request, _ string) (string, bool) {
	s := m.source.Eval(r)
	if m.hostnames {
		s = strings.TrimSuffix(s, ".")
	}
	return m.find(r, s).Eval(r), true
}

func (m *mapping) find(r *phases.Request, s string) *phases.Value {
	low := strings.ToLower(s)
	if v := m.exact[low]; v != nil {
		return v
	}
	if s == "" {
		return m.fallback
	}
	if len(m.heads) > 0 {
		for i := 1; i < len(low); i++ {
			if low[i] == '.' {
				if v := m.heads[low[i:]]; v != nil {
					return v
				}
			}
		}
	}
	if len(m.tails) > 0 {
		for i := len(low) - 2; i >= 0; i-- {
			if low[i] == '.' {
				if v := m.tails[low[:i+1]]; v != nil {
					return v
				}
			}
		}
	}
	for i := range m.regexes {
		if m.regexes[i].re.Match(r, s) {
			return m.regexes[i].value
		}
	}
	return m.fallback
}
