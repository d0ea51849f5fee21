package ffi

import (
	"bytes"
	"math"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// library is the ffi of one VM.
type library struct {
	decls     *declarations
	named     map[string]*ctype // types parsed from strings since the last cdef
	space     *addresses
	meta      *lua.LTable
	guardMeta *lua.LTable
	newproxy  lua.LValue
	functions map[string]*lua.LUserData
	errno     int
	// null is ngx.null, which is a NULL pointer to C.
	null lua.LValue
}

// Loader returns the loader of the module ffi, for package.preload. The table that it makes has the VM's declarations, so a VM calls it once.
// null is the Lua value that stands for a NULL pointer, ngx.null.
func Loader(null lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(libraryOf(L, null).table(L))
		return 1
	}
}

const registryKey = "moongate.ffi"

// libraryOf is the ffi of L's VM, made when it is first wanted: by require, or by string.buffer.
func libraryOf(L *lua.LState, null lua.LValue) *library {
	if ud, ok := L.G.Registry.RawGetString(registryKey).(*lua.LUserData); ok {
		lib, _ := ud.Value.(*library)
		return lib
	}
	lib := newLibrary(L, null)
	L.G.Registry.RawSetString(registryKey, &lua.LUserData{Value: lib})
	return lib
}

func newLibrary(L *lua.LState, null lua.LValue) *library {
	lib := &library{
		null:  null,
		decls: newDeclarations(), named: map[string]*ctype{}, space: newAddresses(), newproxy: L.GetGlobal("newproxy"),
		functions: map[string]*lua.LUserData{},
	}
	lib.guardMeta = functionTable(L, map[string]lua.LGFunction{"__gc": lib.finalize})
	lib.meta = functionTable(L, map[string]lua.LGFunction{
		"__index": lib.index, "__newindex": lib.newindex, "__call": lib.call, "__tostring": lib.tostring, "__eq": lib.equal,
		"__lt": lib.compare("__lt"), "__le": lib.compare("__le"),
		"__add": lib.arith("+", "__add"), "__sub": lib.arith("-", "__sub"), "__mul": lib.arith("*", "__mul"), "__div": lib.arith("/", "__div"),
		"__mod": lib.arith("%", "__mod"), "__pow": lib.arith("^", "__pow"), "__unm": lib.arith("-u", "__unm"),
		"__len":    lib.other("__len", "attempt to get length of '%s'"),
		"__concat": lib.other("__concat", "attempt to concatenate '%s' and '%s'"),
		"__pairs":  lib.iterate("__pairs"), "__ipairs": lib.iterate("__ipairs"),
	})
	lib.meta.RawSetString("__metatable", lua.LString("ffi"))
	lib.decls.define(coreTypes, nil)
	return lib
}

func (lib *library) table(L *lua.LState) *lua.LTable {
	t := functionTable(L, map[string]lua.LGFunction{
		"cdef": lib.cdef, "new": lib.new, "sizeof": lib.sizeof, "alignof": lib.alignof, "offsetof": lib.offsetof, "typeof": lib.typeof,
		"cast": lib.castTo, "string": lib.string, "copy": lib.copy, "fill": lib.fill, "istype": lib.istype, "metatype": lib.metatype,
		"gc": lib.gc, "errno": lib.errnoOf, "abi": abi, "load": lib.loadLibrary,
	})
	t.RawSetString("C", lib.namespace(L, "C"))
	t.RawSetString("os", lua.LString(osName()))
	t.RawSetString("arch", lua.LString(archName()))
	return t
}

func functionTable(L *lua.LState, functions map[string]lua.LGFunction) *lua.LTable {
	t := L.CreateTable(0, len(functions)+4)
	for name, fn := range functions {
		t.RawSetString(name, L.NewFunction(fn))
	}
	return t
}

func osName() string {
	switch runtime.GOOS {
	case "linux":
		return "Linux"
	case "windows":
		return "Windows"
	case "darwin":
		return "OSX"
	case "freebsd", "openbsd", "netbsd", "dragonfly":
		return "BSD"
	}
	return "Other"
}

