package worker

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// record is one captured line of the error log.
type record struct {
	level phases.LogLevel
	at    time.Time
	line  string
	start int64 // where in the ring its bytes would lie
}

const (
	recordOverhead = 16   // bytes that a record takes beside its line
	maxLine        = 4096 // what OpenResty's nginx cuts log lines to
)

// captured is the process's buffer of log lines (lua_capture_error_log); the oldest give way.
var captured lineBuffer

// lineBuffer counts as OpenResty's ring does: a line lies in one piece, so that one which does not fit behind the
// others drops those from the ring's beginning on, and leaves a gap at its end. How many lines survive depends on that.
type lineBuffer struct {
	mu     sync.Mutex
	max    int64 // bytes; 0: off
	tail   int64 // where the next line would begin
	head   int64 // where the line that was dropped last ended; a gap behind it is not seen before the next is dropped
	filter phases.LogLevel
	list   []record
}

// drop takes the oldest line out; the lock is held.
func (b *lineBuffer) drop() record {
	r := b.list[0]
	b.head = r.start + int64(len(r.line)+recordOverhead)
	b.list[0] = record{}
	if b.list = b.list[1:]; len(b.list) == 0 {
		b.list, b.tail, b.head = nil, 0, 0
	}
	return r
}

// room is the number of bytes between the newest line and the oldest, or the ring's end; the lock is held.
func (b *lineBuffer) room() int64 {
	switch {
	case len(b.list) == 0:
		return b.max
	case b.tail > b.head:
		return b.max - b.tail
	}
	return b.head - b.tail
}

// add stores r; the lock is held.
func (b *lineBuffer) add(r record) {
	need := int64(len(r.line) + recordOverhead)
	if need > b.max {
		return
	}
	if b.room() < need {
		if b.max-b.tail < need {
			for len(b.list) > 0 && b.list[0].start >= b.tail {
				b.drop()
			}
			b.tail = 0
			if len(b.list) > 0 && b.head > b.list[0].start {
				b.head = 0
			}
		}
		for b.room() < need {
			b.drop()
		}
	}
	r.start = b.tail
	b.tail += need
	b.list = append(b.list, r)
}

// Capture begins to keep log lines for ngx.errlog, at most size bytes of them; 0 ends it
// (lua_capture_error_log). What was kept before stays where the size is the same.
func Capture(size int64) {
	b := &captured
	b.mu.Lock()
	if size != b.max {
		b.list, b.tail, b.head = nil, 0, 0
	}
	b.max, b.filter = size, phases.LogDebug
	b.mu.Unlock()
	if size <= 0 {
		phases.CaptureLog(nil)
		return
	}
	phases.CaptureLog(keep)
}

func keep(level phases.LogLevel, at time.Time, msg string) {
	b := &captured
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.max <= 0 || level > b.filter {
		return
	}
	id := strconv.Itoa(pid())
	line := at.Format("2006/01/02 15:04:05") + " [" + level.String() + "] " + id + "#" + id + ": " + msg
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	b.add(record{level: level, at: at, line: line})
}

// take removes the oldest line.
func take() (record, bool) {
	b := &captured
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == 0 {
		return record{}, false
	}
	return b.drop(), true
}

const notSet = `directive "lua_capture_error_log" is not set`

// ErrlogLoader opens the module ngx.errlog (lua-resty-core, lib/ngx/errlog.md).
func ErrlogLoader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 5)
		mod.RawSetString("version", lua.LString(codec.CoreVersion))
		fill(L, mod, map[string]lua.LGFunction{
			"set_filter_level": setFilterLevel,
			"get_logs":         getLogs,
			// level = errlog.get_sys_filter_level()
			"get_sys_filter_level": func(L *lua.LState) int {
				e := v.Tree.Core.ErrorLog
				if c := v.Current(); c != nil && c.R != nil {
					e = c.R.ErrorLog()
				}
				return push(L, lua.LNumber(e.Level()))
			},
			"raw_log": func(L *lua.LState) int { return rawLog(v, L) },
		})
		return push(L, mod)
	}
}

// ok, err = errlog.set_filter_level(level)
func setFilterLevel(L *lua.LState) int {
	if !lua.LVAsBool(L.Get(1)) {
		return refuse(L, lua.LNil, `missing "level" argument`)
	}
	n := int(codec.CheckNumber(L, 1, "set_filter_level"))
	b := &captured
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.max <= 0:
		return refuse(L, lua.LNil, notSet)
	case n < int(phases.LogStderr) || n > int(phases.LogDebug):
		return refuse(L, lua.LNil, fmt.Sprintf("bad log level: %d", n))
	}
	b.filter = phases.LogLevel(n)
	return push(L, lua.LTrue)
}

// res, err = errlog.get_logs(max?, res?)
func getLogs(L *lua.LState) int {
	most := 10
	if L.Get(1) != lua.LNil {
		most = int(codec.CheckNumber(L, 1, "get_logs"))
	}
	captured.mu.Lock()
	on := captured.max > 0
	captured.mu.Unlock()
	if most > 0 && !on {
		return refuse(L, lua.LNil, notSet)
	}
	res, ok := L.Get(2).(*lua.LTable)
	if !ok {
		res = L.CreateTable(0, 0)
	}
	n := 0
	for range most {
		r, ok := take()
		if !ok {
			break
		}
		res.RawSetInt(n+1, lua.LNumber(r.level))
		res.RawSetInt(n+2, lua.LNumber(float64(r.at.UnixMilli())/1000))
		res.RawSetInt(n+3, lua.LString(r.line))
		n += 3
	}
	res.RawSetInt(n+1, lua.LNil)
	return push(L, res)
}

// errlog.raw_log(log_level, msg)
func rawLog(v *handler.VM, L *lua.LState) int {
	level, ok := L.Get(1).(lua.LNumber)
	if !ok {
		codec.Raise(L, "bad argument #1 to 'raw_log' (must be a number)")
	}
	msg, ok := L.Get(2).(lua.LString)
	if !ok {
		codec.Raise(L, "bad argument #2 to 'raw_log' (must be a string)")
	}
	n := phases.LogLevel(level)
	if n < phases.LogStderr || n > phases.LogDebug {
		codec.Raise(L, "bad log level")
	}
	if c := v.Current(); c != nil {
		c.Log(n, string(msg))
	} else {
		v.Tree.Log(n, "%s", string(msg))
	}
	return 0
}
