package lualib

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

func (l *library) openOS(L *lua.LState) {
	l.provide("os", fill(L, L.CreateTable(0, 16), map[string]lua.LGFunction{
		"clock": osClock, "date": osDate, "difftime": osDifftime, "execute": l.osExecute, "exit": l.osExit, "getenv": osGetenv,
		"remove": osRemove, "rename": osRename, "setlocale": osSetlocale, "time": osTime, "tmpname": osTmpname,
	}))
}

// errnoOf is the error number behind an error, 0 if there is none.
func errnoOf(err error) int {
	var n syscall.Errno
	if errors.As(err, &n) {
		return int(n)
	}
	return 0
}

// errnoText is what C's strerror says about an error.
func errnoText(err error) string {
	var n syscall.Errno
	s := ""
	switch {
	case errors.As(err, &n):
		s = n.Error()
	case errors.Is(err, fs.ErrInvalid):
		s = syscall.EINVAL.Error()
	default:
		return err.Error()
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// result pushes true, or nil with a message and the error number, as C's file functions report.
func result(L *lua.LState, err error) int {
	if err == nil {
		return pushBool(L, true)
	}
	msg := errnoText(err)
	return failure(L, err, msg)
}

// fileResult is result for a function that names a file in its message.
func fileResult(L *lua.LState, err error, file string) int {
	if err == nil {
		return pushBool(L, true)
	}
	return failure(L, err, file+": "+errnoText(err))
}

func failure(L *lua.LState, err error, msg string) int {
	L.Push(lua.LNil)
	pushString(L, msg)
	return 2 + pushNumber(L, float64(errnoOf(err)))
}

// seconds = os.clock()
func osClock(L *lua.LState) int {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return pushNumber(L, -1)
	}
	t := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return pushNumber(L, math.Round(t.Seconds()*1e6)/1e6)
}

// seconds = os.difftime(b, a)
func osDifftime(L *lua.LState) int {
	b := checkNumber(L, 1)
	a := 0.0
	if L.GetTop() > 1 {
		a = checkNumber(L, 2)
	}
	return pushNumber(L, b-a)
}

// status = os.execute([command])
func (l *library) osExecute(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		return pushNumber(L, 1)
	}
	cmd := exec.Command("/bin/sh", "-c", checkString(L, 1))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = l.Stdin, l.Stdout, l.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return result(L, err)
	}
	return pushNumber(L, float64(waitStatus(cmd.ProcessState)))
}

func waitStatus(p *os.ProcessState) int {
	if ws, ok := p.Sys().(syscall.WaitStatus); ok {
		return int(ws)
	}
	return p.ExitCode() << 8
}

// os.exit([code [, close]])
func (l *library) osExit(L *lua.LState) int {
	code := 0
	switch v := L.Get(1).(type) {
	case lua.LBool:
		if !v {
			code = 1
		}
	case *lua.LNilType:
	default:
		code = checkInt(L, 1)
	}
	_ = l.files.flushAll()
	l.Exit(code)
	return 0
}

// value = os.getenv(name)
func osGetenv(L *lua.LState) int {
	v, ok := os.LookupEnv(checkString(L, 1))
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	return pushString(L, v)
}

// ok, err, errno = os.remove(file)
func osRemove(L *lua.LState) int {
	name := checkString(L, 1)
	err := syscall.Unlink(name)
	if errors.Is(err, syscall.EISDIR) {
		err = syscall.Rmdir(name)
	}
	return fileResult(L, err, name)
}

// ok, err, errno = os.rename(from, to)
func osRename(L *lua.LState) int {
	from := checkString(L, 1)
	return fileResult(L, syscall.Rename(from, checkString(L, 2)), from)
}

// locale = os.setlocale([locale [, category]])
//
// Deviation: there is no locale but "C".
func osSetlocale(L *lua.LState) int {
	switch category := optString(L, 2, "all"); category {
	case "all", "collate", "ctype", "monetary", "numeric", "time":
	default:
		machine.ArgError(L, 2, "invalid option '"+category+"'")
	}
	if s := optString(L, 1, "C"); s != "" && s != "C" && s != "POSIX" {
		L.Push(lua.LNil)
		return 1
	}
	return pushString(L, "C")
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// name = os.tmpname()
func osTmpname(L *lua.LState) int {
	for range 100 {
		var b [6]byte
		for i := range b {
			b[i] = nameLetters[rand.IntN(len(nameLetters))]
		}
		name := "/tmp/lua_" + string(b[:])
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			break
		}
		_ = f.Close()
		return pushString(L, name)
	}
	machine.Errorf(L, "unable to generate a unique filename")
	return 0
}

// t = os.time([fields])
func osTime(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		return pushNumber(L, float64(time.Now().Unix()))
	}
	t := checkTable(L, 1)
	field := func(name string, otherwise int) int {
		v, ok := machine.ToNumber(machine.Index(L, t, lua.LString(name)))
		switch {
		case ok:
			return int(int32(toInt64(v)))
		case otherwise < 0:
			machine.Errorf(L, "field '%s' missing in date table", name)
		}
		return otherwise
	}
	sec, minute, hour := field("sec", 0), field("min", 0), field("hour", 12)
	day, month, year := field("day", -1), field("month", -1), field("year", -1)
	at := time.Date(year, time.Month(month), day, hour, minute, sec, 0, time.Local)
	if isdst, ok := machine.Index(L, t, lua.LString("isdst")).(lua.LBool); ok {
		// What the caller says about summer time counts where it differs from what the clock says.
		switch {
		case bool(isdst) && !at.IsDST():
			at = at.Add(-time.Hour)
		case !bool(isdst) && at.IsDST():
			at = at.Add(time.Hour)
		}
	}
	return pushNumber(L, float64(at.Unix()))
}

// minTime is about the first second that C's calendar knows.
const minTime = -67768040609740800

// s = os.date([format [, time]])
func osDate(L *lua.LState) int {
	format := optString(L, 1, "%c")
	at := time.Now()
	if L.Get(2) != lua.LNil {
		at = time.Unix(toInt64(checkNumber(L, 2)), 0)
	}
	if y := at.Year() - 1900; y != int(int32(y)) || at.Unix() < minTime {
		// C's calendar has no such year.
		L.Push(lua.LNil)
		return 1
	}
	format = upToNUL(format)
	if strings.HasPrefix(format, "!") {
		at, format = at.UTC(), format[1:]
	}
	if !strings.HasPrefix(format, "*t") {
		return pushString(L, strftime(format, at))
	}
	t := L.CreateTable(0, 9)
	for name, v := range map[string]int{
		"sec": at.Second(), "min": at.Minute(), "hour": at.Hour(), "day": at.Day(), "month": int(at.Month()), "year": at.Year(),
		"wday": int(at.Weekday()) + 1, "yday": at.YearDay(),
	} {
		machine.Set(t, lua.LString(name), lua.LNumber(v))
	}
	machine.Set(t, lua.LString("isdst"), lua.LBool(at.IsDST()))
	L.Push(t)
	return 1
}
