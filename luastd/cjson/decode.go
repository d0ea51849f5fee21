package cjson

import (
	"slices"
	"strconv"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// parser reads one text at a time. Like the C code, which it follows in this, it takes a
// zero byte for the end of the text.
type parser struct {
	L     *lua.LState
	m     *module
	text  string
	at    int
	depth int
	err   string

	// The token read last: where it begins and, by kind, what it holds. raw may be part of
	// text or of scratch and must be copied.
	start  int
	raw    string
	num    float64
	truth  bool
	whole  bool // of a number: it was read as an integer
	reason string

	// values and names hold the members of all unfinished tables, so that each table is
	// made with its final size.
	values, names []lua.LValue

	scratch []byte
	// chunk is where short strings are copied to, several to an allocation, and heads where
	// Lua's values of them are. Both are small, so that a string that lives on keeps little else alive.
	chunk  []byte
	heads  []lua.LString
	seen   [nameCacheSize]lua.LValue
	shapes [shapeCacheSize]*machine.Shape
}

const (
	chunkSize      = 1024
	maxChunkString = 128
	// nameCacheSize is a power of two.
	nameCacheSize = 128
	maxCachedName = 32
	// shapeCacheSize is how many lists of names are kept, of at most maxShape names; it is a power of two.
	shapeCacheSize = 32
	maxShape       = 32
	headsSize      = 32
	// maxKeptValues is how many entries the stacks keep room for between two texts.
	maxKeptValues = 4096
)

type token uint8

const (
	tokObjBegin token = iota
	tokObjEnd
	tokArrBegin
	tokArrEnd
	tokString
	tokNumber
	tokBoolean
	tokNull
	tokColon
	tokComma
	tokEnd
	tokError
)

// tokenNames are what errors call the tokens, but for whole numbers, which are T_INTEGER.
var tokenNames = [...]string{
	tokObjBegin: "T_OBJ_BEGIN", tokObjEnd: "T_OBJ_END", tokArrBegin: "T_ARR_BEGIN", tokArrEnd: "T_ARR_END",
	tokString: "T_STRING", tokNumber: "T_NUMBER", tokBoolean: "T_BOOLEAN", tokNull: "T_NULL",
	tokColon: "T_COLON", tokComma: "T_COMMA", tokEnd: "T_END",
}

// parse returns the value of text, or what is wrong with it.
func (p *parser) parse(L *lua.LState, m *module, text string) (lua.LValue, string) {
	if len(text) >= 2 && (text[0] == 0 || text[1] == 0) {
		return nil, "JSON parser does not support UTF-16 or UTF-32"
	}
	p.L, p.m, p.text, p.at, p.depth, p.err = L, m, text, 0, 0, ""
	v := p.value(p.next())
	if p.err == "" {
		if tok := p.next(); tok != tokEnd {
			p.unexpected("the end", tok)
		}
	}
	p.L, p.text, p.raw = nil, "", ""
	if p.err != "" || cap(p.values) > maxKeptValues || cap(p.names) > maxKeptValues {
		p.values, p.names = nil, nil
	}
	if cap(p.scratch) > maxKeptBuffer {
		p.scratch = nil
	}
	return v, p.err
}

// value returns the value that begins with tok. After a failure err is set and the value
// is worth nothing.
func (p *parser) value(tok token) lua.LValue {
	switch tok {
	case tokString:
		return p.string(p.copyString(p.raw))
	case tokNumber:
		return machine.Number(p.L, p.num)
	case tokBoolean:
		return lua.LBool(p.truth)
	case tokNull:
		return p.m.null
	case tokObjBegin:
		return p.object()
	case tokArrBegin:
		return p.array()
	}
	p.unexpected("value", tok)
	return nil
}

func (p *parser) descend() bool {
	if p.depth++; p.depth <= p.m.decodeMaxDepth && p.depth <= hardMaxDepth {
		return true
	}
	p.err = "Found too many nested data structures (" + strconv.Itoa(p.depth) + ") at character " + strconv.Itoa(p.at)
	return false
}

func (p *parser) object() lua.LValue {
	if !p.descend() {
		return nil
	}
	values, names := len(p.values), len(p.names)
	for tok := p.next(); tok != tokObjEnd; {
		if tok != tokString {
			p.unexpected("object key string", tok)
			return nil
		}
		name := p.name(p.raw)
		if tok = p.next(); tok != tokColon {
			p.unexpected("colon", tok)
			return nil
		}
		v := p.value(p.next())
		if p.err != "" {
			return nil
		}
		p.values, p.names = append(p.values, v), append(p.names, name)
		if tok = p.next(); tok == tokObjEnd {
			break
		}
		if tok != tokComma {
			p.unexpected("comma or object end", tok)
			return nil
		}
		if tok = p.next(); tok == tokObjEnd {
			p.unexpected("object key string", tok)
			return nil
		}
	}
	p.depth--
	t := p.record(p.names[names:], p.values[values:])
	clear(p.values[values:])
	p.values, p.names = p.values[:values], p.names[:names]
	return t
}

// record makes a table, of the same shape as one before with the same names where that is at hand.
func (p *parser) record(names, values []lua.LValue) lua.LValue {
	if len(names) == 0 || len(names) > maxShape {
		return machine.NewRecord(slices.Clone(names), values)
	}
	first, last := names[0].(lua.LString), names[len(names)-1].(lua.LString)
	h := len(names)*7 + len(first) + 3*len(last)
	if first != "" && last != "" {
		h += int(first[len(first)-1]) + 5*int(last[len(last)-1])
	}
	kept := &p.shapes[h&(shapeCacheSize-1)]
	if *kept == nil || !slices.Equal((*kept).Names(), names) {
		*kept = machine.NewShape(slices.Clone(names))
	}
	return (*kept).Record(values)
}

func (p *parser) array() lua.LValue {
	if !p.descend() {
		return nil
	}
	values := len(p.values)
	for tok := p.next(); tok != tokArrEnd; {
		v := p.value(tok)
		if p.err != "" {
			return nil
		}
		p.values = append(p.values, v)
		if tok = p.next(); tok == tokArrEnd {
			break
		}
		if tok != tokComma {
			p.unexpected("comma or array end", tok)
			return nil
		}
		if tok = p.next(); tok == tokArrEnd {
			p.unexpected("value", tok)
			return nil
		}
	}
	p.depth--
	t := machine.NewList(p.values[values:])
	clear(p.values[values:])
	p.values = p.values[:values]
	if p.m.arrayWithArrayMT {
		t.Metatable = p.m.array
	}
	return t
}

func (p *parser) unexpected(want string, tok token) {
	found := tokenNames[min(tok, tokEnd)]
	switch {
	case tok == tokError:
		found = p.reason
	case tok == tokNumber && p.whole:
		found = "T_INTEGER"
	}
	p.err = "Expected " + want + " but found " + found + " at character " + strconv.Itoa(p.start+1)
}

// copyString returns a copy of s that keeps at most a chunk alive.
func (p *parser) copyString(s string) string {
	if len(s) > maxChunkString {
		return strings.Clone(s)
	}
	if len(s) == 0 {
		return ""
	}
	if len(s) > cap(p.chunk)-len(p.chunk) {
		p.chunk = make([]byte, 0, max(len(s), min(chunkSize, len(p.text)-p.at+len(s))))
	}
	from := len(p.chunk)
	p.chunk = append(p.chunk, s...)
	return unsafe.String(&p.chunk[from], len(s))
}

// string makes a Lua value of s.
func (p *parser) string(s string) lua.LValue {
	if len(s) > maxChunkString {
		return lua.LString(s)
	}
	if len(p.heads) == cap(p.heads) {
		p.heads = make([]lua.LString, 0, headsSize)
	}
	p.heads = append(p.heads, lua.LString(s))
	return machine.String(&p.heads[len(p.heads)-1])
}

// name is string for the name of a member, which has often been seen before.
func (p *parser) name(s string) lua.LValue {
	if len(s) > maxCachedName || s == "" {
		return p.string(p.copyString(s))
	}
	n := len(s)
	h := uint(n)*31 + uint(s[0]) + uint(s[n/2])*7 + uint(s[n-1])*17
	cached := &p.seen[(h^h>>7)&(nameCacheSize-1)]
	if known, ok := (*cached).(lua.LString); !ok || string(known) != s {
		*cached = lua.LString(strings.Clone(s))
	}
	return *cached
}
