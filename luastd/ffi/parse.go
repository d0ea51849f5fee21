package ffi

import (
	"math"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of structs, declarators and expressions.
const maxDepth = 64

// symbol is a name that is no type: a function, a variable, or a constant.
type symbol struct {
	typ      *ctype
	constant bool
	value    int64
	external string // the name of the C function if __asm__ gives another
}

// declarations is what cdef has been told.
type declarations struct {
	types   map[string]*ctype
	tags    map[string]*ctype
	symbols map[string]*symbol
	// anonymous numbers types without a tag.
	anonymous int
}

func newDeclarations() *declarations {
	return &declarations{types: predefined(), tags: map[string]*ctype{}, symbols: map[string]*symbol{}, anonymous: 95}
}

// parameter is what a $ stands for: a type, a name or a number.
type parameter struct {
	typ  *ctype
	name string
	num  int64
}

type parser struct {
	d      *declarations
	lx     lexer
	tok    token
	params []parameter
	depth  int
	// abstract is set where declarators have no names and tags must be known: in the argument of ffi.new, but not in the structs and
	// parameter lists in there.
	abstract bool
	implicit bool
	packing  []int
}

// parse runs f on the text, with $ standing for params.
func (d *declarations) parse(src string, params []parameter, f func(p *parser)) (msg string) {
	p := &parser{d: d, lx: lexer{src: src, line: 1}, params: params, packing: []int{0}}
	p.lx.pragma = p.pragmaPack
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			msg = e.msg
		}
	}()
	p.advance()
	f(p)
	if p.tok.kind != tokenEOF {
		p.lx.fail(p.tok.text, "'<eof>' expected")
	}
	if len(p.params) > 0 {
		p.fail("wrong number of type parameters")
	}
	return ""
}

// define parses a list of declarations: the argument of cdef.
func (d *declarations) define(src string, params []parameter) string {
	return d.parse(src, params, func(p *parser) {
		p.implicit = true
		for p.tok.kind != tokenEOF {
			p.declaration()
		}
	})
}

// typeNamed parses an abstract type, as in ffi.new("int[?]").
func (d *declarations) typeNamed(src string, params []parameter) (t *ctype, msg string) {
	msg = d.parse(src, params, func(p *parser) {
		p.abstract = true
		t = p.typeName()
	})
	return t, msg
}

// concrete lets declarators have names until what it returns is called.
func (p *parser) concrete() func() {
	old := p.abstract
	p.abstract = false
	return func() { p.abstract = old }
}

func (p *parser) advance() { p.tok = p.lx.next() }

func (p *parser) fail(format string, args ...any) { p.lx.fail("", format, args...) }

func (p *parser) unexpected() { p.lx.fail(p.tok.text, "unexpected symbol") }

func (p *parser) is(text string) bool { return p.tok.kind == tokenPunct && p.tok.text == text }

func (p *parser) accept(text string) bool {
	if !p.is(text) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.lx.fail(p.tok.text, "'%s' expected", text)
	}
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.fail("chunk has too many syntax levels")
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) parameter() parameter {
	if len(p.params) == 0 {
		p.fail("wrong number of type parameters")
	}
	v := p.params[0]
	p.params = p.params[1:]
	return v
}

func (p *parser) pragmaPack(args []string) {
	top := len(p.packing) - 1
	if len(args) == 0 {
		p.packing[top] = 0
	}
	for _, a := range args {
		switch n, err := strconv.Atoi(a); {
		case a == "push" && len(p.packing) < maxDepth:
			p.packing = append(p.packing, p.packing[top])
			top++
		case a == "pop" && top > 0:
			p.packing = p.packing[:top]
			top--
		case err == nil && n >= 0 && n <= 16:
			p.packing[top] = n
		}
	}
}

// attributes are what __attribute__ and its like ask for.
type attributes struct {
	packed   bool
	align    int
	external string
}

type specifiers struct {
	attributes
	typ                       *ctype
	typedef, static, constant bool
}

