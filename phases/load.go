package phases

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"moongate/conf"
)

// Load is the state of one configuration being read (nginx's ngx_conf_t). It lives on one goroutine
// and must not be kept once loading is over.
type Load struct {
	Tree *Tree
	Ctx  Context
	// Server and Location are the levels being filled; at the http level they are the placeholders
	// that servers inherit from.
	Server   *Server
	Location *Location
	// Owner is what the innermost block of a module belongs to (an upstream block, for one).
	Owner any

	words map[string][]word
	errs  conf.ErrorList
	file  conf.Options
}

type word struct {
	m *Module
	d *Directive
}

// LoadOptions say where a configuration comes from.
type LoadOptions struct {
	Prefix   string // nginx's -p, ends with a slash; relative paths of directives start here
	ConfFile string // nginx's -c, absolute or relative to the working directory
	Source   []byte // the main file's text where there is no file (the embedded default)
	Globals  string // nginx's -g
	ErrorLog string // nginx's -e: the main error log where the configuration names no file; empty: standard error
	Modules  []*Module
	// ReadFile and Glob replace the file system for the embedded default. Nil: the real one.
	ReadFile func(string) ([]byte, error)
	Glob     func(string) ([]string, error)
}

// LoadConfig reads, checks and builds a configuration. The error is a conf.ErrorList that holds every
// problem found. Nothing outside the returned tree is changed: no port is opened, no file created.
func LoadConfig(o LoadOptions) (*Tree, error) {
	t := newTree(o)
	l := &Load{Tree: t, words: map[string][]word{}}
	for _, m := range t.modules {
		directives := m.Directives
		if m == coreModule {
			directives = coreDirectives()
		}
		for i := range directives {
			d := &directives[i]
			l.words[d.Name] = append(l.words[d.Name], word{m, d})
		}
	}
	l.file = conf.Options{Dir: filepath.Dir(o.ConfFile), ReadFile: o.ReadFile, Glob: o.Glob}
	t.createMain()

	if o.Globals != "" {
		g, err := conf.ParseParam(o.Globals, l.file)
		l.add(err)
		if g != nil {
			l.block(g.Directives, CtxMain)
		}
	}
	var c *conf.Config
	var err error
	if o.Source != nil {
		c, err = conf.ParseBytes(o.ConfFile, o.Source, l.file)
	} else {
		c, err = conf.Parse(o.ConfFile, l.file)
	}
	l.add(err)
	if c != nil {
		t.Source = &conf.Config{Files: c.Files} // the directives are as large as what is made of them
		l.block(c.Directives, CtxMain)
	}
	l.finish()
	if len(l.errs) > 0 {
		return t, l.errs
	}
	return t, nil
}

func (l *Load) add(err error) {
	if err == nil {
		return
	}
	var list conf.ErrorList
	var one *conf.Error
	switch {
	case errors.As(err, &list):
		l.errs = append(l.errs, list...)
	case errors.As(err, &one):
		l.errs = append(l.errs, one)
	default:
		l.errs = append(l.errs, &conf.Error{Msg: err.Error()})
	}
}

// rejection is an error that nginx prints behind the directive's name.
type rejection string

func (r rejection) Error() string { return string(r) }

// Reject is nginx's `"name" directive MSG`.
func Reject(msg string) error { return rejection(msg) }

// Duplicate is the error for a directive that may stand once.
func (l *Load) Duplicate(*conf.Directive) error { return rejection("is duplicate") }

// Errorf makes an error at pos; a sentence, as nginx words it, without the "in file:line" part.
func (l *Load) Errorf(pos conf.Pos, format string, args ...any) error {
	return &conf.Error{Msg: fmt.Sprintf(format, args...), Pos: pos}
}

// Report notes an error and lets the load go on, so that all problems are seen at once.
func (l *Load) Report(d *conf.Directive, err error) {
	var one *conf.Error
	var list conf.ErrorList
	var rej rejection
	switch {
	case err == nil:
	case errors.As(err, &list), errors.As(err, &one):
		l.add(err)
	case errors.As(err, &rej):
		l.errs = append(l.errs, &conf.Error{Msg: fmt.Sprintf("%q directive %s", d.Name, rej), Pos: place(d)})
	default:
		l.errs = append(l.errs, &conf.Error{Msg: err.Error(), Pos: place(d)})
	}
}

// Warnf notes what is odd in d but acceptable; it is logged when the tree is used.
func (l *Load) Warnf(d *conf.Directive, format string, args ...any) {
	l.Tree.warn(fmt.Sprintf("%s in %s", fmt.Sprintf(format, args...), place(d)))
}

// Alertf is Warnf at level alert.
func (l *Load) Alertf(d *conf.Directive, format string, args ...any) {
	l.Tree.warnings = append(l.Tree.warnings, Warning{LogAlert, fmt.Sprintf("%s in %s", fmt.Sprintf(format, args...), place(d))})
}

// Block carries out the directives of d's block in the given context.
func (l *Load) Block(d *conf.Directive, ctx Context) { l.block(d.Block, ctx) }

// Within carries out d's block for another server and location.
func (l *Load) Within(d *conf.Directive, ctx Context, s *Server, loc *Location) {
	savedS, savedL := l.Server, l.Location
	l.Server, l.Location = s, loc
	l.block(d.Block, ctx)
	l.Server, l.Location = savedS, savedL
}

func (l *Load) block(ds []*conf.Directive, ctx Context) {
	saved := l.Ctx
	l.Ctx = ctx
	for _, d := range ds {
		if err := l.directive(d); err != nil {
			l.Report(d, err)
		}
	}
	l.Ctx = saved
}

