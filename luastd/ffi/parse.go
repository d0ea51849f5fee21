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
	// undo takes back what a parse has declared so far, in case it fails.
	undo []func()
}

func (d *declarations) addType(name string, t *ctype) {
	d.types[name] = t
	d.undo = append(d.undo, func() { delete(d.types, name) })
}

func (d *declarations) addSymbol(name string, s *symbol) {
	d.symbols[name] = s
	d.undo = append(d.undo, func() { delete(d.symbols, name) })
}

func (d *declarations) addTag(name string, t *ctype) {
	d.tags[name] = t
	d.undo = append(d.undo, func() { delete(d.tags, name) })
}

// complete marks r as defined.
func (d *declarations) complete(r *record) {
	r.defined = true
	d.undo = append(d.undo, func() { *r = record{tag: r.tag, word: r.word, meta: r.meta} })
}

func newDeclarations() *declarations {
	return &declarations{types: predefined(), tags: map[string]*ctype{}, symbols: map[string]*symbol{}, anonymous: 95}
}

// known reports whether a name stands for something. What is declared again is ignored.
func (d *declarations) known(name string) bool { return d.types[name] != nil || d.symbols[name] != nil }

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
	p.lx.pragma, p.lx.parameter = p.pragmaPack, p.parameter
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			msg = e.msg
			for i := len(d.undo) - 1; i >= 0; i-- {
				d.undo[i]()
			}
		}
	}()
	d.undo = nil
	p.advance()
	f(p)
	if p.tok.kind != tokenEOF {
		p.lx.fail(p.near(), "'<eof>' expected")
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
		first := true
		for p.tok.kind != tokenEOF {
			p.declaration(first)
			first = false
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

func (p *parser) advance() {
	p.lx.last = p.tok.text
	p.tok = p.lx.next()
}

func (p *parser) fail(format string, args ...any) { p.lx.fail("", format, args...) }

// near is the current token for a message.
func (p *parser) near() string {
	if p.tok.given {
		return "$"
	}
	return p.tok.text
}

func (p *parser) unexpected() { p.lx.fail(p.near(), "unexpected symbol") }

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
		p.lx.fail(p.near(), "'%s' expected", text)
	}
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.fail("chunk has too many syntax levels")
	}
}

func (p *parser) leave() { p.depth-- }

