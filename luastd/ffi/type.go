package ffi

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

type kind uint8

const (
	kindVoid kind = iota
	kindBool
	kindInt
	kindFloat
	kindEnum
	kindPointer
	kindArray
	kindRecord
	kindFunction
	kindComplex // elem is the type of the two parts
	kindVector  // elem and count, as of an array
)

// Numbers of elements that are not known from the declaration.
const (
	unknownCount  = -1 // int a[]
	variableCount = -2 // int a[?]
)

const (
	wordSize = 8
	// maxSize bounds a C type and an object, as in LuaJIT.
	maxSize = 1<<31 - 1
)

// ctype is a C type. Qualified versions are copies, so types are compared with same.
type ctype struct {
	kind     kind
	size     int // of numbers
	align    int // a minimum asked for by an attribute, or 0
	unsigned bool
	constant bool
	volatile bool
	ref      bool    // printed with &: a reference, as to a struct or array inside another object
	elem     *ctype  // of a pointer or array; what a function returns
	count    int     // of an array
	rec      *record // of a struct, union or enum
	params   []*ctype
	variadic bool
	// reference is the same type with ref set, made when it is first wanted.
	reference *ctype
}

// record is what all mentions of a struct, union or enum share.
type record struct {
	tag     string
	word    string // struct, union, enum
	defined bool
	size    int
	align   int
	fields  []field // as declared, bit-fields and anonymous ones included
	byName  map[string]*field
	// variable is set if the last field is an array of variable length.
	variable bool
	names    map[string]int64 // of an enum
	meta     *lua.LTable
}

// field is a member. bits is 0 unless it is a bit-field, which begins at bit of the storage unit at offset.
type field struct {
	name      string
	typ       *ctype
	offset    int
	bit, bits int
	packed    bool
	align     int // asked for by an attribute, or 0
	// constant is set for a static constant or one of an enum, which value is.
	constant bool
	value    int64
}

func intType(size int, unsigned bool) *ctype {
	return &ctype{kind: kindInt, size: size, unsigned: unsigned}
}

var (
	typeVoid   = &ctype{kind: kindVoid}
	typeBool   = &ctype{kind: kindBool, size: 1, unsigned: true}
	typeChar   = intType(1, false)
	typeInt    = intType(4, false)
	typeInt64  = intType(8, false)
	typeUint64 = intType(8, true)
	typeFloat  = &ctype{kind: kindFloat, size: 4}
	typeDouble = &ctype{kind: kindFloat, size: 8}

	typeComplex      = &ctype{kind: kindComplex, size: 16, elem: typeDouble}
	typeComplexFloat = &ctype{kind: kindComplex, size: 8, elem: typeFloat}
)

// predefined are the type names that need no declaration.
func predefined() map[string]*ctype {
	m := map[string]*ctype{
		"int8_t": typeChar, "uint8_t": intType(1, true), "int16_t": intType(2, false), "uint16_t": intType(2, true),
		"int32_t": typeInt, "uint32_t": intType(4, true), "int64_t": typeInt64, "uint64_t": typeUint64,
		"wchar_t": typeInt, "va_list": pointerTo(typeVoid), "__builtin_va_list": pointerTo(typeVoid), "__gnuc_va_list": pointerTo(typeVoid),
	}
	for _, name := range []string{"size_t", "uintptr_t"} {
		m[name] = typeUint64
	}
	for _, name := range []string{"ssize_t", "intptr_t", "ptrdiff_t"} {
		m[name] = typeInt64
	}
	return m
}

func pointerTo(t *ctype) *ctype { return &ctype{kind: kindPointer, size: wordSize, elem: t} }

// referenced is t as LuaJIT names it where it is part of another object: struct s &.
func referenced(t *ctype) *ctype {
	if t.ref {
		return t
	}
	if t.reference == nil {
		r := *t
		r.ref = true
		t.reference = &r
	}
	return t.reference
}

// qualified is t as const.
func qualified(t *ctype) *ctype {
	return withQualifiers(t, true, false)
}

// withQualifiers is t with further qualifiers. Those of an array are its elements'.
func withQualifiers(t *ctype, constant, volatile bool) *ctype {
	if (t.constant || !constant) && (t.volatile || !volatile) {
		return t
	}
	q := *t
	q.constant, q.volatile, q.reference = t.constant || constant, t.volatile || volatile, nil
	if t.kind == kindArray {
		q.elem = withQualifiers(t.elem, constant, volatile)
	}
	return &q
}

// sizeOf is the size in bytes; ok is false for incomplete types and those of variable length.
func (t *ctype) sizeOf() (size int, ok bool) {
	switch t.kind {
	case kindVoid, kindFunction:
		return 0, false
	case kindArray:
		if t.count < 0 {
			return 0, false
		}
		n, ok := t.elem.sizeOf()
		if !ok || n != 0 && t.count > maxSize/n {
			return 0, false
		}
		return n * t.count, true
	case kindRecord:
		return t.rec.size, t.rec.defined && !t.rec.variable
	case kindEnum:
		return t.size, t.rec.defined
	}
	return t.size, true
}

