package ffi

// precedence of binary operators; higher binds tighter.
var precedence = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8,
	"+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}

// expression evaluates a constant expression of integers.
func (p *parser) expression() int64 {
	p.enter()
	defer p.leave()
	v := p.binary(1)
	if !p.accept("?") {
		return v
	}
	a := p.expression()
	p.expect(":")
	b := p.expression()
	if v != 0 {
		return a
	}
	return b
}

func (p *parser) binary(lowest int) int64 {
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

func (p *parser) compute(op string, a, b int64) int64 {
	truth := func(v bool) int64 {
		if v {
			return 1
		}
		return 0
	}
	switch op {
	case "||":
		return truth(a != 0 || b != 0)
	case "&&":
		return truth(a != 0 && b != 0)
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "&":
		return a & b
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
		return a << (uint64(b) & 63)
	case ">>":
		return a >> (uint64(b) & 63)
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	}
	if b == 0 {
		p.fail("invalid value")
	}
	if op == "%" {
		return a % b
	}
	return a / b
}

func (p *parser) unary() int64 {
	p.enter()
	defer p.leave()
	switch {
	case p.tok.kind == tokenInteger:
		v := p.tok.num
		p.advance()
		return v
	case p.accept("-"):
		return -p.unary()
	case p.accept("+"):
		return p.unary()
	case p.accept("~"):
		return ^p.unary()
	case p.accept("!"):
		if p.unary() == 0 {
			return 1
		}
		return 0
	case p.is("$"):
		v := p.parameter()
		p.advance()
		return v.num
	case p.accept("("):
		if p.isTypeStart() {
			t := p.typeName()
			p.expect(")")
			v := p.unary()
			if t.kind != kindInt {
				p.fail("invalid C type")
			}
			return truncate(v, t)
		}
		v := p.expression()
		p.expect(")")
		return v
	case p.tok.kind == tokenName:
		return p.named()
	}
	p.unexpected()
	return 0
}

// named evaluates a constant, sizeof or alignof.
func (p *parser) named() int64 {
	switch name := p.tok.text; name {
	case "sizeof", "_Alignof", "__alignof__", "__alignof":
		p.advance()
		p.expect("(")
		t := p.typeName()
		p.expect(")")
		if name != "sizeof" {
			return int64(t.alignOf())
		}
		n, ok := t.sizeOf()
		if !ok {
			p.fail("size of C type is unknown or too large")
		}
		return int64(n)
	default:
		s := p.d.symbols[name]
		if s == nil || !s.constant {
			p.unexpected()
		}
		p.advance()
		return s.value
	}
}