// declaration parses up to and including the semicolon.
func (p *parser) declaration() {
	if p.accept(";") {
		return
	}
	if p.tok.kind == tokenName && p.tok.text == "extern" {
		p.advance()
		if p.tok.kind == tokenString {
			p.advance()
			if p.accept("{") {
				p.enter()
				for !p.accept("}") {
					p.declaration()
				}
				p.leave()
				return
			}
		}
	}
	spec := p.specifiers()
	for !p.is(";") {
		name, typ := p.declarator(spec.typ)
		attrs := spec.attributes
		p.attributes(&attrs)
		if name == "" {
			p.lx.fail(p.tok.text, "'<identifier>' expected")
		}
		if attrs.align > typ.align {
			t := *typ
			t.align = attrs.align
			typ = &t
		}
		p.declare(name, typ, spec, attrs)
		if !p.accept(",") {
			break
		}
	}
	if p.tok.kind == tokenEOF && spec.typ != nil {
		return
	}
	p.expect(";")
}

func (p *parser) declare(name string, typ *ctype, spec specifiers, attrs attributes) {
	switch {
	case spec.typedef:
		p.d.types[name] = typ
	case p.accept("="):
		if !spec.static || !typ.constant || typ.kind != kindInt || typ.size > 4 {
			p.unexpected()
		}
		p.d.symbols[name] = &symbol{constant: true, value: truncate(p.expression(), typ)}
	default:
		p.d.symbols[name] = &symbol{typ: typ, external: attrs.external}
	}
}

func truncate(v int64, t *ctype) int64 {
	shift := 64 - 8*t.size
	if t.unsigned {
		return int64(uint64(v) << shift >> shift)
	}
	return v << shift >> shift
}

// isTypeStart reports whether the current token begins a type.
func (p *parser) isTypeStart() bool {
	if p.tok.kind == tokenPunct {
		return p.tok.text == "$" && len(p.params) > 0 && p.params[0].typ != nil
	}
	if p.tok.kind != tokenName {
		return false
	}
	switch word(p.tok.text) {
	case "const", "volatile", "restrict", "inline", "typedef", "extern", "static", "auto", "register", "unsigned", "signed", "short", "long",
		"char", "int", "float", "double", "void", "_Bool", "struct", "union", "enum", "attribute", "__extension__", "_Noreturn",
		"__int8", "__int16", "__int32", "__int64":
		return true
	}
	return p.d.types[p.tok.text] != nil
}

// word strips the underscores of GNU's spellings: __const, __const__.
func word(s string) string {
	if strings.HasPrefix(s, "__") {
		switch w := strings.Trim(s, "_"); w {
		case "const", "volatile", "restrict", "inline", "signed", "attribute":
			return w
		}
	}
	return s
}

// specifiers parses what stands before the declarators.
func (p *parser) specifiers() specifiers {
	var s specifiers
	var sign string
	var base string
	longs, shorts, words := 0, 0, 0
loop:
	for {
		if p.tok.kind == tokenPunct && p.tok.text == "$" && s.typ == nil && words == 0 && len(p.params) > 0 && p.params[0].typ != nil {
			s.typ = p.parameter().typ
			p.advance()
			continue
		}
		if p.tok.kind != tokenName {
			break
		}
		switch w := word(p.tok.text); w {
		case "const":
			s.constant = true
		case "volatile", "restrict", "inline", "extern", "auto", "register", "__extension__", "_Noreturn":
		case "typedef":
			s.typedef = true
		case "static":
			s.static = true
		case "unsigned", "signed":
			sign = w
			words++
		case "long":
			longs++
			words++
		case "short":
			shorts++
			words++
		case "int":
			words++
		case "char", "float", "double", "void", "_Bool", "__int8", "__int16", "__int32", "__int64":
			if base != "" || s.typ != nil {
				p.unexpected()
			}
			base = w
			words++
		case "struct", "union", "enum":
			if s.typ != nil || words > 0 {
				p.unexpected()
			}
			p.advance()
			if w == "enum" {
				s.typ = p.enum()
			} else {
				s.typ = p.record(w)
			}
			continue
		case "attribute", "__asm__", "asm", "__declspec":
			p.attributes(&s.attributes)
			continue
		default:
			t := p.d.types[p.tok.text]
			if t == nil || s.typ != nil || words > 0 {
				break loop
			}
			s.typ = t
		}
		p.advance()
	}
	if s.typ == nil {
		if words == 0 {
			p.lx.fail(p.tok.text, "declaration specifier expected")
		}
		s.typ = numberType(base, sign == "unsigned", longs, shorts)
	} else if words > 0 {
		p.unexpected()
	}
	if s.constant {
		s.typ = qualified(s.typ)
	}
	return s
}

