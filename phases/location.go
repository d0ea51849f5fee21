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

// Location is a location block, the server's own level, or the body of an if. Immutable while it serves. What
// requests read comes first and fills a line of the processor's cache; the size is a multiple of a line's.
type Location struct {
	Core    *CoreLocation
	plan    *plan
	handler Handler
	inside  *inside  // nil where no location is inside this one
	pages   [3]*page // the modules' configurations; more pages are in more
	Kind    LocationKind
	// AutoRedirect sends /x to /x/ where only /x/ is a location (set by proxy_pass and its like).
	AutoRedirect bool

	Name     string
	Regex    *Regex // for LocationRegex
	Server   *Server
	Parent   *Location
	Pos      conf.Pos
	children []*Location // locations written inside this one
	inner    []*Location // nameless ones
	more     *[]*page
}

// inside finds the locations of one level.
type inside struct {
	exact    map[string]*Location
	slashed  map[string]*Location // the exact ones with AutoRedirect, by their name without its last slash
	regexes  []*Location
	prefixes prefixTree
}

// Children lists the locations written inside this one, in the configuration's order.
func (loc *Location) Children() []*Location { return loc.children }

// Handler is the location's content handler, nil where the content phase's handlers decide.
func (loc *Location) Handler() Handler { return loc.handler }

// SetHandler makes h the location's content handler; only while the configuration loads.
func (loc *Location) SetHandler(h Handler) { loc.handler = h }

// setLocation carries out a location block's head: the modifier and the name.
func setLocation(l *Load, d *conf.Directive, _ any) error {
	loc := new(Location).start(l.Location, l.Server)
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
	if outer != l.Server.Root() {
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
	if len(loc.children) > 0 {
		loc.inside = new(inside)
		if loc == loc.Server.Root() {
			loc.inside = &loc.Server.inner
		}
		loc.lookUp(loc.inside, errs)
	}
	for _, c := range loc.inner {
		c.index(errs)
	}
}

// lookUp fills in with the locations inside loc.
func (loc *Location) lookUp(in *inside, errs *conf.ErrorList) {
	prefixes := map[string]*Location{}
	put := func(m *map[string]*Location, name string, c *Location) {
		if *m == nil {
			*m = map[string]*Location{}
		}
		if (*m)[name] != nil {
			*errs = append(*errs, &conf.Error{Msg: fmt.Sprintf("duplicate location %q", c.Name), Pos: c.Pos})
		}
		(*m)[name] = c
	}
	for _, c := range loc.children {
		c.index(errs)
		switch c.Kind {
		case LocationRegex:
			in.regexes = append(in.regexes, c)
		case LocationExact:
			put(&in.exact, c.Name, c)
			if short, ok := strings.CutSuffix(c.Name, "/"); ok && c.AutoRedirect {
				if in.slashed == nil {
					in.slashed = map[string]*Location{}
				}
				in.slashed[short] = c
			}
		case LocationPrefix, LocationNoRegex:
			put(&prefixes, c.Name, c)
		}
	}
	in.prefixes = newPrefixTree(prefixes)
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
	in := loc.inside
	if in == nil {
		return findNone, nil
	}
	if e := in.exact[r.URI]; e != nil {
		r.Loc = e
		return findFinal, nil
	}
	res := findNone
	noRegex := false
	p, slash := in.prefixes.longest(r.URI)
	if slash != nil && slash.AutoRedirect && (p == nil || p.Name != r.URI) {
		return findRedirect, slash
	}
	if e := in.slashed[r.URI]; e != nil && (p == nil || p.Name != r.URI) {
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
	if !noRegex {
		for _, c := range in.regexes {
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
