package syntax

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// parser reads a chunk and emits code as it goes.
type parser struct {
	lexer
	chunkname string
	source    string
	f         *function
	level     int
	words     map[string]string
}

// Compile turns source text into a function prototype for gopher-lua's interpreter. The prototype is immutable and may
// be shared by any number of states; its SourceName is the short form of chunkname that messages show.
//
// A chunk that LuaJIT would not accept gives an *Error with LuaJIT's message.
func Compile(src, chunkname string) (proto *lua.FunctionProto, err error) {
	p := &parser{chunkname: chunkname, source: ShortSource(chunkname), words: map[string]string{}}
	p.src = src
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			proto, err = nil, r
		default:
			// A fault of the compiler's own is the chunk's problem, not the process's.
			msg := fmt.Sprintf("%s:%d: internal error: %v", p.source, p.line, r)
			proto, err = nil, &Error{Source: p.source, Line: p.line, Msg: msg}
		}
	}()
	p.skipHeader()
	f := newFunction(p, nil, 0)
	f.vararg = true
	p.f = f
	f.enter(&block{}, false)
	p.next()
	p.chunk()
	if p.tok.kind != tkEOF {
		p.expected(tkEOF)
	}
	return p.endFunction(), nil
}

// endFunction closes the function that is being read and goes back to the enclosing one.
func (p *parser) endFunction() *lua.FunctionProto {
	f := p.f
	p.lastLine = p.line
	b := f.block
	f.block = nil
	f.settleMarks(b)
	proto := f.finish(p.line)
	p.f = f.parent
	return proto
}

func (p *parser) enterLevel() {
	if p.level++; p.level >= maxLevels {
		p.fail("", "chunk has too many syntax levels")
	}
}

func (p *parser) leaveLevel() { p.level-- }

// accept consumes the current token if it is k.
func (p *parser) accept(k tokenKind) bool {
	if p.tok.kind != k {
		return false
	}
	p.next()
	return true
}

func (p *parser) require(k tokenKind) {
	if p.tok.kind != k {
		p.expected(k)
	}
	p.next()
}

// closing consumes the token that ends what open began at line.
func (p *parser) closing(what, open tokenKind, line int) {
	if p.accept(what) {
		return
	}
	if line == p.line {
		p.expected(what)
	}
	p.failHere("'%s' expected (to close '%s' at line %d)", what, open, line)
}

// isName reports whether the current token may be used as a name, which goto may.
func (p *parser) isName() bool { return p.tok.kind == tkName || p.tok.kind == tkGoto }

func (p *parser) name() string {
	if !p.isName() {
		p.expected(tkName)
	}
	s := p.tok.text
	p.next()
	return s
}

// chunk reads statements up to the end of a block.
func (p *parser) chunk() {
	p.enterLevel()
	for last := false; !last && !p.atBlockEnd(); {
		last = p.statement()
		p.accept(';')
		p.f.free = len(p.f.active)
	}
	p.leaveLevel()
}

func (p *parser) atBlockEnd() bool {
	switch p.tok.kind {
	case tkElse, tkElseif, tkEnd, tkUntil, tkEOF:
		return true
	}
	return false
}

// scoped reads a block in a scope of its own.
func (p *parser) scoped() {
	p.f.enter(&block{}, false)
	p.chunk()
	p.f.leave()
}
