package ffi

// typeName parses specifiers and an abstract declarator.
func (p *parser) typeName() *ctype {
	spec := p.specifiers()
	_, t := p.declarator(spec.typ)
	return t
}

// suffix is an array or a parameter list behind a declarator.
type suffix struct {
	function bool
	count    int
	params   []*ctype
	variadic bool
}

// declarator parses what makes a name, if there is one, of type base into something else.
func (p *parser) declarator(base *ctype) (name string, t *ctype) {
	p.enter()
	defer p.leave()
	name, wrap := p.pointers()
	return name, wrap(base)
}

// pointers parses stars and what follows; wrap applies it to a type.
func (p *parser) pointers() (name string, wrap func(*ctype) *ctype) {
	p.enter()
	defer p.leave()
	stars := []bool{}
	var attrs attributes
	for {
		if p.accept("*") || p.accept("&") {
			if len(stars) >= maxDepth {
				p.fail("chunk has too many syntax levels")
			}
			stars = append(stars, false)
			continue
		}
		if p.tok.kind != tokenName {
			break
		}
		switch word(p.tok.text) {
		case "const":
			if len(stars) > 0 {
				stars[len(stars)-1] = true
			}
			p.advance()
			continue
		case "volatile", "restrict", "__cdecl", "__stdcall", "__fastcall", "__ptr64":
			p.advance()
			continue
		case "attribute":
			p.attributes(&attrs)
			continue
		}
		break
	}
	name, inner := p.direct()
	return name, func(t *ctype) *ctype {
		for _, constant := range stars {
			t = pointerTo(t)
			t.constant = constant
		}
		return inner(t)
	}
}

// direct parses a name or a declarator in parentheses, and its suffixes.
func (p *parser) direct() (name string, wrap func(*ctype) *ctype) {
	inner := func(t *ctype) *ctype { return t }
	switch {
	case p.tok.kind == tokenName && !p.abstract && !p.isAttribute():
		name = p.tok.text
		p.advance()
	case p.is("$"):
		name = p.parameter().name
		p.advance()
	case p.is("("):
		p.advance()
		if p.is(")") || p.isTypeStart() && word(p.tok.text) != "attribute" {
			return "", p.suffixes(inner, []suffix{p.functionSuffix()})
		}
		name, inner = p.pointers()
		p.expect(")")
	}
	return name, p.suffixes(inner, nil)
}

func (p *parser) isAttribute() bool {
	switch word(p.tok.text) {
	case "attribute", "__asm__", "asm", "__declspec":
		return true
	}
	return false
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
	if t.kind == kindFunction || t.kind == kindVoid || t.kind == kindRecord && t.rec.variable {
		p.fail("invalid C type")
	}
	a := &ctype{kind: kindArray, elem: t, count: s.count, constant: t.constant}
	if _, ok := t.sizeOf(); !ok {
		p.fail("size of C type is unknown or too large")
	}
	if _, ok := a.sizeOf(); !ok && s.count >= 0 {
		p.fail("size of C type is unknown or too large")
	}
	return a
}

func (p *parser) arrayCount() int {
	for p.tok.kind == tokenName {
		switch word(p.tok.text) {
		case "static", "const", "volatile", "restrict":
			p.advance()
			continue
		}
		break
	}
	switch {
	case p.accept("]"):
		return unknownCount
	case p.accept("?"):
		p.expect("]")
		return variableCount
	}
	n := p.expression()
	p.expect("]")
	if n < 0 || n > maxSize {
		p.fail("size of C type is unknown or too large")
	}
	return int(n)
}

// functionSuffix parses parameters behind the opening parenthesis.
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
		spec := p.specifiers()
		_, t := p.declarator(spec.typ)
		var attrs attributes
		p.attributes(&attrs)
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
	if len(s.params) == 1 && s.params[0].kind == kindVoid {
		s.params = nil
	}
	return s
}

