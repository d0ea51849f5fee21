package syntax

import lua "github.com/yuin/gopher-lua"

// maxHint is the largest size that NEWTABLE can announce.
const maxHint = 1<<9 - 1

// constructor is a table constructor being read.
//
// Deviation: where two fields have the same key, the later one wins, and positional fields win over others in the same batch of 50. In
// LuaJIT constant fields are stored before all others.
type constructor struct {
	table  expr
	item   expr
	queued int
	array  int
	hash   int
	// items has one entry for each field, as far as their number can be announced.
	items []item
}

func (p *parser) table() expr {
	f := p.f
	line := p.line
	at := f.emitABC(lua.OP_NEWTABLE, 0, 0, 0)
	c := constructor{table: newExpr(relocatable, at), item: newExpr(noValue, 0)}
	f.toNextReg(&c.table)
	p.require('{')
	for p.tok.kind != '}' {
		f.flushItem(&c)
		free := f.free
		switch {
		case p.tok.kind == '[':
			key, isString := p.bracketed()
			p.pair(&c, &key, isString, free)
		case p.isName() && p.lookahead() == '=':
			key := newExpr(isConst, f.stringConst(p.name()))
			p.pair(&c, &key, true, free)
		default:
			c.item = p.expression()
			c.array++
			c.queued++
			c.note(c.item.item())
		}
		if !p.accept(',') && !p.accept(';') {
			break
		}
	}
	p.closing('}', '{', line)
	f.flushLast(&c)
	if c.array > 0 {
		setB(&f.code[at], min(room(c.items), maxHint))
	}
	setC(&f.code[at], min(c.hash, maxHint))
	return c.table
}

func (c *constructor) note(it item) {
	if len(c.items) < maxHint {
		c.items = append(c.items, it)
	}
}

// pair reads "= value" and stores it. The registers from free on are given back.
func (p *parser) pair(c *constructor, key *expr, isString bool, free int) {
	f := p.f
	c.hash++
	if isString {
		c.note(named)
	} else {
		c.note(keyed)
	}
	target := c.table
	f.index(&target, key, isString)
	p.require('=')
	value := p.expression()
	f.assign(&target, &value)
	f.free = free
}

// flushItem puts the item read last into its register, and a full batch of items into the table.
func (f *function) flushItem(c *constructor) {
	if c.item.kind == noValue {
		return
	}
	f.toNextReg(&c.item)
	c.item.kind = noValue
	if c.queued == lua.FieldsPerFlush {
		f.setList(c.table.info, c.array, c.queued)
		c.queued = 0
	}
}

func (f *function) flushLast(c *constructor) {
	if c.queued == 0 {
		return
	}
	if c.item.isMulti() {
		f.setReturns(&c.item, -1)
		f.setList(c.table.info, c.array, -1)
		return
	}
	if c.item.kind != noValue {
		f.toNextReg(&c.item)
	}
	f.setList(c.table.info, c.array, c.queued)
}

// setList stores n values from the registers above the table, all up to the top where n is negative.
func (f *function) setList(table, total, n int) {
	batch := (total-1)/lua.FieldsPerFlush + 1
	if batch <= maxHint {
		f.emitABC(lua.OP_SETLIST, table, max(n, 0), batch)
	} else {
		f.emitABC(lua.OP_SETLIST, table, max(n, 0), 0)
		f.emit(uint32(batch))
	}
	f.free = table + 1
}
