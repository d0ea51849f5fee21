// Package referer is nginx's referer module: $invalid_referer is "1" for a request that came from a
// page of a site that is not listed, and empty otherwise.
//
//	valid_referers none blocked server_names *.example.com example.* www.example.org/galleries/ ~\.google\.;
//
// It is meant against casual linking: a Referer header is easily made up.
package referer

import (
	"errors"
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/runtime/regex"
)

// Module is the referer module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "referer",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation:  mergeLocation,
	})
	const where = phases.CtxServer | phases.CtxLocation
	m.Directives = []phases.Directive{
		{Name: "valid_referers", Ctx: where, Args: phases.OneMore, Level: phases.LocationConf, Set: phases.Set(setValid)},
		{Name: "referer_hash_max_size", Ctx: where, Args: phases.Take1, Level: phases.NoConf, Set: phases.Ignore},
		{Name: "referer_hash_bucket_size", Ctx: where, Args: phases.Take1, Level: phases.NoConf, Set: phases.Ignore},
	}
	m.Preconfigure = func(l *phases.Load) error {
		return l.AddVariable(phases.Variable{Name: "invalid_referer", Changeable: true, Get: func(r *phases.Request, _ string) (string, bool) {
			if phases.LocationOf[location](r.Loc, m).valid(r) {
				return "", true
			}
			return "1", true
		}})
	}
	return m
}

// location is what valid_referers lists; the zero value lets everything pass.
type location struct {
	set, none, blocked, serverNames bool

	names     map[string]string // host: what the path must begin with
	heads     map[string]string // ".example.com" of "*.example.com"
	tails     map[string]string // "example." of "example.*"
	regexes   []*regex.Regexp   // of the referer without its scheme
	hostRegex []*phases.Regex   // the server's names
}

func setValid(_ *phases.Load, d *conf.Directive, c *location) error {
	c.set = true
	for _, a := range d.Args {
		switch text := a.Value; {
		case text == "":
			return fmt.Errorf("invalid referer %q", text)
		case text == "none":
			c.none = true
		case text == "blocked":
			c.blocked = true
		case text == "server_names":
			c.serverNames = true
		case text == "~":
			return fmt.Errorf("empty regex in %q", text)
		case text[0] == '~':
			re, err := phases.CompileRegex(text[1:], regex.Caseless)
			if err != nil {
				return err
			}
			c.regexes = append(c.regexes, re)
		default:
			host, path := text, ""
			if i := strings.IndexByte(text, '/'); i >= 0 {
				host, path = text[:i], text[i:]
			}
			if err := c.add(host, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *location) add(host, path string) error {
	put := func(m *map[string]string, key string) error {
		if _, twice := (*m)[key]; twice {
			return fmt.Errorf("conflicting parameter %q", host)
		}
		if *m == nil {
			*m = map[string]string{}
		}
		(*m)[key] = path
		return nil
	}
	name := strings.ToLower(host)
	switch stars := strings.Count(name, "*"); {
	case strings.Contains(name, "..") || stars > 1 || name == "":
		return fmt.Errorf("invalid hostname or wildcard %q", host)
	case strings.HasPrefix(name, "*.") && len(name) > 2:
		return put(&c.heads, name[1:])
	case strings.HasSuffix(name, ".*") && len(name) > 2:
		return put(&c.tails, name[:len(name)-1])
	case stars > 0:
		return fmt.Errorf("invalid hostname or wildcard %q", host)
	case name[0] == '.' && len(name) > 1:
		if err := put(&c.names, name[1:]); err != nil {
			return err
		}
		return put(&c.heads, name)
	}
	return put(&c.names, name)
}

func mergeLocation(l *phases.Load, parent, child any) error {
	p, c := parent.(*location), child.(*location)
	if !c.set {
		*c = *p
		return nil
	}
	if c.serverNames {
		for _, n := range l.Server.Names {
			if n.Regex != nil {
				c.hostRegex = append(c.hostRegex, n.Regex)
				continue
			}
			if n.Name == "" {
				continue
			}
			if err := c.add(n.Name, ""); err != nil {
				return err
			}
		}
	}
	if c.regexes == nil {
		c.regexes = p.regexes
	}
	if (c.none || c.blocked) && c.names == nil && c.heads == nil && c.tails == nil {
		return errors.New(`the "none" or "blocked" referers are specified in the "valid_referers" directive without any valid referer`)
	}
	return nil
}

func (c *location) valid(r *phases.Request) bool {
	if c.names == nil && c.heads == nil && c.tails == nil && c.regexes == nil && c.hostRegex == nil {
		return true
	}
	ref, sent := r.In.Value("Referer")
	if !sent {
		return c.none
	}
	rest := ""
	switch {
	case len(ref) < len("http://i.ru"):
		return c.blocked
	case phases.EqualFold(ref[:7], "http://"):
		rest = ref[7:]
	case phases.EqualFold(ref[:8], "https://"):
		rest = ref[8:]
	default:
		return c.blocked
	}
	end := strings.IndexAny(rest, "/:")
	if end < 0 {
		end = len(rest)
	}
	if end > 256 {
		return false
	}
	host := strings.ToLower(rest[:end])
	if path, found := c.find(host); found {
		at := strings.IndexByte(rest[end:], '/')
		if at < 0 {
			return path == ""
		}
		return strings.HasPrefix(rest[end+at:], path)
	}
	for _, re := range c.hostRegex {
		if re.Match(r, host) {
			return true
		}
	}
	for _, re := range c.regexes {
		caps := make([]int, 2*(re.NumCaptures()+1))
		if ok, err := re.Match(rest, 0, caps, nil); ok && err == nil {
			return true
		}
	}
	return false
}

// find looks the host up in nginx's order: exact, the longest "*.name", the longest "name.*".
func (c *location) find(host string) (path string, found bool) {
	if path, found = c.names[host]; found {
		return path, true
	}
	for i := 1; i < len(host); i++ {
		if host[i] == '.' {
			if path, found = c.heads[host[i:]]; found {
				return path, true
			}
		}
	}
	for i := len(host) - 1; i > 0; i-- {
		if host[i] == '.' {
			if path, found = c.tails[host[:i+1]]; found {
				return path, true
			}
		}
	}
	return "", false
}
