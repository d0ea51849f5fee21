// Package lualib is Lua's own library as LuaJIT 2.1 has it, for gopher-lua: the base functions and the tables string, table, math, os,
// io, debug, package and jit. A file per table.
//
// Open installs it; nothing of gopher-lua's own library is used. What functions return and the texts that they raise are
// LuaJIT's, byte for byte, and so are positions in messages and the layout of tracebacks. Differences are marked "Deviation".
//
// The interpreter below it is that of package machine, code is compiled by package syntax, and errors are caught with vm.PCall, which
// lets a vm.Control through.
//
// testdata/cases.jsonl holds programs with what LuaJIT prints for them.
package lualib