// record parses a struct or union after its keyword.
func (p *parser) record(word string) *ctype {
	t, attrs := p.tag(word, kindRecord)
	if !p.accept("{") {
		return t
	}
	if t.rec.defined {
		p.fail("attempt to redefine '%s'", t.rec.tag)
	}
	p.enter()
	named := p.concrete()
	var fields []field
	for !p.accept("}") {
		spec := p.specifiers()
		if p.is(";") {
			if spec.typ.kind == kindRecord {
				fields = append(fields, field{typ: spec.typ, bits: -1})
			}
		}
		for !p.is(";") {
			f := field{bits: -1}
			f.name, f.typ = "", spec.typ
			if !p.is(":") {
				f.name, f.typ = p.declarator(spec.typ)
			}
			if p.accept(":") {
				f.bits = p.bits(f.typ)
			}
			a := spec.attributes
			p.attributes(&a)
			if a.packed || a.align > 0 {
				c := *f.typ
				c.align = a.align
				if a.packed {
					c.align = -1
				}
				f.typ = &c
			}
			fields = append(fields, f)
			if !p.accept(",") {
				break
			}
		}
		p.expect(";")
	}
	named()
	p.leave()
	if t.rec.defined {
		p.fail("attempt to redefine '%s'", t.rec.tag)
	}
	p.attributes(&attrs)
	p.layOut(t.rec, fields, attrs)
	return t
}

func (p *parser) bits(t *ctype) int {
	n := p.expression()
	if t.kind != kindInt && t.kind != kindBool && t.kind != kindEnum || n < 0 || n > int64(8*t.size) {
		p.fail("invalid C type")
	}
	return int(n)
}

// layOut places the fields as the System V ABI has it.
func (p *parser) layOut(r *record, fields []field, attrs attributes) {
	pack := p.packing[len(p.packing)-1]
	if attrs.packed {
		pack = 1
	}
	r.byName = make(map[string]*field, len(fields))
	r.align = 1
	position, end := 0, 0 // in bits
	for i := range fields {
		f := &fields[i]
		size, ok := f.typ.sizeOf()
		switch {
		case ok:
		case i == len(fields)-1 && f.typ.kind == kindArray && f.typ.count < 0 && r.word == "struct":
			r.variable = f.typ.count == variableCount
		default:
			p.fail("size of C type is unknown or too large")
		}
		align := max(f.typ.alignOf(), 1)
		if f.typ.align < 0 {
			align = 1
		} else if pack > 0 {
			align = min(align, max(pack, f.typ.align))
		}
		if r.word == "union" {
			position = 0
		}
		switch {
		case f.bits < 0:
			position = roundUp(position, 8*align)
			f.offset = position / 8
			f.bits = 0
			position += 8 * size
			r.align = max(r.align, align)
		case f.bits == 0:
			position = roundUp(position, 8*max(size, 1))
			f.typ = typeVoid
		default:
			if unit := 8 * size; pack != 1 && position/unit != (position+f.bits-1)/unit {
				position = roundUp(position, 8*align)
			}
			f.offset = position / 8 / align * align
			f.bit = position - 8*f.offset
			position += f.bits
			if f.name != "" {
				r.align = max(r.align, align)
			}
		}
		end = max(end, position)
		if end/8 > maxSize {
			p.fail("size of C type is unknown or too large")
		}
	}
	r.align = max(r.align, attrs.align)
	r.size = roundUp((end+7)/8, r.align)
	r.fields = make([]field, 0, len(fields))
	for _, f := range fields {
		if f.typ.kind != kindVoid {
			r.fields = append(r.fields, f)
		}
	}
	for i := range r.fields {
		r.addNames(&r.fields[i])
	}
	r.defined = true
}

// addNames makes a field, or those of an anonymous struct or union, known by name.
func (r *record) addNames(f *field) {
	if f.name != "" {
		r.byName[f.name] = f
		return
	}
	if f.typ.kind != kindRecord {
		return
	}
	for name, inner := range f.typ.rec.byName {
		c := *inner
		c.offset += f.offset
		if f.typ.constant {
			c.typ = qualified(c.typ)
		}
		r.byName[name] = &c
	}
}