// sizeWith is the size with n elements in the array of variable length that t is or ends with.
func (t *ctype) sizeWith(n int) (size int, ok bool) {
	switch {
	case t.kind == kindArray && t.count == variableCount:
		size, ok = t.elem.sizeOf()
		if !ok || n < 0 || size != 0 && n > maxSize/size {
			return 0, false
		}
		return size * n, true
	case t.kind == kindRecord && t.rec.variable:
		last := &t.rec.fields[len(t.rec.fields)-1]
		size, ok = last.typ.sizeWith(n)
		if !ok || size > maxSize-t.rec.size {
			return 0, false
		}
		return t.rec.size + size, true
	}
	return t.sizeOf()
}

func (t *ctype) isVariable() bool {
	return t.kind == kindArray && t.count == variableCount || t.kind == kindRecord && t.rec.variable
}

func (t *ctype) alignOf() int {
	n := 1
	switch t.kind {
	case kindArray:
		n = t.elem.alignOf()
	case kindComplex:
		n = t.elem.size
	case kindRecord:
		n = max(t.rec.align, 1)
	case kindVoid, kindFunction:
	case kindEnum:
		if t.rec.defined {
			n = t.size
		}
	default:
		n = t.size
	}
	return max(n, t.align)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func (t *ctype) isNumber() bool {
	return t.kind == kindInt || t.kind == kindBool || t.kind == kindFloat || t.kind == kindEnum
}

// isByte reports whether t is a kind of char.
func (t *ctype) isByte() bool { return t.kind == kindInt && t.size == 1 }

// same compares types without their qualifiers.
func same(a, b *ctype) bool {
	if a == b {
		return true
	}
	if a.kind != b.kind || a.rec != b.rec || a.size != b.size || a.unsigned != b.unsigned {
		return false
	}
	switch a.kind {
	case kindPointer:
		return same(a.elem, b.elem)
	case kindArray, kindVector:
		return a.count == b.count && same(a.elem, b.elem)
	case kindFunction:
		if a.variadic != b.variadic || len(a.params) != len(b.params) || !same(a.elem, b.elem) {
			return false
		}
		for i := range a.params {
			if !same(a.params[i], b.params[i]) {
				return false
			}
		}
	}
	return true
}

// String is the type in C, as LuaJIT writes it.
func (t *ctype) String() string {
	suffix := ""
	if t.ref {
		suffix = "&"
	}
	return t.declare(suffix)
}

// declare is a declaration of inner as a t.
func (t *ctype) declare(inner string) string {
	switch t.kind {
	case kindPointer:
		star := "*"
		if q := t.qualifiers(); q != "" {
			star += q
			if inner != "" {
				star += " "
			}
		}
		inner = star + inner
		if t.elem.kind == kindArray || t.elem.kind == kindFunction {
			inner = "(" + inner + ")"
		}
		return t.elem.declare(inner)
	case kindArray:
		if strings.HasPrefix(inner, "&") {
			inner = "(" + inner + ")"
		}
		switch t.count {
		case unknownCount:
			return t.elem.declare(inner + "[]")
		case variableCount:
			return t.elem.declare(inner + "[?]")
		}
		return t.elem.declare(inner + "[" + strconv.Itoa(t.count) + "]")
	case kindFunction:
		return t.elem.declare(inner + "()")
	}
	name := t.base()
	if q := t.qualifiers(); q != "" {
		name = q + " " + name
	}
	if inner != "" {
		name += " " + inner
	}
	return name
}

func (t *ctype) qualifiers() string {
	switch {
	case t.constant && t.volatile:
		return "const volatile"
	case t.constant:
		return "const"
	case t.volatile:
		return "volatile"
	}
	return ""
}

func (t *ctype) base() string {
	sign := ""
	if t.unsigned {
		sign = "unsigned "
	}
	switch t.kind {
	case kindBool:
		return "bool"
	case kindFloat:
		switch t.size {
		case 4:
			return "float"
		case 8:
			return "double"
		}
		return "long double"
	case kindInt:
		switch t.size {
		case 1:
			return sign + "char"
		case 2:
			return sign + "short"
		case 4:
			return sign + "int"
		}
		if t.unsigned {
			return "uint64_t"
		}
		return "int64_t"
	case kindComplex:
		if t.elem.size == 4 {
			return "complex float"
		}
		return "complex"
	case kindVector:
		return t.elem.base() + " __attribute__((vector_size(" + strconv.Itoa(t.size) + ")))"
	case kindRecord, kindEnum:
		return t.rec.word + " " + t.rec.tag
	}
	return "void"
}
