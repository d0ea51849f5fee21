package phases

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/runtime/regex"
)

// LocationKind says how a location is reached.
type LocationKind uint8

// The kinds of location, by their modifier.
const (
	LocationPrefix   LocationKind = iota // location /x
	LocationNoRegex                      // location ^~ /x
	LocationExact                        // location = /x
	LocationRegex                        // location ~ x, ~* x
	LocationNamed                        // location @x
	LocationNameless                     // the body of an if or a limit_except
)

// Modifier is what stands before the name: "=", "^~", "~" or "@"; empty for a plain prefix.
func (k LocationKind) Modifier() string {
	switch k {
	case LocationExact:
		return "="
	case LocationNoRegex:
		return "^~"
	case LocationRegex:
		return "~"
	case LocationNamed:
		return "@"
	}
	return ""
}

// Location is a location block, the server's own level, or the body of an if. Immutable while it serves.
type Location struct {
	Name   string
	Kind   LocationKind
	Regex  *Regex // for LocationRegex
	Server *Server
	Parent *Location
	Core   *CoreLocation
	// AutoRedirect sends /x to /x/ where only /x/ is a location (set by proxy_pass and its like).
	AutoRedirect bool
	Pos          conf.Pos

	conf     []any
	plan     *plan
	handler  Handler
	children []*Location // locations written inside this one
	inner    []*Location // nameless ones
	named    map[string]*Location
	regexes  []*Location
	exact    map[string]*Location
	slashed  map[string]*Location // the exact ones with AutoRedirect, by their name without its last slash
	prefixes *radix
}

// Children lists the locations written inside this one, in the configuration's order.
func (loc *Location) Children() []*Location { return loc.children }

// Handler is the location's content handler, nil where the content phase's handlers decide.
func (loc *Location) Handler() Handler { return loc.handler }

// SetHandler makes h the location's content handler; only while the configuration loads.
func (loc *Location) SetHandler(h Handler) { loc.handler = h }

// setLocation carries out a location block's head: the modifier and the name.
func setLocation(l *Load, d *conf.Directive, _ any) error {
	loc := l.Tree.newLocation(l.Location, l.Server)
	loc.Pos = d.Pos
	mod, name := "", d.Args[0].Value
	if len(d.Args) == 2 {
		mod, name = name, d.Args[1].Value
	} else {
		switch {
		case strings.HasPrefix(name, "="):
			mod, name = "=", name[1:]
		case strings.HasPrefix(name, "^~"):
			mod, name = "^~", name[2:]
		case strings.HasPrefix(name, "~*"):
			mod, name = "~*", name[2:]
		case strings.HasPrefix(name, "~"):
			mod, name = "~", name[1:]
		}
	}
	loc.Name = name
	switch mod {
	case "=":
		loc.Kind = LocationExact
	case "^~":
		loc.Kind = LocationNoRegex
	case "~", "~*":
		loc.Kind = LocationRegex
		var flags regex.Flags
		if mod == "~*" {
			flags = regex.Caseless
		}
		re, err := l.Regex(name, flags)
		if err != nil {
			return err
		}
		loc.Regex = re
	case "":
		if strings.HasPrefix(name, "@") {
			loc.Kind = LocationNamed
		}
	default:
		return fmt.Errorf("invalid location modifier %q", mod)
	}

	outer := l.Location
	if outer != l.Server.loc {
		switch {
		case outer.Kind == LocationExact:
			return fmt.Errorf("location %q cannot be inside the exact location %q", name, outer.Name)
		case outer.Kind == LocationNamed:
			return fmt.Errorf("location %q cannot be inside the named location %q", name, outer.Name)
		case loc.Kind == LocationNamed:
			return fmt.Errorf("named location %q can be on the server level only", name)
		case loc.Kind != LocationRegex && outer.Kind != LocationRegex && !strings.HasPrefix(name, outer.Name):
			return fmt.Errorf("location %q is outside location %q", name, outer.Name)
		}
	}
	outer.children = append(outer.children, loc)
	if loc.Kind == LocationNamed {
		if l.Server.named[name] != nil {
			return fmt.Errorf("duplicate location %q", name)
		}
		l.Server.named[name] = loc
	}
	l.Within(d, CtxLocation, l.Server, loc)
	return nil
}