func (l *Load) directive(d *conf.Directive) error {
	words, known := l.words[d.Name]
	if !known {
		if what, ok := missing(d.Name); ok {
			return NotBuilt(what)(l, d, nil)
		}
		return fmt.Errorf("unknown directive %q", d.Name)
	}
	i := slices.IndexFunc(words, func(w word) bool { return w.d.Ctx&l.Ctx != 0 })
	if i < 0 {
		return fmt.Errorf("%q directive is not allowed here", d.Name)
	}
	w := words[i]
	a := w.d.Args
	block := d.HasBlock || d.Lua != nil
	switch {
	case a.Block && !block:
		return fmt.Errorf("directive %q has no opening \"{\"", d.Name)
	case !a.Block && block:
		return fmt.Errorf("directive %q is not terminated by \";\"", d.Name)
	case len(d.Args) < a.Min, a.Max >= 0 && len(d.Args) > a.Max:
		return fmt.Errorf("invalid number of arguments in %q directive", d.Name)
	}
	if a.Flag {
		if _, ok := conf.ParseFlag(d.Args[0].Value); !ok {
			return fmt.Errorf("invalid value %q in %q directive, it must be \"on\" or \"off\"", d.Args[0].Value, d.Name)
		}
	}
	var c any
	switch w.d.Level {
	case MainConf:
		c = l.Tree.main[w.m.id]
	case ServerConf:
		c = l.Server.own(w.m)
	case LocationConf:
		c = l.Location.own(w.m)
	}
	return w.d.Set(l, d, c)
}

// MainOf is m's main configuration, whatever the level being filled.
func (l *Load) MainOf(m *Module) any { return l.Tree.main[m.id] }

// LocationOf is m's configuration of the location being filled, or merged; nil where the tree has no such module.
func (l *Load) LocationOf(m *Module) any { return l.ConfOf(l.Location, m) }

// ConfOf is LocationOf for another location.
func (l *Load) ConfOf(loc *Location, m *Module) any {
	if !slices.Contains(l.Tree.modules, m) {
		return nil
	}
	return loc.own(m)
}

// ServerOf is m's configuration of the server being filled, or merged.
func (l *Load) ServerOf(m *Module) any { return l.Server.own(m) }

// Path makes a directive's path absolute: relative ones start at the prefix.
func (l *Load) Path(p string) string { return l.Tree.Path(p) }

// ConfPath makes a path absolute that nginx looks up beside the main configuration file
// (ssl_certificate, auth_basic_user_file and the like).
func (l *Load) ConfPath(p string) string {
	if strings.HasPrefix(p, "/") {
		return p
	}
	return filepath.Join(l.file.Dir, p)
}

// Nameless makes a location without a name inside the current one (the body of an if or a
// limit_except): it inherits from the current location and is entered by code, never by a URI.
func (l *Load) Nameless(name string) *Location {
	loc := new(Location).start(l.Location, l.Server)
	loc.Name, loc.Kind = name, LocationNameless
	if l.Location != nil {
		l.Location.inner = append(l.Location.inner, loc)
	}
	return loc
}

// finish merges the levels, lets the modules add what they bring and seals the tree.
func (l *Load) finish() {
	t := l.Tree
	if t.httpSeen {
		for _, m := range t.modules {
			l.merge(m)
		}
		l.Server, l.Location = t.http, t.http.Root()
		t.linkListens(&l.errs)
		for _, m := range t.modules {
			if m.Postconfigure != nil {
				l.add(m.Postconfigure(l))
			}
		}
	}
	l.add(t.seal(l))
}

// merge completes m's configurations of all levels.
func (l *Load) merge(m *Module) {
	t := l.Tree
	l.Server, l.Location = t.http, t.http.Root()
	if m.InitMain != nil {
		l.add(m.InitMain(l, t.main[m.id]))
	}
	servers := l.merger(m.NewServer, m.MergeServer, m.ShareServers)
	locations := l.merger(m.NewLocation, m.MergeLocation, m.ShareLocations)
	for _, s := range t.Servers {
		l.Server, l.Location = s, s.Root()
		if m.NewServer != nil {
			c := s.at(m)
			*c = servers.settle(*t.http.at(m), *c)
		}
		if m.NewLocation != nil {
			l.mergeLocation(m, locations, t.http.Root(), s.Root())
		}
	}
	l.Server, l.Location = t.http, t.http.Root()
	if m.OutsideServers {
		l.add(m.MergeLocation(l, m.NewLocation(), *t.http.Root().at(m)))
	}
}

// mergeLocation completes m's configuration of loc and of all locations inside it.
func (l *Load) mergeLocation(m *Module, g *merger, parent, loc *Location) {
	l.Location = loc
	c := loc.at(m)
	*c = g.settle(*parent.at(m), *c)
	if m == coreModule {
		loc.Core = (*c).(*CoreLocation)
	}
	for _, list := range [2][]*Location{loc.children, loc.inner} {
		for _, inner := range list {
			l.mergeLocation(m, g, loc, inner)
		}
	}
}

// Add reports an error that already knows its place.
func (l *Load) Add(err error) { l.add(err) }

// SetContent makes h the content handler of the location being filled (nginx's clcf->handler).
func (l *Load) SetContent(h Handler) { l.Location.handler = h }

// place is the line that nginx names for a directive.
func place(d *conf.Directive) conf.Pos {
	if d.Term.Line != 0 {
		return d.Term
	}
	return d.Pos
}
