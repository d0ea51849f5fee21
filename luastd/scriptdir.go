package luastd

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"moongate/conf"
	"moongate/luastd/handler"
	"moongate/phases"
)

// scriptDir is a folder of drop-in scripts (lua_script_dir): a file's path below the folder is the URI
// that it serves, and the word before .lua is the phase. Immutable; a changed folder makes a new one.
type scriptDir struct {
	root    string
	content map[string]*code
	// scoped are the other phases' scripts: what is at the URI and below it.
	scoped map[handler.Phase]map[string]*code
}

// dropInPhases are the phases that a drop-in script may name.
var dropInPhases = map[string]handler.Phase{
	"content": handler.Content, "rewrite": handler.Rewrite, "access": handler.Access, "precontent": handler.Precontent,
	"header_filter": handler.HeaderFilter, "body_filter": handler.BodyFilter, "log": handler.Log,
}

func setScriptDir(l *phases.Load, d *conf.Directive, c *serverConf) error {
	if c.scripts != nil {
		return l.Duplicate(d)
	}
	root := l.Path(d.Args[0].Value)
	optional := len(d.Args) == 2 && d.Args[1].Value == "optional"
	if len(d.Args) == 2 && !optional {
		return fmt.Errorf("invalid parameter %q", d.Args[1].Value)
	}
	if st, err := os.Stat(root); err != nil {
		if optional && os.IsNotExist(err) {
			c.scripts = &scriptDir{root: root}
			return nil
		}
		return fmt.Errorf("lua_script_dir %q: %s", root, phases.Errno(err))
	} else if !st.IsDir() {
		return fmt.Errorf("lua_script_dir %q is no directory", root)
	}
	s := &scriptDir{root: root, content: map[string]*code{}, scoped: map[handler.Phase]map[string]*code{}}
	m := l.MainOf(Module).(*mainConf)
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(p, ".lua") || strings.HasPrefix(e.Name(), ".") {
			return err
		}
		s.add(m, p, d.Pos)
		return nil
	})
	c.scripts = s
	return err
}

// add files a script under its URI; a file without a phase in its name is a module for require.
func (s *scriptDir) add(m *mainConf, path string, pos conf.Pos) {
	rel, err := filepath.Rel(s.root, path)
	if err != nil {
		return
	}
	rel = strings.TrimSuffix(filepath.ToSlash(rel), ".lua")
	i := strings.LastIndexByte(rel, '.')
	if i < 0 {
		return
	}
	phase, ok := dropInPhases[rel[i+1:]]
	if !ok {
		return
	}
	uri := "/" + rel[:i]
	k := &code{phase: phase, path: phases.Constant(path), index: len(m.codes), pos: pos}
	m.codes = append(m.codes, k)
	if phase == handler.Content {
		s.content[uri] = k
		if base, isIndex := strings.CutSuffix(uri, "/index"); isIndex {
			s.content[base+"/"] = k
		}
		return
	}
	scope := strings.TrimSuffix(uri, "_")
	if scope != "/" {
		scope = strings.TrimSuffix(scope, "/")
	}
	if s.scoped[phase] == nil {
		s.scoped[phase] = map[string]*code{}
	}
	s.scoped[phase][scope] = k
}

// find lists the scripts of a phase that apply to a URI, the outermost first.
func (s *scriptDir) find(phase handler.Phase, uri string) []*code {
	scoped := s.scoped[phase]
	if len(scoped) == 0 {
		return nil
	}
	var out []*code
	if k := scoped["/"]; k != nil {
		out = append(out, k)
	}
	for i := 1; i <= len(uri); i++ {
		if i == len(uri) || uri[i] == '/' {
			if k := scoped[uri[:i]]; k != nil && i > 0 && uri[:i] != "/" {
				out = append(out, k)
			}
		}
	}
	return out
}

// names lists what the folder serves, for the welcome page and -s status.
func (s *scriptDir) names() []string {
	var out []string
	for uri := range s.content {
		out = append(out, uri)
	}
	sort.Strings(out)
	return out
}

// dropIn gives a request whose URI has a content script of the folder that script as its handler.
func dropIn(r *phases.Request) phases.Status {
	s := phases.ServerOf[serverConf](r.Server, Module).scripts
	if s == nil || r.Named {
		return phases.Declined
	}
	if k := s.content[r.URI]; k != nil && phases.LocationOf[locConf](r.Loc, Module).content == nil {
		r.SetContent(func(r *phases.Request) phases.Status { return runContent(r, k) })
	}
	return phases.Declined
}

// ScriptDirs lists the folders of drop-in scripts that t serves.
func ScriptDirs(t *phases.Tree) []string {
	var out []string
	for _, s := range t.Servers {
		if d := phases.ServerOf[serverConf](s, Module).scripts; d != nil {
			out = append(out, d.root)
		}
	}
	return out
}

// DropIns lists the URIs that drop-in scripts of the server answer.
func DropIns(s *phases.Server) []string {
	if d := phases.ServerOf[serverConf](s, Module).scripts; d != nil {
		return d.names()
	}
	return nil
}

// LiveReload reports whether saved files are to be reloaded (lua_live_reload, on by default).
func LiveReload(t *phases.Tree) bool {
	v := phases.MainOf[mainConf](t, Module).liveReload
	return !v.Set || v.V
}
