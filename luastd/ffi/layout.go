package ffi

// layOut places the fields as the System V ABI has it.
func (p *parser) layOut(r *record, fields []field, attrs *attributes) {
	pack := p.packing[len(p.packing)-1]
	if r.byName == nil {
		r.byName = make(map[string]*field, len(fields))
	}
	r.align = max(attrs.align, 1)
	position, end := 0, 0 // in bits
	for i := range fields {
		f := &fields[i]
		size, ok := f.typ.sizeOf()
		switch {
		case ok:
		case f.typ.kind == kindArray && r.word == "struct":
			r.variable = f.typ.count == variableCount
		default:
			p.fail("size of C type is unknown or too large")
		}
		if f.name == "" && f.typ.kind == kindEnum {
			// It declares constants only.
			continue
		}
		align := max(f.typ.alignOf(), 1)
		if f.packed || attrs.packed || f.align > align {
			align = max(f.align, 1)
		}
		if pack > 0 {
			align = min(align, pack)
		}
		r.align = max(r.align, align)
		if r.word == "union" {
			position = 0
		}
		if f.bits < 0 {
			position = roundUp(position, 8*align)
			f.offset, f.bits = position/8, 0
			position += 8 * size
		} else {
			unit := 8 * size
			if f.bits == 0 || f.align > 0 || !f.packed && !attrs.packed && position%(8*align)+f.bits > unit {
				position = roundUp(position, 8*align)
			}
			f.offset, f.bit = position/unit*size, position%unit
			position += f.bits
			if f.bits == unit && f.bit%(8*align) == 0 {
				f.offset, f.bit, f.bits = f.offset+f.bit/8, 0, 0
			}
		}
		end = max(end, position)
		if end/8 > maxSize {
			p.fail("size of C type is unknown or too large")
		}
	}
	r.size = roundUp((end+7)/8, r.align)
	r.fields = fields
	for i := range r.fields {
		r.addNames(&r.fields[i])
	}
	p.d.complete(r)
}

// addConstant makes a constant that is a member.
func (r *record) addConstant(name string, v int64) {
	if r.byName == nil {
		r.byName = map[string]*field{}
	}
	if r.byName[name] == nil {
		r.byName[name] = &field{name: name, constant: true, value: v}
	}
}

// addNames makes a field, or those of an anonymous struct, union or enum, known by name. Of two with one name the first counts.
func (r *record) addNames(f *field) {
	if f.name != "" {
		if r.byName[f.name] == nil {
			r.byName[f.name] = f
		}
		return
	}
	switch f.typ.kind {
	case kindEnum:
		for name, v := range f.typ.rec.names {
			r.addConstant(name, v)
		}
	case kindRecord:
		for name, inner := range f.typ.rec.byName {
			if r.byName[name] != nil {
				continue
			}
			c := *inner
			c.offset += f.offset
			if !c.constant {
				c.typ = withQualifiers(c.typ, f.typ.constant, f.typ.volatile)
			}
			r.byName[name] = &c
		}
	}
}