func numberType(base string, unsigned bool, longs, shorts int) *ctype {
	switch base {
	case "void":
		return typeVoid
	case "_Bool":
		return typeBool
	case "float":
		return typeFloat
	case "double":
		if longs > 0 {
			return &ctype{kind: kindFloat, size: 16}
		}
		return typeDouble
	case "char", "__int8":
		return intType(1, unsigned)
	case "__int16":
		return intType(2, unsigned)
	case "__int64":
		return intType(8, unsigned)
	}
	switch {
	case longs > 0:
		return intType(8, unsigned)
	case shorts > 0:
		return intType(2, unsigned)
	}
	return intType(4, unsigned)
}

// attributes parses any number of __attribute__((...)), __asm__("...") and __declspec(...).
func (p *parser) attributes(a *attributes) {
	for p.tok.kind == tokenName {
		switch word(p.tok.text) {
		case "__asm__", "asm":
			p.advance()
			p.expect("(")
			a.external = p.tok.text
			p.advance()
			p.expect(")")
		case "attribute", "__declspec":
			p.advance()
			p.expect("(")
			for depth := 1; depth > 0; {
				if p.tok.kind == tokenEOF {
					p.lx.fail(p.tok.text, "'%s' expected", ")")
				}
				name := strings.Trim(p.tok.text, "_")
				switch {
				case p.is("("):
					depth++
				case p.is(")"):
					depth--
				case name == "packed":
					a.packed = true
				case name == "aligned" || name == "align":
					p.advance()
					a.align = 16
					if p.accept("(") {
						n := p.expression()
						if n > 0 && n <= 1<<12 && n&(n-1) == 0 {
							a.align = int(n)
						}
						p.expect(")")
					}
					continue
				}
				p.advance()
			}
		default:
			return
		}
	}
}

// tag finds or makes what a struct, union or enum with or without a name is.
func (p *parser) tag(word string, k kind) (t *ctype, attrs attributes) {
	p.attributes(&attrs)
	name := ""
	switch {
	case p.tok.kind == tokenName:
		name = p.tok.text
		p.advance()
	case p.is("$") && len(p.params) > 0:
		v := p.parameter()
		p.advance()
		if v.typ != nil {
			if v.typ.kind != k {
				p.fail("undeclared or implicit tag '%s'", v.typ)
			}
			return v.typ, attrs
		}
		name = v.name
	}
	if name != "" {
		if t = p.d.tags[name]; t != nil {
			if t.rec.word != word {
				p.fail("attempt to redefine '%s'", name)
			}
			return t, attrs
		}
	}
	if name != "" && !p.implicit && !p.is("{") {
		p.fail("undeclared or implicit tag '%s'", name)
	}
	t = &ctype{kind: k, rec: &record{tag: name, word: word}}
	if k == kindEnum {
		t.size, t.unsigned = 4, true
	}
	if name != "" {
		p.d.tags[name] = t
		return t, attrs
	}
	if !p.is("{") {
		p.lx.fail(p.tok.text, "'%s' expected", "{")
	}
	p.d.anonymous++
	t.rec.tag = strconv.Itoa(p.d.anonymous)
	return t, attrs
}

func (p *parser) enum() *ctype {
	t, _ := p.tag("enum", kindEnum)
	if !p.accept("{") {
		if !t.rec.defined {
			p.fail("undeclared or implicit tag '%s'", t.rec.tag)
		}
		return t
	}
	if t.rec.defined {
		p.fail("attempt to redefine '%s'", t.rec.tag)
	}
	names := map[string]int64{}
	next := int64(0)
	for !p.is("}") {
		name := p.name()
		if p.accept("=") {
			next = p.expression()
		}
		if next < 0 {
			t.unsigned = false
		}
		next = truncate(next, &ctype{size: 4, unsigned: next > math.MaxInt32})
		if names[name] = next; name != "" {
			p.d.symbols[name] = &symbol{constant: true, value: next}
		}
		next++
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
	t.rec.names, t.rec.defined = names, true
	var attrs attributes
	p.attributes(&attrs)
	return t
}

func (p *parser) name() string {
	if p.is("$") {
		v := p.parameter()
		p.advance()
		return v.name
	}
	if p.tok.kind != tokenName {
		p.lx.fail(p.tok.text, "'<identifier>' expected")
	}
	s := p.tok.text
	p.advance()
	return s
}