func archName() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

func typeOf(v lua.LValue) (*ctype, bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		if t, ok := ud.Value.(*typeObject); ok {
			return t.typ, true
		}
	}
	return nil, false
}

// parameters are the arguments from n on, as what $ stands for.
func (lib *library) parameters(L *lua.LState, n int) []parameter {
	var list []parameter
	for i := n; n > 0 && i <= L.GetTop(); i++ {
		var p parameter
		switch v := L.Get(i).(type) {
		case lua.LString:
			p.name = string(v)
		case lua.LNumber:
			p.num = int64(v)
		default:
			p.typ = lib.valueType(v)
			if p.typ == nil {
				machine.TypeError(L, i, "type parameter")
			}
		}
		list = append(list, p)
	}
	return list
}

// valueType is the type that a cdata object is or has, nil for other values.
func (lib *library) valueType(v lua.LValue) *ctype {
	if t, ok := typeOf(v); ok {
		return t
	}
	if d := dataOf(v); d != nil {
		return d.typ
	}
	if _, unsigned, ok := cdata.Boxed(v); ok {
		return intType(wordSize, unsigned)
	}
	if ud, ok := v.(*lua.LUserData); ok {
		switch ud.Value.(type) {
		case cdata.Complex:
			return typeComplex
		case cdata.Complex64:
			return typeComplexFloat
		}
	}
	return nil
}

// typeArg is argument n as a C type; strings may have $ for the arguments from params on.
func (lib *library) typeArg(L *lua.LState, n, params int) *ctype {
	v := L.Get(n)
	s, isString := v.(lua.LString)
	if !isString {
		t := lib.valueType(v)
		if t == nil {
			machine.TypeError(L, n, "C type")
		}
		return t
	}
	list := lib.parameters(L, params)
	if t := lib.named[string(s)]; t != nil && len(list) == 0 {
		return t
	}
	t, msg := lib.decls.typeNamed(string(s), list)
	if msg != "" {
		machine.Errorf(L, "%s", msg)
	}
	// A program may make types without end; those with a tag of their own are not to be found again anyway.
	if len(list) == 0 && len(lib.named) < 1<<12 && !strings.Contains(string(s), "{") {
		lib.named[string(s)] = t
	}
	return t
}

// ffi.cdef(def [, params...])
func (lib *library) cdef(L *lua.LState) int {
	s, ok := machine.ToString(L.Get(1))
	if !ok {
		machine.TypeError(L, 1, "string")
	}
	clear(lib.named)
	if msg := lib.decls.define(s, lib.parameters(L, 2)); msg != "" {
		machine.Errorf(L, "%s", msg)
	}
	return 0
}

// ct = ffi.typeof(ct [, params...])
func (lib *library) typeof(L *lua.LState) int {
	L.Push(lib.wrapType(lib.typeArg(L, 1, 2)))
	return 1
}

// cdata = ffi.new(ct [, nelem] [, init...])
func (lib *library) new(L *lua.LState) int { return lib.construct(L, lib.typeArg(L, 1, 0), 2) }

// construct makes an object of type t with the arguments from n on.
func (lib *library) construct(L *lua.LState, t *ctype, n int) int {
	size, ok := t.sizeOf()
	variable := t.isVariable()
	if variable {
		size, ok = t.sizeWith(intArg(L, n))
		n++
	}
	if !ok {
		machine.ArgError(L, 1, "size of C type is unknown or too large")
	}
	var args []lua.LValue
	for i := n; i <= L.GetTop(); i++ {
		args = append(args, L.Get(i))
	}
	if t.kind != kindArray && t.kind != kindRecord && t.kind != kindVector {
		L.Push(lib.newNumber(L, t, args))
		return 1
	}
	if t.ref {
		c := *t
		c.ref = false
		t = &c
	}
	d := data{typ: t, mem: newBlock(size)}
	if variable {
		d.size = size
	}
	lib.initialise(L, t, d.mem.bytes, args)
	ud := lib.wrap(d)
	if t.kind == kindRecord && t.rec.meta != nil {
		if fn := t.rec.meta.RawGetString("__gc"); fn != lua.LNil {
			lib.protect(L, ud, fn)
		}
	}
	L.Push(ud)
	return 1
}

