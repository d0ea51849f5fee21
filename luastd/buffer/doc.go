// Package buffer is LuaJIT's module string.buffer: byte queues that scripts write at one end and read at the other, and the
// serialiser that goes with them.
//
//	buffer.go      the queue: its memory grows, moves and refers to a string as LuaJIT's does, so that reserve and commit agree
//	module.go      what require "string.buffer" gives, and new's options
//	write.go       methods that write
//	read.go        methods that read
//	encode.go      a Lua value to bytes
//	decode.go      bytes to a Lua value
//
// The format is that of LuaJIT's manual ("Serialization Format Specification"), as a 64-bit x86 writes it: what either side has
// encoded the other decodes.
//
// Deviation: pairs of a table's hash part are written in the order in which they came into the table; LuaJIT's order is that of its
// hash. Which elements with integer keys are written as an array is a matter of where the table keeps them, there as here.
//
// testdata/*.lua are programs, and *.out what LuaJIT prints for them.
package buffer
