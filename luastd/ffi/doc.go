// Package ffi is LuaJIT's module ffi for data: C declarations, structs, unions, enums, arrays, pointers and conversions, as
// LuaJIT lays them out on a 64-bit little-endian machine. There is no native code in the process, so C functions can be declared
// but not called, but for a few of libc that have an exact counterpart (clib.go).
//
//	type.go      C types, their sizes and names
//	lex.go       tokens of C declarations
//	parse.go     declaration specifiers and enums; declarator.go, attribute.go, expr.go: the rest of the grammar; layout.go: structs
//	memory.go    blocks of memory and the addresses that pointers to them have
//	value.go     the Go values behind userdata
//	convert.go   Lua to C and back; initial.go: initializers
//	index.go     reading and writing elements and fields
//	operator.go  arithmetic, comparison, tostring
//	module.go    the functions of the table ffi; access.go: what other packages use
//	finalize.go  ffi.gc and __gc
//	clib.go      ffi.C and ffi.load
//
// Memory is a Go byte slice, a pointer is a slice with an offset. Every access is checked: where a C program would crash
// or read rubbish, a script gets an error. A pointer in memory is eight bytes that hold an invented address; memory.go finds the
// block again as long as a Lua value refers to it. As in LuaJIT, a pointer in memory alone does not keep a block alive.
//
// A finalizer runs soon after Go's collector has found the object dead, or at the next collectgarbage.
//
// Deviation: there are no callbacks: a Lua function does not convert to a function pointer.
// Deviation: whether a C function exists shows when it is called; ffi.load takes any name.
//
// Everything belongs to one VM, and is called with the baton of that VM held.
package ffi
