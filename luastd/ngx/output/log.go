package output

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// log is ngx.log(log_level, ...).
func (l *library) log(L *lua.LState) int {
	level := phases.LogLevel(codec.CheckNumber(L, 1, "log"))
	if level < phases.LogStderr || level > phases.LogDebug {
		codec.ArgError(L, 1, "log", "bad log level: "+strconv.Itoa(int(level)))
	}
	return l.writeLog(L, level, 2, "log")
}

// printLog is print(...), which logs at level notice.
func (l *library) printLog(L *lua.LState) int { return l.writeLog(L, phases.LogNotice, 1, "print") }

// writeLog logs the arguments from first on, behind the place of the call.
func (l *library) writeLog(L *lua.LState, level phases.LogLevel, first int, name string) int {
	c := l.v.Current()
	if c != nil {
		if !c.Enabled(level) {
			return 0
		}
	} else if !l.v.Tree.Core.ErrorLog.Enabled(level) {
		return 0
	}
	b := append(l.takeBuf(), "[lua] "...)
	b = appendPlace(L, b)
	for i, n := first, L.GetTop(); i <= n; i++ {
		arg := L.Get(i)
		if t, ok := arg.(*lua.LTable); ok {
			if L.GetMetaField(t, "__tostring") == lua.LNil {
				codec.ArgError(L, i-first+1, name, "expected table to have __tostring metamethod")
			}
			b = append(b, codec.ToString(L, t)...)
			continue
		}
		var ok bool
		if b, ok = appendScalar(l.v, b, arg); !ok {
			codec.ArgError(L, i-first+1, name, "string, number, boolean, or nil expected, got "+arg.Type().String())
		}
	}
	msg := string(b)
	l.giveBuf(b)
	if c != nil {
		c.Log(level, msg)
	} else {
		l.v.Tree.Core.ErrorLog.Write(level, msg)
	}
	return 0
}

// appendPlace appends "file:line: " of the calling Lua function, and "name(): " where it was itself
// called by a name.
func appendPlace(L *lua.LState, b []byte) []byte {
	d, ok := L.GetStack(1)
	if !ok {
		return append(b, "[C]:-1: "...)
	}
	if _, err := L.GetInfo("Sln", d, lua.LNil); err != nil || d.Source == "" || d.What == "G" {
		return append(b, "[C]:-1: "...)
	}
	file := d.Source
	if i := strings.LastIndexAny(file, `/\`); i >= 0 {
		file = file[i+1:]
	}
	b = append(append(b, file...), ':')
	line := d.CurrentLine
	if line <= 0 {
		line = d.LineDefined
	}
	b = append(strconv.AppendInt(b, int64(line), 10), ": "...)
	if d.LineDefined > 0 && isName(d.Name) {
		b = append(append(b, d.Name...), "(): "...)
	}
	return b
}

// isName tells a function's name from the stand-ins that gopher-lua gives where there is none.
func isName(s string) bool {
	return s != "" && s[0] != '<' && s[0] != '(' && s[0] != '?' && s != "main chunk" && s != "corountine"
}
