package ffi

import "strings"

// attributes parses qualifiers and any number of __attribute__((...)), __asm__("...") and __declspec(...).
func (p *parser) attributes(a *attributes) {
	for p.tok.kind == tokenName {
		switch p.word() {
		case "const":
			a.constant = true
		case "volatile":
			a.volatile = true
		case "restrict", "__extension__", "__cdecl", "__thiscall", "__stdcall", "__fastcall", "__ptr32", "__ptr64":
		case "__asm":
			p.asm(a)
			continue
		case "attribute":
			p.advance()
			p.expect("(")
			p.expect("(")
			p.gnuAttributes(a)
			p.expect(")")
			p.expect(")")
			continue
		case "__declspec":
			p.advance()
			p.expect("(")
			p.declspec(a)
			p.expect(")")
			continue
		default:
			return
		}
		p.advance()
	}
}

func (p *parser) asm(a *attributes) {
	p.advance()
	p.expect("(")
	name := ""
	for ; p.tok.kind == tokenString; p.advance() {
		name += p.tok.text
	}
	if name != "" {
		a.external = name
	}
	p.expect(")")
}

// gnuAttributes parses the list between the parentheses.
func (p *parser) gnuAttributes(a *attributes) {
	for p.tok.kind == tokenName {
		name := strings.TrimSuffix(strings.TrimPrefix(p.tok.text, "__"), "__")
		p.advance()
		switch name {
		case "aligned":
			p.alignment(a)
		case "packed":
			a.packed = true
		case "mode":
			p.expect("(")
			if p.tok.kind == tokenName {
				a.setMode(p.tok.text)
				p.advance()
			}
			p.expect(")")
		case "vector_size":
			p.expect("(")
			a.vector = floorPower(p.size())
			p.expect(")")
		default:
			p.skipArguments()
		}
		if !p.accept(",") {
			return
		}
	}
}

func (p *parser) declspec(a *attributes) {
	for p.tok.kind == tokenName {
		name := p.tok.text
		p.advance()
		if name == "align" {
			p.alignment(a)
		} else {
			p.skipArguments()
		}
	}
}

// alignment parses the optional number of bytes of an attribute; without one it is the largest of the machine.
func (p *parser) alignment(a *attributes) {
	a.align = 16
	if p.accept("(") {
		a.align = min(floorPower(p.size()), 1<<15)
		p.expect(")")
	}
}

// floorPower is the largest power of two up to n, and 1 at least.
func floorPower(n int) int {
	power := 1
	for power <= n/2 {
		power *= 2
	}
	return power
}

func (p *parser) skipArguments() {
	if !p.accept("(") {
		return
	}
	for !p.is(")") && p.tok.kind != tokenEOF {
		p.advance()
	}
	p.expect(")")
}

// setMode reads a machine mode: DI is an integer of 8 bytes, V4SF a vector of 4 floats.
func (a *attributes) setMode(name string) {
	name = strings.TrimPrefix(name, "__")
	count := 0
	if rest, ok := strings.CutPrefix(name, "V"); ok {
		for name = rest; name != "" && name[0] >= '0' && name[0] <= '9'; name = name[1:] {
			count = min(count*10+int(name[0]-'0'), 64)
		}
	}
	if len(name) < 2 || name[1] != 'I' && name[1] != 'F' {
		return
	}
	i := strings.IndexByte("QHSDTO", name[0])
	if i < 0 {
		return
	}
	a.mode = 1 << i
	if count > 0 {
		a.vector = floorPower(count * a.mode)
	}
}

// adorn is t as the attributes want it: of another size, a vector, aligned.
func (a *attributes) adorn(p *parser, t *ctype) *ctype {
	if a.mode > 0 && a.mode <= 16 && t.kind != kindBool && (t.kind == kindInt || t.kind == kindFloat) && a.mode != t.size {
		c := *t
		c.size, c.reference = a.mode, nil
		if c.kind == kindInt && c.size > wordSize {
			p.fail("size of C type is unknown or too large")
		}
		t = &c
	}
	if a.vector > 0 && t.isNumber() {
		if a.vector < t.size {
			p.fail("size of C type is unknown or too large")
		}
		t = &ctype{kind: kindVector, size: a.vector, elem: t, count: a.vector / t.size, constant: t.constant, volatile: t.volatile}
	}
	t = withQualifiers(t, a.constant, a.volatile)
	if a.align > t.align {
		c := *t
		c.align, c.reference = a.align, nil
		t = &c
	}
	return t
}
