// Package index is nginx's index module: a request for a directory (a URI with a slash at its end) is
// redirected, inside the server, to the first of the index files that exists.
//
//	index index.$geo.html index.htm /fallback.html;
//
// A name that begins with a slash is redirected to without a look at the file system.
package index

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"moongate/conf"
	"moongate/phases"
)

// Module is the index module.
var Module = newModule()

type location struct{ names []*phases.Value }

var usual = []*phases.Value{phases.Constant("index.html")}

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "index",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		Directives: []phases.Directive{
			{Name: "index", Ctx: phases.CtxAll, Args: phases.OneMore, Level: phases.LocationConf, Set: phases.Set(setIndex)},
		},
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			if c.names == nil {
				c.names = p.names
			}
			if c.names == nil {
				c.names = usual
			}
			return nil
		},
	})
	m.Postconfigure = func(l *phases.Load) error {
		l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
			return serve(r, phases.LocationOf[location](r.Loc, m).names)
		})
		return nil
	}
	return m
}

func setIndex(l *phases.Load, d *conf.Directive, c *location) error {
	for i, a := range d.Args {
		if a.Value == "" {
			return fmt.Errorf("index %q in \"index\" directive is invalid", a.Value)
		}
		if a.Value[0] == '/' && i < len(d.Args)-1 {
			l.Warnf(d, "only the last index in \"index\" directive should be absolute")
		}
		v, err := l.Value(a)
		if err != nil {
			return err
		}
		c.names = append(c.names, v)
	}
	return nil
}

func serve(r *phases.Request, names []*phases.Value) phases.Status {
	if r.URI[len(r.URI)-1] != '/' {
		return phases.Declined
	}
	switch r.Method {
	case "GET", "HEAD", "POST":
	default:
		return phases.Declined
	}
	dir, mapped, tested := "", false, false
	for _, v := range names {
		name := v.Eval(r)
		if strings.HasPrefix(name, "/") {
			return r.InternalRedirect(name, r.Args)
		}
		if !mapped {
			if dir, mapped = r.MapURI(); !mapped {
				return 500
			}
		}
		path := dir + name
		_, err := os.Stat(path)
		switch {
		case err == nil:
			return r.InternalRedirect(r.URI+name, r.Args)
		case errors.Is(err, syscall.EMLINK), errors.Is(err, syscall.ELOOP):
			return 403
		case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EACCES):
			return refuse(r, path, err)
		}
		if !tested {
			if rc := testDir(r, dir, path); rc != phases.OK {
				return rc
			}
			tested = true
		}
		if !errors.Is(err, syscall.ENOENT) {
			r.Logf(phases.LogCrit, "stat() \"%s\" failed %s", path, phases.Errno(err))
			return 500
		}
	}
	return phases.Declined
}

// testDir makes sure that the directory of a missing index file is there: a missing directory is 404,
// one without an index is for the next handler.
func testDir(r *phases.Request, dir, path string) phases.Status {
	if len(dir) > 1 {
		dir = strings.TrimSuffix(dir, "/")
	}
	st, err := os.Stat(dir)
	switch {
	case err == nil && st.IsDir():
		return phases.OK
	case err == nil:
		r.Logf(phases.LogAlert, "\"%s\" is not a directory", dir)
		return 500
	case errors.Is(err, syscall.EMLINK), errors.Is(err, syscall.ELOOP):
		return 403
	case errors.Is(err, syscall.ENOENT):
		return refuse(r, path, err)
	case errors.Is(err, syscall.EACCES):
		return phases.OK
	}
	r.Logf(phases.LogCrit, "stat() \"%s\" failed %s", dir, phases.Errno(err))
	return 500
}

func refuse(r *phases.Request, path string, err error) phases.Status {
	if errors.Is(err, syscall.EACCES) {
		r.Logf(phases.LogErr, "\"%s\" is forbidden %s", path, phases.Errno(err))
		return 403
	}
	if r.Loc.Core.LogNotFound.V {
		r.Logf(phases.LogErr, "\"%s\" is not found %s", path, phases.Errno(err))
	}
	return 404
}
