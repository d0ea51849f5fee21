package ffi

import "math"

// precedence of binary operators; higher binds tighter.
var precedence = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8,
	"+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}

// integer is the value of a constant expression: 32 bits with or without sign, which is all that LuaJIT computes with.
type integer struct {
	n        int64
	unsigned bool
}

// normal cuts a result to 32 bits.
func normal(n int64, unsigned bool) integer {
	if unsigned {
		return integer{int64(uint32(n)), true}
	}
	return integer{int64(int32(n)), false}
}

func truth(v bool) integer {
	if v {
		return integer{n: 1}
	}
	return integer{}
}

// constant evaluates an expression; operators up to a comma belong to it.
func (p *parser) constant() integer {
	p.enter()
	defer p.leave()
	v := p.binary(1)
	if !p.accept("?") {
		return v
	}
	a := p.constant()
	p.expect(":")
	b := p.constant()
	unsigned := a.unsigned || b.unsigned
	if v.n != 0 {
		return normal(a.n, unsigned)
	}
	return normal(b.n, unsigned)
}

// size evaluates an expression as a number of something.
func (p *parser) size() int {
	v := p.constant()
	if v.n < 0 || v.n > maxSize {
		p.fail("size of C type is unknown or too large")
	}
	return int(v.n)
}

func (p *parser) binary(lowest int) integer {
	v := p.unary()
	for p.tok.kind == tokenPunct {
		op := p.tok.text
		level := precedence[op]
		if level == 0 || level < lowest {
			break
		}
		p.advance()
		v = p.compute(op, v, p.binary(level+1))
	}
	return v
}

func (p *parser) compute(op string, x, y integer) integer {
	unsigned := x.unsigned || y.unsigned
	a, b := normal(x.n, unsigned).n, normal(y.n, unsigned).n
	switch op {
	case "||":
		return truth(a != 0 || b != 0)
	case "&&":
		return truth(a != 0 && b != 0)
	case "|":
		a |= b
	case "^":
		a ^= b
	case "&":
		a &= b
	case "==":
		return truth(a == b)
	case "!=":
		return truth(a != b)
	case "<":
		return truth(a < b)
	case ">":
		return truth(a > b)
	case "<=":
		return truth(a <= b)
	case ">=":
		return truth(a >= b)
	case "<<":
		return normal(x.n<<(uint64(y.n)&31), x.unsigned)
	case ">>":
		return normal(x.n>>(uint64(y.n)&31), x.unsigned)
	case "+":
		a += b
	case "-":
		a -= b
	case "*":
		a *= b
	default:
		if b == 0 || b == -1 && a == math.MinInt32 && !unsigned {
			p.fail("invalid value")
		}
		if op == "%" {
			a %= b
		} else {
			a /= b
		}
	}
	return normal(a, unsigned)
}

func (p *parser) unary() integer {
	p.enter()
	defer p.leave()
	v := p.primary()
	// A member of a structure is no constant.
	if p.is(".") {
		p.advance()
		p.lx.fail(p.near(), "'%s' expected", "<identifier>")
	}
	return v
}

func (p *parser) primary() integer {
	switch {
	case p.tok.kind == tokenInteger:
		v := integer{p.tok.num, p.tok.unsigned}
		p.advance()
		return v
	case p.tok.kind == tokenString:
		p.fail("invalid value")
	case p.accept("-"):
		v := p.unary()
		return normal(-v.n, v.unsigned)
	case p.accept("*"), p.accept("&"):
		p.unary()
		p.fail("invalid C type")
	case p.accept("+"):
		return p.unary()
	case p.accept("~"):
		v := p.unary()
		return normal(^v.n, v.unsigned)
	case p.accept("!"):
		return truth(p.unary().n == 0)
	case p.accept("("):
		if p.isTypeStart() {
			t := p.typeName()
			p.expect(")")
			v := p.unary()
			if t.kind != kindInt && t.kind != kindBool && t.kind != kindEnum || t.size > 4 {
				p.fail("invalid C type")
			}
			return integer{truncate(v.n, t), t.unsigned && t.size == 4}
		}
		v := p.constant()
		for p.accept(",") {
			v = p.constant()
		}
		p.expect(")")
		return v
	case p.tok.kind == tokenName:
		return p.named()
	}
	p.unexpected()
	return integer{}
}

// named evaluates a constant, sizeof or alignof.
func (p *parser) named() integer {
	switch name := p.tok.text; name {
	case "sizeof", "_Alignof", "__alignof__", "__alignof":
		p.advance()
		t := typeInt
		if p.is("(") {
			p.advance()
			if p.isTypeStart() {
				t = p.typeName()
			} else {
				p.constant()
			}
			p.expect(")")
		} else {
			p.unary()
		}
		if name != "sizeof" {
			return integer{int64(t.alignOf()), true}
		}
		n, ok := t.sizeOf()
		if !ok {
			p.fail("size of C type is unknown or too large")
		}
		return integer{int64(n), true}
	default:
		s := p.d.symbols[name]
		if s == nil || !s.constant {
			p.unexpected()
		}
		p.advance()
		return integer{s.value, s.value > math.MaxInt32}
	}
}
