// Package cjson is the Lua modules cjson and cjson.safe: a JSON codec straight between
// Lua values and text.
//
// It follows OpenResty's fork of lua-cjson in its settings, in what it accepts (which is
// more than RFC 8259: "nan", hexadecimal numbers, raw control characters in strings) and
// in the words of its errors. Objects are written in the order of the table's traversal.
//
// A module has its own settings and buffers. It belongs to one Lua state, and its functions
// must be called with that state's baton held, as any Lua function.
//
// The parts: module.go makes the Lua modules, settings.go their settings, encode.go and
// decode.go do the work; both go over their input once.
package cjson
