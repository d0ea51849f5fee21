package conf

import (
	"path/filepath"
	"strings"
)

// Options says where included files are found.
type Options struct {
	// Dir is the directory that relative include paths start from. It is put
	// before them as it is written here, so it shows in positions. Empty means
	// the directory of the main file, as in nginx.
	Dir string
	// ReadFile returns a file's bytes, which are not changed. Nil means the
	// operating system's files.
	ReadFile func(name string) ([]byte, error)
	// Glob returns the names that match a pattern, in any order. Nil means
	// [Glob], on the operating system's files.
	Glob func(pattern string) ([]string, error)
}

// Limits that no configuration made by hand comes near; they keep a broken one
// from taking the process down.
const (
	maxDepth    = 1000   // blocks within blocks, files within files
	maxIncludes = 100000 // files read, counting again those that are read again
)

// Parse reads the configuration file name and what it includes. The error is an
// [ErrorList] of all problems; what could be read is returned also then.
func Parse(name string, o Options) (*Config, error) {
	p := newParser(name, o)
	src, err := p.o.ReadFile(name)
	if err != nil {
		p.errs.Addf(Pos{}, "%s", openFailure(name, err))
		return &p.config, p.errs.Err()
	}
	return p.main(name, src)
}

// ParseBytes is [Parse] for a main file whose bytes are already at hand. They
// must not be changed afterwards.
func ParseBytes(name string, src []byte, o Options) (*Config, error) {
	return newParser(name, o).main(name, src)
}

// ParseParam reads the text of the command line's -g option, which may hold
// simple directives only. Its positions have [CommandLine] as their file.
func ParseParam(text string, o Options) (*Config, error) {
	p := newParser("", o)
	l := newLexer(CommandLine, text, &p.errs)
	l.param = true
	p.config.Directives = p.body(l, scope{})
	return &p.config, p.errs.Err()
}

// parser holds what is common to all files of one configuration.
type parser struct {
	o        Options
	errs     ErrorList
	config   Config
	texts    map[string]string // by name, of config.Files
	open     []string          // names of the files being read, outermost first
	includes int
}

func newParser(mainFile string, o Options) *parser {
	if o.Dir == "" {
		o.Dir, _ = filepath.Split(mainFile)
	}
	if o.ReadFile == nil {
		o.ReadFile = readFile
	}
	if o.Glob == nil {
		o.Glob = Glob
	}
	return &parser{o: o, texts: map[string]string{}}
}

func (p *parser) main(name string, src []byte) (*Config, error) {
	p.addFile(name, src)
	p.config.Directives = p.file(name, scope{})
	return &p.config, p.errs.Err()
}

// scope is the place of a list of directives in the tree.
type scope struct {
	open   bool // within the braces of a block that began in the same file
	values bool // in a block of plain values
	depth  int
}

// file parses a file of p.texts.
func (p *parser) file(name string, s scope) []*Directive {
	p.open = append(p.open, name)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	return p.body(newLexer(name, p.texts[name], &p.errs), s)
}

func (p *parser) body(l *lexer, s scope) []*Directive {
	list, _ := p.directives(l, s)
	return list
}

// directives reads up to the closing brace of an open scope or to the end of the
// file, and returns the place of that.
func (p *parser) directives(l *lexer, s scope) (list []*Directive, end Pos) {
	for {
		words, kind, term := l.statement()
		switch kind {
		case endFile:
			if s.open && !l.dead {
				p.errs.Addf(term, `unexpected end of file, expecting "}"`)
				l.dead = true
			}
			return list, term
		case endClose:
			if s.open {
				return list, term
			}
			// The brace may have been reported already for a word before it.
			if n := len(p.errs); n == 0 || p.errs[n-1].Pos != term {
				p.errs.Addf(term, `unexpected "}"`)
			}
		case endSimple:
			d := newDirective(words, term)
			if d.Name == "include" {
				list = append(list, p.include(d, s)...)
				continue
			}
			list = append(list, d)
		case endOpen:
			if d := p.block(l, words, term, s); d != nil {
				list = append(list, d)
			}
		}
	}
}

// block reads what follows the "{" at term. It returns nil if no block may stand
// there; the block has been read nevertheless.
func (p *parser) block(l *lexer, words []Arg, term Pos, s scope) *Directive {
	inner := scope{open: true, depth: s.depth + 1}
	if l.param {
		p.errs.Addf(term, "block directives are not supported in -g option")
		l.dead = true
		return nil
	}
	if inner.depth > maxDepth {
		p.errs.Addf(term, "blocks are nested deeper than %d levels", maxDepth)
		l.dead = true
		return nil
	}
	if len(words) == 0 {
		p.directives(l, inner)
		return nil
	}

	d := newDirective(words, term)
	d.HasBlock = true
	if s.values {
		p.errs.Addf(term, `unexpected "{"`)
	}
	if strings.HasSuffix(d.Name, "_by_lua_block") {
		d.Lua, d.End = l.luaBlock(term)
	} else {
		inner.values = valueBlocks[d.Name]
		d.Block, d.End = p.directives(l, inner)
	}
	if s.values {
		return nil
	}
	if d.Name == "include" {
		p.errs.Addf(term, `directive "include" is not terminated by ";"`)
		return nil
	}
	return d
}

// valueBlocks names the blocks that hold plain lines of values, in which nginx
// lets no further block begin.
var valueBlocks = map[string]bool{
	"charset_map":   true,
	"geo":           true,
	"map":           true,
	"split_clients": true,
	"types":         true,
}

func newDirective(words []Arg, term Pos) *Directive {
	d := &Directive{Name: words[0].Value, Pos: words[0].Pos, Term: term}
	if len(words) > 1 {
		d.Args = append([]Arg(nil), words[1:]...)
	}
	return d
}
