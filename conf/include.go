package conf

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile is the size in bytes above which a file cannot be meant as
// configuration.
const maxFile = 64 << 20

// readFile is the default of Options.ReadFile.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	return src, nil
}

func (p *parser) addFile(name string, src []byte) {
	p.config.Files = append(p.config.Files, File{Name: name, Source: src})
	p.texts[name] = string(src)
}

// include returns the directives of the files that d names, for the place of d.
func (p *parser) include(d *Directive, s scope) []*Directive {
	if len(d.Args) != 1 {
		p.errs.Add(d.Errorf(`invalid number of arguments in "include" directive`))
		return nil
	}
	name := p.fullName(d.Args[0].Value)
	if !strings.ContainsAny(name, "*?[") {
		return p.includeFile(name, d, s)
	}
	names, err := p.o.Glob(name)
	if err != nil {
		p.errs.Add(d.Errorf(`glob() "%s" failed (%s)`, name, errnoText(err)))
		return nil
	}
	names = slices.Clone(names)
	slices.Sort(names)
	var list []*Directive
	for _, name := range names {
		list = append(list, p.includeFile(name, d, s)...)
	}
	return list
}

// fullName puts the directory before a relative name as nginx does, without
// tidying the result: it is what users see in messages.
func (p *parser) fullName(name string) string {
	switch {
	case filepath.IsAbs(name) || p.o.Dir == "":
		return name
	case strings.HasSuffix(p.o.Dir, "/"):
		return p.o.Dir + name
	default:
		return p.o.Dir + "/" + name
	}
}

func (p *parser) includeFile(name string, d *Directive, s scope) []*Directive {
	if chain := p.cycle(name); chain != "" {
		p.errs.Add(d.Errorf("include cycle: %s", chain))
		return nil
	}
	if s.depth++; s.depth > maxDepth {
		p.errs.Add(d.Errorf("files are included deeper than %d levels", maxDepth))
		return nil
	}
	if p.includes++; p.includes >= maxIncludes {
		if p.includes == maxIncludes {
			p.errs.Add(d.Errorf("more than %d files are included", maxIncludes))
		}
		return nil
	}
	if _, ok := p.texts[name]; !ok {
		src, err := p.o.ReadFile(name)
		if err != nil {
			p.errs.Add(d.Errorf("%s", openFailure(name, err)))
			return nil
		}
		p.addFile(name, src)
	}
	s.open = false
	return p.file(name, s)
}

// cycle returns the way from name back to itself through the files being read,
// or "" if there is none: `"a.conf" includes "b.conf" includes "a.conf"`.
func (p *parser) cycle(name string) string {
	clean := filepath.Clean(name)
	for i, open := range p.open {
		if filepath.Clean(open) != clean {
			continue
		}
		var b strings.Builder
		for _, step := range p.open[i:] {
			fmt.Fprintf(&b, `"%s" includes `, step)
		}
		return b.String() + `"` + name + `"`
	}
	return ""
}
