package ffi

func (p *parser) typeName() *ctype {
	spec := p.specifiers()
	_, t, _ := p.declarator(&spec)
	return t
}

// suffix is an array or a parameter list behind a declarator.
type suffix struct {
	function bool
	count    int
	params   []*ctype
	variadic bool
}

// declarator parses what makes a name, if there is one, of the specified type into something else, with the attributes around it.
func (p *parser) declarator(spec *specifiers) (name string, t *ctype, attrs attributes) {
	p.enter()
	defer p.leave()
	attrs = spec.attributes
	name, wrap := p.pointers(&attrs)
	t = wrap(attrs.adorn(p, spec.typ))
	return name, t, attrs
}

// star is a pointer, or a reference.
type star struct{ constant, volatile, reference bool }

// pointers parses stars and what follows; wrap applies it to a type.
func (p *parser) pointers(attrs *attributes) (name string, wrap func(*ctype) *ctype) {
	p.enter()
	defer p.leave()
	stars := []star{}
	for {
		if len(stars) >= maxDepth {
			p.fail("chunk has too many syntax levels")
		}
		if p.accept("*") {
			attrs.constant, attrs.volatile = false, false
			p.attributes(attrs)
			stars = append(stars, star{constant: attrs.constant, volatile: attrs.volatile})
			attrs.constant, attrs.volatile = false, false
			continue
		}
		if p.accept("&") || p.accept("&&") {
			stars = append(stars, star{reference: true})
			continue
		}
		break
	}
	name, inner := p.direct(attrs)
	return name, func(t *ctype) *ctype {
		for _, s := range stars {
			if s.reference {
				t = referenced(t)
				continue
			}
			t = pointerTo(t)
			t.constant, t.volatile = s.constant, s.volatile
		}
		return inner(t)
	}
}

// direct parses a name or a declarator in parentheses, its suffixes and the attributes behind.
func (p *parser) direct(attrs *attributes) (name string, wrap func(*ctype) *ctype) {
	inner := func(t *ctype) *ctype { return t }
	var list []suffix
	switch {
	case p.isName():
		if p.abstract {
			p.lx.fail(p.near(), "'%s' expected", "<eof>")
		}
		name = p.tok.text
		p.advance()
	case p.is("("):
		p.advance()
		p.attributes(attrs)
		if p.is(")") || p.isTypeStart() {
			list = []suffix{p.functionSuffix()}
			break
		}
		name, inner = p.pointers(attrs)
		p.expect(")")
	}
	wrap = p.suffixes(inner, list)
	p.attributes(attrs)
	return name, wrap
}

func (p *parser) suffixes(inner func(*ctype) *ctype, list []suffix) func(*ctype) *ctype {
	for {
		if len(list) > maxDepth {
			p.fail("chunk has too many syntax levels")
		}
		if p.accept("[") {
			list = append(list, suffix{count: p.arrayCount()})
			continue
		}
		if p.accept("(") {
			list = append(list, p.functionSuffix())
			continue
		}
		break
	}
	return func(t *ctype) *ctype {
		for i := len(list) - 1; i >= 0; i-- {
			t = p.apply(list[i], t)
		}
		return inner(t)
	}
}

func (p *parser) apply(s suffix, t *ctype) *ctype {
	if s.function {
		if t.kind == kindFunction || t.kind == kindArray {
			p.fail("invalid C type")
		}
		return &ctype{kind: kindFunction, elem: t, params: s.params, variadic: s.variadic}
	}
	a := &ctype{kind: kindArray, elem: t, count: s.count, constant: t.constant, volatile: t.volatile}
	if _, ok := t.sizeOf(); !ok || t.kind == kindRecord && t.rec.variable {
		p.fail("size of C type is unknown or too large")
	}
	if _, ok := a.sizeOf(); !ok && s.count >= 0 {
		p.fail("size of C type is unknown or too large")
	}
	return a
}

func (p *parser) arrayCount() int {
	var attrs attributes
	p.attributes(&attrs)
	switch {
	case p.accept("]"):
		return unknownCount
	case p.accept("?"):
		p.expect("]")
		return variableCount
	}
	n := p.size()
	p.expect("]")
	return n
}

// functionSuffix parses parameters behind the opening parenthesis, and skips a body.
func (p *parser) functionSuffix() suffix {
	p.enter()
	defer p.leave()
	defer p.concrete()()
	s := suffix{function: true}
	for !p.is(")") {
		if p.accept("...") {
			s.variadic = true
			break
		}
		spec := p.specifiers("register")
		_, t, _ := p.declarator(&spec)
		if t.kind == kindVoid {
			break
		}
		switch t.kind {
		case kindArray:
			t = pointerTo(t.elem)
		case kindFunction:
			t = pointerTo(t)
		}
		s.params = append(s.params, t)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	if p.is("{") {
		p.skipBody()
	}
	return s
}

// skipBody passes over the definition of a function, which then ends a declaration.
func (p *parser) skipBody() {
	for level := 0; ; p.advance() {
		switch {
		case p.is("{"):
			level++
		case p.is("}"):
			level--
		case p.tok.kind == tokenEOF:
			p.expect("}")
		}
		if level == 0 {
			break
		}
	}
	p.tok = token{kind: tokenPunct, text: ";"}
}

// record parses a struct or union after its keyword.
func (p *parser) record(word string, attrs *attributes) *ctype {
	t := p.tag(word, kindRecord, attrs)
	if !p.is("{") {
		return t
	}
	if t.rec.defined {
		p.fail("attempt to redefine '%s'", t.rec.tag)
	}
	p.advance()
	p.enter()
	named := p.concrete()
	var fields []field
	for last := false; !p.accept("}"); p.expect(";") {
		spec := p.specifiers("static")
		for {
			if last {
				p.lx.fail(p.near(), "'%s' expected", "}")
			}
			name, typ, a := p.declarator(&spec)
			if spec.static {
				if name == "" {
					p.lx.fail(p.near(), "'%s' expected", "<identifier>")
				}
				t.rec.addConstant(name, p.initializer(typ))
			} else {
				f := field{name: name, typ: typ, bits: -1, packed: a.packed, align: a.align}
				_, sized := typ.sizeOf()
				switch {
				case p.accept(":"):
					f.bits = p.bits(&f)
				case typ.kind == kindArray && !sized:
					last = true
				case name == "" && (typ.kind != kindRecord || typ.rec.variable) && typ.kind != kindEnum:
					p.lx.fail(p.near(), "'%s' expected", "<identifier>")
				}
				fields = append(fields, f)
			}
			if !p.accept(",") {
				break
			}
		}
	}
	named()
	p.leave()
	if t.rec.defined {
		p.fail("attempt to redefine '%s'", t.rec.tag)
	}
	p.attributes(attrs)
	p.layOut(t.rec, fields, attrs)
	attrs.packed, attrs.align = false, 0
	return t
}

// bits parses the width of a bit-field.
func (p *parser) bits(f *field) int {
	n := p.size()
	t := f.typ
	most := 8 * t.size
	if t.kind == kindBool {
		most = 1
	}
	if t.kind != kindInt && t.kind != kindBool || t.size > 4 || n > most || n == 0 && f.name != "" {
		p.lx.fail(":", "invalid value")
	}
	return n
}
