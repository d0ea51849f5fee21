// Package machine makes gopher-lua's interpreter compute what LuaJIT computes.
//
// gopher-lua v1.1.2 runs an instruction by calling a function from a table. Importing this package replaces, before main
// begins and for the whole process, its loop by one that has the most frequent instructions in itself (run.go), on a call stack that
// grows (stack.go), and in the table those instructions that differ from LuaJIT:
//
//	arith.go     + - * / % ^ and unary minus: %, strings as operands, -0, boxed 64-bit integers
//	compare.go   == < <=: boxed integers beside numbers, messages
//	concat.go    ..: numbers with 14 significant digits
//	access.go    table and global access: messages, sparse integer keys, tables that do not grow for ever
//	loop.go      for: a step of 0, strings as bounds, messages; calls: messages
//
// All of them raise errors in LuaJIT's words, with the name of the variable at fault (names.go), at the very point of the
// error, so whoever catches them needs no translation. They are also somewhat faster than those they replace.
//
// frames.go walks the call stack as LuaJIT sees it (a function that has made a tail call is gone), for positions
// in messages, tracebacks and package debug; raise.go raises errors from Go functions with LuaJIT's texts and positions.
//
// memory.go raises "not enough memory", hook.go serves debug.sethook and limits of time: they make running code look around at calls and loops.
// table.go, record.go and meta.go read and make tables without a detour for code in Go.
//
// What the package reaches is unexported in gopher-lua; layout.go compares every field with what it expects and panics at
// the start of the process if gopher-lua is of another version.
package machine
