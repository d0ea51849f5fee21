package geo

import (
	"fmt"
	"net/netip"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the geo module.
var Module = phases.NewModule(phases.Module{
	Name: "geo",
	Directives: []phases.Directive{
		{Name: "geo", Ctx: phases.CtxHTTP, Args: phases.Arity{Min: 1, Max: 2, Block: true}, Set: setGeo},
	},
})

// block is a geo block while it is read.
type block struct {
	*lookup
	ranged, started bool
}

func setGeo(l *phases.Load, d *conf.Directive, _ any) error {
	last := d.Args[len(d.Args)-1]
	name, ok := strings.CutPrefix(last.Value, "$")
	if !ok || name == "" {
		return fmt.Errorf("invalid variable name %q", last.Value)
	}
	b := block{lookup: &lookup{source: -1}}
	if len(d.Args) == 2 {
		source, ok := strings.CutPrefix(d.Args[0].Value, "$")
		if !ok || source == "" {
			return fmt.Errorf("invalid variable name %q", d.Args[0].Value)
		}
		b.source = l.VariableIndex(source, d.Args[0].Pos)
	}
	volatile := false
	for _, e := range d.Block {
		if e.Name == "volatile" && len(e.Args) == 0 {
			volatile = true
			continue
		}
		if err := b.entry(l, e); err != nil {
			l.Report(e, err)
		}
	}
	b.nets.seal()
	g := b.lookup
	return l.AddVariable(phases.Variable{Name: name, Changeable: true, NoCache: volatile, Get: func(r *phases.Request, _ string) (string, bool) {
		return g.value(r), true
	}})
}

func (b *block) entry(l *phases.Load, e *conf.Directive) error {
	if len(e.Args) == 0 {
		switch e.Name {
		case "ranges":
			if b.started {
				return fmt.Errorf("the \"ranges\" directive must be the first directive inside \"geo\" block")
			}
			b.ranged = true
			b.ranges = &ranges{high: map[uint16][]span{}}
			return nil
		case "proxy_recursive":
			b.recursive = true
			return nil
		}
	}
	if len(e.Args) != 1 {
		return fmt.Errorf("invalid number of the geo parameters")
	}
	value := e.Args[0].Value
	switch {
	case e.Name == "proxy":
		p, err := parseNet(l, e, value)
		if err != nil {
			return err
		}
		b.proxies = append(b.proxies, p)
		return nil
	case e.Name == "default":
		b.started = true
		if b.hasDefault {
			what := fmt.Sprintf("duplicate network \"default\", value: %q, old value: %q", value, b.fallback)
			if b.ranged {
				what = fmt.Sprintf("duplicate default geo range value: %q, old value: %q", value, b.fallback)
			}
			l.Warnf(e, "%s", what)
		}
		b.fallback, b.hasDefault = value, true
		return nil
	}
	b.started = true
	what, remove := e.Name, false
	if what == "delete" {
		what, remove = value, true
	}
	if b.ranged {
		return b.addRange(l, e, what, value, remove)
	}
	p, err := parseNet(l, e, what)
	if err != nil {
		return err
	}
	if remove {
		if !b.nets.remove(p) {
			l.Warnf(e, "no network %q to delete", what)
		}
		return nil
	}
	if old, dup := b.nets.put(p, value); dup {
		l.Warnf(e, "duplicate network %q, value: %q, old value: %q", what, value, old)
	}
	return nil
}

// parseNet reads an address or a network in CIDR notation.
func parseNet(l *phases.Load, e *conf.Directive, s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("invalid network %q", s)
	}
	if p.Masked() != p {
		l.Warnf(e, "low address bits of %s are meaningless", s)
	}
	return p.Masked(), nil
}

func (b *block) addRange(l *phases.Load, e *conf.Directive, what, value string, remove bool) error {
	from, to, ok := strings.Cut(what, "-")
	first, ok1 := parseIPv4(from)
	last, ok2 := parseIPv4(to)
	if !ok || !ok1 || !ok2 || first > last {
		return fmt.Errorf("invalid range %q", what)
	}
	if remove {
		if !b.ranges.remove(first, last) {
			l.Warnf(e, "no address range %q to delete", what)
		}
		return nil
	}
	return b.ranges.add(first, last, value, func(old string) {
		l.Warnf(e, "duplicate range %q, value: %q, old value: %q", what, value, old)
	}, what)
}

// parseIPv4 reads an address; as in nginx the last of all is not one.
func parseIPv4(s string) (uint32, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() || a == nowhere {
		return 0, false
	}
	return number(a), true
}