// index builds the look-up structures of one level and of those below it.
func (loc *Location) index(errs *conf.ErrorList) {
	seen := map[string]bool{}
	for _, c := range loc.children {
		c.index(errs)
		switch c.Kind {
		case LocationRegex:
			loc.regexes = append(loc.regexes, c)
			continue
		case LocationExact:
			if loc.exact == nil {
				loc.exact = map[string]*Location{}
			}
			if loc.exact[c.Name] != nil {
				*errs = append(*errs, &conf.Error{Msg: fmt.Sprintf("duplicate location %q", c.Name), Pos: c.Pos})
			}
			loc.exact[c.Name] = c
			if short, ok := strings.CutSuffix(c.Name, "/"); ok && c.AutoRedirect {
				if loc.slashed == nil {
					loc.slashed = map[string]*Location{}
				}
				loc.slashed[short] = c
			}
		case LocationPrefix, LocationNoRegex:
			if seen[c.Name] {
				*errs = append(*errs, &conf.Error{Msg: fmt.Sprintf("duplicate location %q", c.Name), Pos: c.Pos})
			}
			seen[c.Name] = true
			if loc.prefixes == nil {
				loc.prefixes = &radix{}
			}
			loc.prefixes.insert(c.Name, c)
		}
	}
	for _, c := range loc.inner {
		c.index(errs)
	}
}

type findResult uint8

const (
	findNone findResult = iota
	findPrefix
	findFinal // exact, regex or ^~ nested: the search is over
	findRedirect
)

// find sets r.Loc to the location of r.URI among the locations inside loc
// (ngx_http_core_find_location). r.Loc is loc when it begins.
func (loc *Location) find(r *Request) (findResult, *Location) {
	res := findNone
	noRegex := false
	if e := loc.exact[r.URI]; e != nil {
		r.Loc = e
		return findFinal, nil
	}
	if loc.prefixes != nil {
		p, slash := loc.prefixes.longest(r.URI)
		if slash != nil && slash.AutoRedirect && (p == nil || p.Name != r.URI) {
			return findRedirect, slash
		}
		if e := loc.slashed[r.URI]; e != nil && (p == nil || p.Name != r.URI) {
			return findRedirect, e
		}
		if p != nil {
			r.Loc = p
			noRegex = p.Kind == LocationNoRegex
			sub, red := p.find(r)
			if sub == findFinal || sub == findRedirect {
				return sub, red
			}
			res = findPrefix
		}
	} else if e := loc.slashed[r.URI]; e != nil {
		return findRedirect, e
	}
	if !noRegex {
		for _, c := range loc.regexes {
			if !c.Regex.Match(r, r.URI) {
				continue
			}
			r.Loc = c
			if sub, red := c.find(r); sub == findRedirect {
				return sub, red
			}
			return findFinal, nil
		}
	}
	return res, nil
}

// radix is a compressed prefix tree of location names: the cost of a look-up grows with the
// URI's length, not with the number of locations.
type radix struct {
	label string
	loc   *Location
	next  []*radix // sorted by the first byte of label
}

func (n *radix) child(c byte) (int, *radix) {
	lo, hi := 0, len(n.next)
	for lo < hi {
		m := (lo + hi) / 2
		if n.next[m].label[0] < c {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(n.next) && n.next[lo].label[0] == c {
		return lo, n.next[lo]
	}
	return lo, nil
}

func (n *radix) insert(name string, loc *Location) {
	for {
		if name == "" {
			n.loc = loc
			return
		}
		i, c := n.child(name[0])
		if c == nil {
			n.next = append(n.next, nil)
			copy(n.next[i+1:], n.next[i:])
			n.next[i] = &radix{label: name, loc: loc}
			return
		}
		k := 0
		for k < len(name) && k < len(c.label) && name[k] == c.label[k] {
			k++
		}
		if k < len(c.label) {
			n.next[i] = &radix{label: c.label[:k], next: []*radix{c}}
			c.label = c.label[k:]
			c = n.next[i]
		}
		n, name = c, name[k:]
	}
}

// longest is the location with the longest name that begins uri, and, where one exists, the
// location named exactly uri + "/".
func (n *radix) longest(uri string) (best, slash *Location) {
	for {
		if n.loc != nil {
			best = n.loc
		}
		if uri == "" {
			if _, c := n.child('/'); c != nil && c.label == "/" {
				slash = c.loc
			}
			return best, slash
		}
		_, c := n.child(uri[0])
		if c == nil {
			return best, nil
		}
		if !strings.HasPrefix(uri, c.label) {
			if len(c.label) == len(uri)+1 && c.label[len(uri)] == '/' && strings.HasPrefix(c.label, uri) {
				slash = c.loc
			}
			return best, slash
		}
		n, uri = c, uri[len(c.label):]
	}
}
