// Package tryfiles is nginx's try_files: before the content phase the first of several files that
// exists becomes the URI.
//
//	try_files $uri $uri/ /index.html?page=$uri;
//	try_files $uri @backend;
//	try_files $uri =404;
//
// Names are taken under root or alias; one with a slash at its end stands for a directory. The last is
// not looked for: it is a URI or a named location to redirect to inside the server, or a status.
package tryfiles

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"moongate/conf"
	"moongate/phases"
)

// Module is the try_files module.
var Module = newModule()

type location struct {
	files []candidate
	last  *phases.Value
	code  int // of "=404"; 0: last counts
}

type candidate struct {
	name *phases.Value
	dir  bool
}

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "try_files",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		Directives: []phases.Directive{
			{Name: "try_files", Ctx: phases.CtxServer | phases.CtxLocation, Args: phases.TwoMore, Level: phases.LocationConf, Set: phases.Set(setTryFiles)},
		},
	})
	m.Postconfigure = func(l *phases.Load) error {
		l.HandleWhere(phases.PhasePrecontent, phases.Where(m, func(c *location) bool { return c.last != nil }), func(r *phases.Request) phases.Status {
			return phases.LocationOf[location](r.Loc, m).try(r)
		})
		return nil
	}
	return m
}

func setTryFiles(l *phases.Load, d *conf.Directive, c *location) error {
	if c.last != nil {
		return l.Duplicate(d)
	}
	n := len(d.Args) - 1
	for i, a := range d.Args {
		name, dir := a.Value, false
		if i < n {
			name, dir = strings.CutSuffix(name, "/")
		}
		v, err := l.CompileValue(name, a.Pos)
		if err != nil {
			return err
		}
		if i < n {
			c.files = append(c.files, candidate{v, dir})
		} else {
			c.last = v
		}
	}
	if code, ok := strings.CutPrefix(d.Args[n].Value, "="); ok {
		if c.code, ok = phases.ParseNumber(code); !ok || c.code > 999 {
			return fmt.Errorf("invalid code %q", d.Args[n].Value)
		}
	}
	return nil
}

func (c *location) try(r *phases.Request) phases.Status {
	if c.last == nil {
		return phases.Declined
	}
	prefix, regexAlias := aliased(r.Loc)
	for i := range c.files {
		f := &c.files[i]
		name := f.name.Eval(r)
		uri := name
		switch {
		case regexAlias:
			r.AddURIToAlias = true
		case prefix != "":
			// what begins with the location's name is a URI, anything else stands under the alias
			if rest, ok := strings.CutPrefix(name, prefix); ok && !f.name.IsConstant() {
				name = rest
			}
			uri = prefix + name
		}
		path, ok := r.MapURIOf(uri)
		if regexAlias {
			r.AddURIToAlias = false
		}
		if !ok {
			return 500
		}
		st, err := os.Stat(path)
		if err != nil {
			if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.ENAMETOOLONG) {
				r.Logf(phases.LogCrit, "stat() \"%s\" failed %s", path, phases.Errno(err))
			}
			continue
		}
		if st.IsDir() != f.dir {
			continue
		}
		if regexAlias {
			if !f.dir {
				r.URI, r.AddURIToAlias = uri, true
			}
			return phases.Declined
		}
		r.URI = uri
		return phases.Declined
	}
	if c.code != 0 {
		return phases.Status(c.code)
	}
	// Deviation: under an alias nginx cuts the location's name off this one too, where it holds
	// variables, and then redirects to what no location can match.
	uri := c.last.Eval(r)
	if strings.HasPrefix(uri, "@") {
		return r.NamedLocation(uri)
	}
	path, args := phases.SplitArgs(uri)
	return r.InternalRedirect(path, args)
}

// aliased is the part of a URI that an alias stands for: the location's name. An alias in a location
// with a regular expression stands for all of it.
func aliased(loc *phases.Location) (prefix string, regex bool) {
	if !loc.Core.Alias.Set {
		return "", false
	}
	for loc.Kind == phases.LocationNameless && loc.Parent != nil {
		loc = loc.Parent
	}
	if loc.Kind == phases.LocationRegex {
		return "", true
	}
	return loc.Name, false
}
