// Package autoindex is nginx's autoindex module: it lists a directory that has no index file.
//
//	autoindex on;
//	autoindex_format json;      # html (the default), xml, json or jsonp (?callback=NAME)
//	autoindex_exact_size off;   # in html: 12K instead of 12345
//	autoindex_localtime on;     # in html: the server's time zone instead of UTC
//
// Directories come first, then everything else, each in byte order. Names that begin with a dot are
// left out.
package autoindex

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"moongate/phases"
)

// Module is the autoindex module. Its content handler belongs behind that of index.
var Module = newModule()

type location struct {
	on, exactSize, local phases.Opt[bool]
	format               phases.Opt[format]
}

type format uint8

const (
	formatHTML format = iota
	formatXML
	formatJSON
	formatJSONP
)

func newModule() *phases.Module {
	flag := func(name string, at func(*location) *phases.Opt[bool]) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAll, Args: phases.OnOff, Level: phases.LocationConf, Set: phases.SetFlag(at)}
	}
	m := phases.NewModule(phases.Module{
		Name:           "autoindex",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		Directives: []phases.Directive{
			flag("autoindex", func(c *location) *phases.Opt[bool] { return &c.on }),
			flag("autoindex_exact_size", func(c *location) *phases.Opt[bool] { return &c.exactSize }),
			flag("autoindex_localtime", func(c *location) *phases.Opt[bool] { return &c.local }),
			{Name: "autoindex_format", Ctx: phases.CtxAll, Args: phases.Take1, Level: phases.LocationConf,
				Set: phases.SetEnum(func(c *location) *phases.Opt[format] { return &c.format }, map[string]format{
					"html": formatHTML, "xml": formatXML, "json": formatJSON, "jsonp": formatJSONP,
				})},
		},
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.on.Merge(p.on, false)
			c.exactSize.Merge(p.exactSize, true)
			c.local.Merge(p.local, false)
			c.format.Merge(p.format, formatHTML)
			return nil
		},
	})
	m.Postconfigure = func(l *phases.Load) error {
		l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
			return phases.LocationOf[location](r.Loc, m).serve(r)
		})
		return nil
	}
	return m
}

func (c *location) serve(r *phases.Request) phases.Status {
	if !c.on.V || r.URI[len(r.URI)-1] != '/' || r.Method != "GET" && r.Method != "HEAD" {
		return phases.Declined
	}
	if rc := r.DiscardBody(); rc != phases.OK {
		return rc
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	if len(path) > 1 {
		path = path[:len(path)-1]
	}
	as, callback := c.format.V, ""
	if as == formatJSONP {
		if callback, ok = callbackName(r); !ok {
			return 400
		}
		if callback == "" {
			as = formatJSON
		}
	}
	names, err := read(path)
	if err != nil {
		return refuse(r, path, err)
	}
	r.Out.Status = 200
	switch as {
	case formatHTML:
		r.Out.ContentType = "text/html"
	case formatXML:
		r.Out.ContentType, r.Out.Charset = "text/xml", "utf-8"
	case formatJSON:
		r.Out.ContentType = "application/json"
	case formatJSONP:
		r.Out.ContentType = "application/javascript"
	}
	if rc := r.SendHeader(); rc != phases.OK || r.HeaderOnly {
		return rc
	}
	entries, ok := inspect(r, path, names)
	if !ok {
		return phases.Error
	}
	var body []byte
	switch as {
	case formatHTML:
		body = c.html(r, entries)
	case formatXML:
		body = xml(entries)
	default:
		body = json(entries, callback)
	}
	return r.Output(phases.Buf{B: body, Last: true})
}

type entry struct {
	name      string
	dir, file bool
	time      time.Time
	size      int64
}

// read lists a directory's names.
func read(path string) ([]string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// inspect looks at each of the names; a link that leads nowhere is listed as itself.
func inspect(r *phases.Request, dir string, names []string) ([]entry, bool) {
	entries := make([]entry, 0, len(names))
	for _, name := range names {
		if name[0] == '.' {
			continue
		}
		path := dir + "/" + name
		st, err := os.Stat(path)
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ELOOP) {
			st, err = os.Lstat(path)
		}
		if err != nil {
			r.Logf(phases.LogCrit, "stat() \"%s\" failed %s", path, phases.Errno(err))
			if errors.Is(err, fs.ErrPermission) {
				continue
			}
			return nil, false
		}
		entries = append(entries, entry{name, st.IsDir(), st.Mode().IsRegular(), st.ModTime(), st.Size()})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.dir != b.dir {
			if a.dir {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.name, b.name)
	})
	return entries, true
}

func refuse(r *phases.Request, path string, err error) phases.Status {
	rc, level := phases.Status(500), phases.LogCrit
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		rc, level = 404, phases.LogErr
	case errors.Is(err, syscall.EACCES):
		rc, level = 403, phases.LogErr
	}
	r.Logf(level, "opendir() \"%s\" failed %s", path, phases.Errno(err))
	return rc
}

// callbackName is the argument that jsonp wraps its answer in; only names that cannot be anything but
// a name are taken.
func callbackName(r *phases.Request) (string, bool) {
	name, _ := r.Arg("callback")
	if len(name) > 128 {
		r.Logf(phases.LogInfo, "client sent too long callback name: \"%s\"", name)
		return "", false
	}
	valid := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
	}
	if strings.ContainsFunc(name, func(c rune) bool { return !valid(c) }) {
		r.Logf(phases.LogInfo, "client sent invalid callback name: \"%s\"", name)
		return "", false
	}
	return name, true
}