func (lib *library) newNumber(L *lua.LState, t *ctype, args []lua.LValue) lua.LValue {
	if len(args) > 1 && t.kind != kindComplex {
		tooMany(L, t)
	}
	b := make([]byte, t.size)
	if t.kind == kindPointer {
		if len(args) == 0 {
			return lib.wrap(data{typ: t})
		}
		return lib.wrap(lib.toPointer(L, t, args[0], false))
	}
	if t.kind == kindComplex {
		lib.initialise(L, t, b, args)
		return complexValue(b)
	}
	if len(args) == 1 {
		lib.storeScalar(L, t, b, args[0])
	}
	if t.kind == kindFloat {
		return lib.real(t, readFloat(b))
	}
	return lib.scalar(t, readInt(b, t.unsigned))
}

// intArg is argument n as an integer.
func intArg(L *lua.LState, n int) int {
	if bits, _, ok := cdata.Integer(L.Get(n)); ok {
		return int(bits)
	}
	if L.GetTop() < n {
		machine.ArgError(L, n, "value expected")
	}
	f, ok := L.Get(n).(lua.LNumber)
	if !ok {
		badArgument(L, n, typeInt)
	}
	if !(math.Abs(float64(f)) < 1<<53) {
		return math.MaxInt
	}
	return int(f)
}

// cdata = ffi.cast(ct, init)
func (lib *library) castTo(L *lua.LState) int {
	t := lib.typeArg(L, 1, 0)
	if L.GetTop() < 2 {
		machine.ArgError(L, 2, "value expected")
	}
	L.Push(lib.cast(L, t, L.Get(2)))
	return 1
}

// size = ffi.sizeof(ct [, nelem])
func (lib *library) sizeof(L *lua.LState) int {
	if d := dataOf(L.Get(1)); d != nil && d.size > 0 {
		L.Push(machine.Number(L, float64(d.size)))
		return 1
	}
	t := lib.typeArg(L, 1, 0)
	size, ok := t.sizeOf()
	switch d := dataOf(L.Get(1)); {
	case t.isVariable() && d != nil:
		size, ok = 0, t.kind == kindArray
	case t.isVariable():
		if size, ok = t.sizeWith(intArg(L, 2)); !ok {
			machine.ArgError(L, 2, "size of C type is unknown or too large")
		}
	}
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(machine.Number(L, float64(size)))
	return 1
}

// align = ffi.alignof(ct)
func (lib *library) alignof(L *lua.LState) int {
	L.Push(machine.Number(L, float64(lib.typeArg(L, 1, 0).alignOf())))
	return 1
}

// ofs [, bpos, bsize] = ffi.offsetof(ct, field)
func (lib *library) offsetof(L *lua.LState) int {
	t := lib.typeArg(L, 1, 0)
	name, ok := L.Get(2).(lua.LString)
	if !ok {
		machine.TypeError(L, 2, "string")
	}
	if t.kind != kindRecord {
		return 0
	}
	f := t.rec.byName[string(name)]
	if f == nil || f.constant {
		return 0
	}
	L.Push(machine.Number(L, float64(f.offset)))
	if f.bits == 0 {
		return 1
	}
	L.Push(machine.Number(L, float64(f.bit)))
	L.Push(machine.Number(L, float64(f.bits)))
	return 3
}

// status = ffi.istype(ct, obj)
func (lib *library) istype(L *lua.LState) int {
	t := lib.typeArg(L, 1, 0)
	v := L.Get(2)
	if L.GetTop() < 2 {
		machine.ArgError(L, 2, "value expected")
	}
	result := false
	if s := lib.valueType(v); s != nil {
		if t.kind == kindRecord && s.kind == kindPointer {
			s = s.elem
		}
		result = same(t, s)
	}
	L.Push(lua.LBool(result))
	return 1
}

