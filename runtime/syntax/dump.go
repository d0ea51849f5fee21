package syntax

import (
	"encoding/binary"
	"errors"
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
)

// dumpHeader begins what Dump makes: the mark of LuaJIT's bytecode, then that of ours.
const dumpHeader = "\x1bLJ\x02mg1"

// Signature begins all precompiled chunks, LuaJIT's and ours.
const Signature = "\x1bLJ"

var (
	errForeignDump = errors.New("cannot load incompatible bytecode")
	errBadDump     = errors.New("cannot load malformed bytecode")
)

// Dump writes a function as a string, without its captured variables: string.dump.
func Dump(proto *lua.FunctionProto) string {
	w := dumper{b: []byte(dumpHeader)}
	w.str(ChunkName(proto))
	w.proto(proto)
	return string(w.b)
}

// Undump reads what Dump wrote. LuaJIT's own bytecode cannot be run and is refused.
func Undump(s string) (proto *lua.FunctionProto, err error) {
	if len(s) < len(dumpHeader) || s[:len(dumpHeader)] != dumpHeader {
		return nil, errForeignDump
	}
	r := undumper{s: s[len(dumpHeader):]}
	name := r.str()
	proto = r.proto(name, 0)
	if r.bad || r.s != "" {
		return nil, errBadDump
	}
	return proto, nil
}

type dumper struct{ b []byte }

func (w *dumper) uint(v int) { w.b = binary.AppendUvarint(w.b, uint64(v)) }

func (w *dumper) str(s string) {
	w.uint(len(s))
	w.b = append(w.b, s...)
}

func (w *dumper) proto(p *lua.FunctionProto) {
	for _, v := range [...]int{
		p.LineDefined, p.LastLineDefined, int(p.NumUpvalues), int(p.NumParameters), int(p.IsVarArg), int(p.NumUsedRegisters),
		len(p.Code), len(p.Constants), len(p.FunctionPrototypes), len(p.DbgLocals), len(p.DbgCalls),
	} {
		w.uint(v)
	}
	for i, c := range p.Code {
		w.b = binary.LittleEndian.AppendUint32(w.b, c)
		w.uint(p.DbgSourcePositions[i])
	}
	for _, k := range p.Constants {
		w.constant(k)
	}
	for _, sub := range p.FunctionPrototypes {
		w.proto(sub)
	}
	for _, v := range p.DbgLocals {
		w.str(v.Name)
		w.uint(v.StartPc + 1)
		w.uint(v.EndPc)
	}
	for _, c := range p.DbgCalls {
		w.str(c.Name)
		w.uint(c.Pc)
	}
	for _, name := range p.DbgUpvalues[:p.NumUpvalues] {
		w.str(name)
	}
}

func (w *dumper) constant(k lua.LValue) {
	tag, bits := byte('n'), uint64(0)
	switch k := k.(type) {
	case lua.LString:
		w.b = append(w.b, 's')
		w.str(string(k))
		return
	case lua.LBool:
		tag = 'f'
		if k {
			tag = 't'
		}
		w.b = append(w.b, tag)
		return
	case lua.LNumber:
		tag, bits = 'd', math.Float64bits(float64(k))
	case *lua.LUserData:
		switch v := k.Value.(type) {
		case cdata.Int64:
			tag, bits = 'i', uint64(v)
		case cdata.Uint64:
			tag, bits = 'u', uint64(v)
		case cdata.Complex:
			tag, bits = 'c', math.Float64bits(imag(v))
		}
	}
	w.b = append(w.b, tag)
	if tag != 'n' {
		w.b = binary.LittleEndian.AppendUint64(w.b, bits)
	}
}

type undumper struct {
	s   string
	bad bool
}

// uint reads a number; what is not one, or cannot be a size, makes the dump bad.
func (r *undumper) uint() int {
	v, n := binary.Uvarint([]byte(r.s[:min(len(r.s), binary.MaxVarintLen64)]))
	if n <= 0 || v > math.MaxInt32 {
		r.fail()
		return 0
	}
	r.s = r.s[n:]
	return int(v)
}

// size is the number of items to come, each of which takes a byte at least.
func (r *undumper) size() int {
	n := r.uint()
	if n > len(r.s) {
		r.fail()
		return 0
	}
	return n
}

func (r *undumper) fail() { r.bad, r.s = true, "" }

func (r *undumper) take(n int) string {
	if n > len(r.s) {
		r.fail()
		return string(make([]byte, min(n, 8)))
	}
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

func (r *undumper) str() string { return r.take(r.size()) }

func (r *undumper) proto(chunkname string, depth int) *lua.FunctionProto {
	p := &lua.FunctionProto{SourceName: ShortSource(chunkname)}
	if depth > maxLevels {
		r.fail()
	}
	p.LineDefined, p.LastLineDefined = r.uint(), r.uint()
	p.NumUpvalues, p.NumParameters = uint8(r.uint()), uint8(r.uint())
	p.IsVarArg, p.NumUsedRegisters = uint8(r.uint()), uint8(r.uint())
	p.IsVarArg |= Native
	code, constants, subs, locals, calls := r.size(), r.size(), r.size(), r.size(), r.size()
	for range code {
		if r.bad {
			return p
		}
		p.Code = append(p.Code, binary.LittleEndian.Uint32([]byte(r.take(4))))
		p.DbgSourcePositions = append(p.DbgSourcePositions, r.uint())
	}
	p.Code = withHints(p.Code)
	for range constants {
		p.Constants = append(p.Constants, r.constant())
	}
	for range subs {
		if r.bad {
			return p
		}
		p.FunctionPrototypes = append(p.FunctionPrototypes, r.proto(chunkname, depth+1))
	}
	for range locals {
		p.DbgLocals = append(p.DbgLocals, &lua.DbgLocalInfo{Name: r.str(), StartPc: r.uint() - 1, EndPc: r.uint()})
	}
	for range calls {
		p.DbgCalls = append(p.DbgCalls, lua.DbgCall{Name: r.str(), Pc: r.uint()})
	}
	for range p.NumUpvalues {
		p.DbgUpvalues = append(p.DbgUpvalues, r.str())
	}
	p.DbgUpvalues = append(p.DbgUpvalues, chunkname)
	if !r.bad && !sound(p) {
		r.fail()
	}
	setNames(p)
	return p
}

func (r *undumper) constant() lua.LValue {
	tag := r.take(1)[0]
	switch tag {
	case 's':
		return lua.LString(r.str())
	case 'n':
		return lua.LNil
	case 't', 'f':
		return lua.LBool(tag == 't')
	}
	bits := binary.LittleEndian.Uint64([]byte(r.take(8)))
	switch tag {
	case 'd':
		return lua.LNumber(math.Float64frombits(bits))
	case 'i':
		return cdata.NewInt64(int64(bits))
	case 'u':
		return cdata.NewUint64(bits)
	case 'c':
		return cdata.NewComplex(complex(0, math.Float64frombits(bits)))
	}
	r.fail()
	return lua.LNil
}