// parameter is the token that a $ is.
func (p *parser) parameter() token {
	if len(p.params) == 0 {
		p.fail("wrong number of type parameters")
	}
	v := p.params[0]
	p.params = p.params[1:]
	switch {
	case v.typ != nil:
		return token{kind: tokenPunct, text: "$", given: true, typ: v.typ}
	case v.name != "":
		return token{kind: tokenName, text: v.name, given: true}
	}
	return token{kind: tokenInteger, text: "$", given: true, num: int64(int32(v.num))}
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

// word is the keyword that a token is, without the underscores of GNU's spellings: __const, __const__.
func (p *parser) word() string {
	if p.tok.kind != tokenName || p.tok.given {
		return ""
	}
	s := p.tok.text
	if strings.HasPrefix(s, "__") {
		switch w := strings.Trim(s, "_"); w {
		case "const", "volatile", "restrict", "inline", "signed", "attribute", "complex":
			return w
		case "declspec", "asm":
			return "__" + w
		}
	}
	switch s {
	case "asm":
		return "__asm"
	case "_Complex":
		return "complex"
	}
	return s
}

// isKeyword reports whether a word cannot be the name of anything.
func isKeyword(w string) bool {
	switch w {
	case "void", "_Bool", "bool", "char", "int", "__int8", "__int16", "__int32", "__int64", "float", "double", "long", "short",
		"complex", "signed", "unsigned", "const", "volatile", "restrict", "inline", "typedef", "extern", "static", "auto", "register",
		"__extension__", "__asm", "attribute", "__declspec", "__ptr32", "__ptr64", "struct", "union", "enum", "sizeof",
		"__alignof", "__alignof__", "_Alignof", "__cdecl", "__thiscall", "__fastcall", "__stdcall":
		return true
	}
	return false
}

// isName reports whether the token is an identifier.
func (p *parser) isName() bool {
	return p.tok.kind == tokenName && (p.tok.given || !isKeyword(p.word()))
}

// attributes are what __attribute__ and its like ask for.
type attributes struct {
	constant, volatile bool
	packed             bool
	align              int
	mode, vector       int // bytes
	external           string
}

type specifiers struct {
	attributes
	typ             *ctype
	typedef, static bool
}

// declaration parses up to and including the semicolon.
func (p *parser) declaration(first bool) {
	if p.accept(";") {
		return
	}
	spec := p.specifiers("typedef", "extern", "static")
	if !(p.is(";") || p.tok.kind == tokenEOF) || spec.typ.kind != kindRecord && spec.typ.kind != kindEnum {
		for {
			name, typ, attrs := p.declarator(&spec)
			if name == "" {
				p.lx.fail(p.near(), "'<identifier>' expected")
			}
			p.declare(name, typ, spec, attrs)
			if !p.accept(",") {
				break
			}
		}
	}
	if p.tok.kind == tokenEOF && first {
		return
	}
	p.expect(";")
}

func (p *parser) declare(name string, typ *ctype, spec specifiers, attrs attributes) {
	known := p.d.known(name)
	switch {
	case spec.typedef:
		if !known {
			p.d.addType(name, typ)
		}
	case spec.static && typ.kind != kindFunction:
		v := p.initializer(typ)
		if !known {
			p.d.addSymbol(name, &symbol{constant: true, value: v})
		}
	case !known:
		p.d.addSymbol(name, &symbol{typ: typ, external: attrs.external})
	}
}

// initializer parses the value of a static constant.
func (p *parser) initializer(typ *ctype) int64 {
	if !typ.constant || typ.kind != kindInt || typ.size > 4 {
		p.fail("invalid C type")
	}
	p.expect("=")
	return truncate(p.constant().n, typ)
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
	switch {
	case p.tok.typ != nil:
		return true
	case p.tok.kind != tokenName || p.tok.given:
		return false
	}
	switch w := p.word(); w {
	case "sizeof", "__alignof", "__alignof__", "_Alignof":
		return false
	default:
		return isKeyword(w) || p.d.types[p.tok.text] != nil
	}
}

// specifiers parses what stands before the declarators. Of the storage classes it takes those that are allowed.
func (p *parser) specifiers(allowed ...string) specifiers {
	var s specifiers
	var sign, base string
	longs, shorts, words, complexes := 0, 0, 0, 0
loop:
	for {
		p.attributes(&s.attributes)
		if p.tok.typ != nil && s.typ == nil && words == 0 {
			s.typ = p.tok.typ
			p.advance()
			continue
		}
		if p.tok.kind != tokenName || p.tok.given {
			break
		}
		switch w := p.word(); w {
		case "inline":
		case "typedef", "extern", "static", "auto", "register":
			if !contains(allowed, w) {
				p.lx.fail(p.near(), "bad storage class")
			}
			s.typedef, s.static = s.typedef || w == "typedef", s.static || w == "static"
		case "unsigned", "signed", "long", "short", "complex":
			if s.typ != nil {
				break loop
			}
			switch w {
			case "long":
				longs++
			case "short":
				shorts++
			case "complex":
				complexes++
			default:
				sign = w
			}
			words++
		case "char", "int", "float", "double", "void", "_Bool", "bool", "__int8", "__int16", "__int32", "__int64":
			if base != "" || s.typ != nil {
				break loop
			}
			base = w
			words++
		case "struct", "union", "enum":
			if s.typ != nil || words > 0 {
				break loop
			}
			p.advance()
			if w == "enum" {
				s.typ = p.enum(&s.attributes)
			} else {
				s.typ = p.record(w, &s.attributes)
			}
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
	switch {
	case complexes > 0:
		s.typ = typeComplex
		if base == "float" {
			s.typ = typeComplexFloat
		}
	case s.typ == nil:
		if words == 0 {
			p.lx.fail(p.near(), "declaration specifier expected")
		}
		if (base == "_Bool" || base == "bool") && longs+shorts > 0 {
			p.fail("invalid C type")
		}
		s.typ = numberType(base, sign == "unsigned", longs, shorts)
	}
	s.typ = withQualifiers(s.typ, s.constant, s.volatile)
	s.constant, s.volatile = false, false
	return s
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

func numberType(base string, unsigned bool, longs, shorts int) *ctype {
	switch base {
	case "void":
		return typeVoid
	case "_Bool", "bool":
		return typeBool
	case "float", "double":
		switch {
		case longs > 0:
			return &ctype{kind: kindFloat, size: 16}
		case base == "float":
			return typeFloat
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
	case shorts > 0:
		return intType(2, unsigned)
	case longs > 0:
		return intType(8, unsigned)
	}
	return intType(4, unsigned)
}

// tag finds or makes what a struct, union or enum with or without a name is.
func (p *parser) tag(word string, k kind, attrs *attributes) *ctype {
	p.attributes(attrs)
	if t := p.tok.typ; t != nil && t.kind == k {
		p.advance()
		return t
	}
	name := ""
	if !p.is("{") {
		if !p.isName() {
			p.lx.fail(p.near(), "'%s' expected", "<identifier>")
		}
		name = p.tok.text
		if t := p.d.tags[name]; t != nil {
			if t.rec.word != word {
				p.fail("attempt to redefine '%s'", name)
			}
			p.advance()
			return t
		}
		if !p.implicit {
			p.fail("undeclared or implicit tag '%s'", name)
		}
		p.advance()
	}
	t := &ctype{kind: k, rec: &record{tag: name, word: word}}
	if k == kindEnum {
		t.size, t.unsigned = 4, true
	}
	if name != "" {
		p.d.addTag(name, t)
		return t
	}
	p.d.anonymous++
	t.rec.tag = strconv.Itoa(p.d.anonymous)
	return t
}

func (p *parser) enum(attrs *attributes) *ctype {
	t := p.tag("enum", kindEnum, attrs)
	if !p.is("{") {
		return t
	}
	if t.rec.defined {
		p.fail("attempt to redefine '%s'", t.rec.tag)
	}
	p.advance()
	t.rec.names = map[string]int64{}
	next := integer{}
	for {
		name := p.tok.text
		if !p.isName() {
			p.lx.fail(p.near(), "'%s' expected", "<identifier>")
		}
		if p.d.known(name) {
			p.fail("attempt to redefine '%s'", name)
		}
		p.advance()
		if p.accept("=") {
			next = p.constant()
			if next.n < 0 {
				t.unsigned = false
			}
		}
		t.rec.names[name] = next.n
		p.d.addSymbol(name, &symbol{constant: true, value: next.n})
		next = normal(next.n+1, next.unsigned || next.n == math.MaxInt32)
		if !p.accept(",") || p.is("}") {
			break
		}
	}
	p.expect("}")
	p.d.complete(t.rec)
	return t
}