// pointerArg is argument n as a pointer.
func (lib *library) pointerArg(L *lua.LState, n int, t *ctype, cast bool) data {
	if L.GetTop() < n {
		machine.ArgError(L, n, "value expected")
	}
	d, ok := lib.tryPointer(L, t, L.Get(n), cast)
	if !ok {
		badArgument(L, n, t)
	}
	return d
}

var (
	constChar = pointerTo(qualified(typeChar))
	constVoid = pointerTo(qualified(typeVoid))
	voidStar  = pointerTo(typeVoid)
)

// s = ffi.string(ptr [, len])
func (lib *library) string(L *lua.LState) int {
	if L.GetTop() > 1 && L.Get(2) != lua.LNil {
		n := intArg(L, 2)
		d := lib.pointerArg(L, 1, constVoid, false)
		if n < 0 {
			machine.Throw(L, lua.LString("string length overflow"))
		}
		L.Push(lua.LString(lib.room(L, d.mem, d.off, n, d.bits)))
		return 1
	}
	if s, ok := L.Get(1).(lua.LString); ok {
		text, _, _ := strings.Cut(string(s), "\x00")
		L.Push(lua.LString(text))
		return 1
	}
	src := dataOf(L.Get(1))
	d := lib.pointerArg(L, 1, constChar, src != nil && src.typ.kind == kindPointer && src.typ.elem.kind == kindVoid)
	b := lib.text(L, &d)
	if src != nil && src.typ.kind == kindArray && src.typ.count >= 0 {
		b = b[:min(len(b), src.typ.count)]
	}
	L.Push(lua.LString(b))
	return 1
}

// text is the memory from a pointer to the next zero, or to the end of the object.
func (lib *library) text(L *lua.LState, d *data) []byte {
	lib.room(L, d.mem, d.off, 0, d.bits)
	b := d.mem.bytes[d.off:]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return b
}

// ffi.copy(dst, src, len), ffi.copy(dst, str)
func (lib *library) copy(L *lua.LState) int {
	dst := lib.pointerArg(L, 1, voidStar, false)
	src := lib.pointerArg(L, 2, constVoid, false)
	s, isString := L.Get(2).(lua.LString)
	var n int
	switch {
	case L.GetTop() > 2:
		n = intArg(L, 3)
	case isString:
		n = len(s) + 1
	default:
		n = intArg(L, 3)
	}
	if isString && n == len(s)+1 {
		// The zero behind a string is not in its memory.
		b := lib.room(L, dst.mem, dst.off, n, dst.bits)
		writable(L, dst.mem)
		b[copy(b, s)] = 0
		return 0
	}
	from := lib.room(L, src.mem, src.off, n, src.bits)
	to := lib.room(L, dst.mem, dst.off, n, dst.bits)
	writable(L, dst.mem)
	copy(to, from)
	return 0
}

// ffi.fill(dst, len [, c])
func (lib *library) fill(L *lua.LState) int {
	dst := lib.pointerArg(L, 1, voidStar, false)
	n := intArg(L, 2)
	c := byte(0)
	if L.GetTop() > 2 {
		c = byte(intArg(L, 3))
	}
	b := lib.room(L, dst.mem, dst.off, n, dst.bits)
	writable(L, dst.mem)
	for i := range b {
		b[i] = c
	}
	return 0
}

// err = ffi.errno([newerr])
func (lib *library) errnoOf(L *lua.LState) int {
	old := lib.errno
	if L.GetTop() > 0 {
		lib.errno = intArg(L, 1)
	}
	L.Push(machine.Number(L, float64(old)))
	return 1
}

// status = ffi.abi(param)
func abi(L *lua.LState) int {
	name, ok := machine.ToString(L.Get(1))
	if !ok {
		machine.TypeError(L, 1, "string")
	}
	switch name {
	case "64bit", "le", "fpu", "hardfp", "gc64", "dualnum":
		L.Push(lua.LBool(name != "dualnum"))
	default:
		L.Push(lua.LFalse)
	}
	return 1
}
