// Package syntax compiles LuaJIT 2.1's Lua into prototypes for gopher-lua's interpreter.
//
// It replaces gopher-lua's own parser and compiler. Both fall short of LuaJIT: the parser lacks escapes (\x, \z, \u{}),
// numerals (0x1p4, 0b1, 1LL, 2i) and LuaJIT's messages; the compiler gives wrong results for everyday programs (it swaps
// two local variables wrongly in "a, b = b, a", detaches captured variables at every goto, and leaves them attached to
// dead registers after a break out of a nested block) and takes quadratic time in the number of constants. So this
// package does not build a syntax tree for it but emits code itself, in one pass:
//
//	lexer, quoted, number, token   source text into tokens
//	statement, expression, table   grammar; calls the code generator as it reads
//	scope                          local variables, blocks, labels and gotos
//	expr, jump, instr              delayed evaluation, jump lists, registers
//	function, polish               constants, captured variables, the finished prototype
//
// Messages, their line numbers and their limits (200 levels, 200 local variables, 120 upvalues, as in OpenResty's branch) are LuaJIT's. So is the
// line of every instruction: that of the token read last, but for calls, which belong to the line of their opening
// parenthesis.
//
// goto is a keyword only in front of a name. break, too, is a goto, to a label behind its loop. Each goto sets two
// instructions aside, because whether captured variables must be closed on the way is known only at the end of the block.
//
// Numerals of 64 bits and imaginary ones are constants of package cdata.
package syntax
