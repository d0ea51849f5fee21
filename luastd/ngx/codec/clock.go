package codec

import (
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

var started, startedAt = time.Now(), monotonic()

// Clock is the time that scripts are told. Update has it read again.
type Clock struct {
	Now    func() time.Time
	Update func()
}

// MonotonicMillis returns milliseconds that pass evenly, counted from where the system's monotonic clock
// begins (the machine's start, on Linux); ngx_current_msec, monotonic_msec of resty.core.time.
func MonotonicMillis() int64 {
	return (startedAt + time.Since(started)).Milliseconds()
}

// lastSecond is the end of the year 9999, beyond which nginx prints no date.
const lastSecond = 2932896*86400 + 86399

// gmtime breaks seconds down as nginx does, which knows no time before the epoch and none
// after 9999.
func gmtime(sec int64) time.Time {
	return time.Unix(min(max(sec, 0), lastSecond), 0).UTC()
}

// HTTPTime returns sec, in seconds since the epoch, as "Mon, 28 Sep 1970 06:00:00 GMT"
// (RFC 9110, ngx.http_time).
func HTTPTime(sec int64) string {
	return string(AppendHTTPTime(make([]byte, 0, 29), sec))
}

// AppendHTTPTime appends sec to dst in the form of HTTPTime.
func AppendHTTPTime(dst []byte, sec int64) []byte {
	return gmtime(sec).AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 GMT")
}

// CookieTime returns sec, in seconds since the epoch, as "Mon, 28-Sep-70 06:00:00 GMT",
// with four digits of the year from 2038 on, as nginx writes them (ngx.cookie_time).
func CookieTime(sec int64) string {
	t := gmtime(sec)
	if t.Year() > 2037 {
		return t.Format("Mon, 02-Jan-2006 15:04:05 GMT")
	}
	return t.Format("Mon, 02-Jan-06 15:04:05 GMT")
}

// LocalTime returns sec as "2006-01-02 15:04:05" in local time (ngx.localtime).
func LocalTime(sec int64) string {
	return time.Unix(sec, 0).Format(time.DateTime)
}

// UTCTime returns sec as "2006-01-02 15:04:05" in UTC (ngx.utctime).
func UTCTime(sec int64) string {
	return gmtime(sec).Format(time.DateTime)
}

// Today returns the local date of sec as "2006-01-02" (ngx.today).
func Today(sec int64) string {
	return time.Unix(sec, 0).Format(time.DateOnly)
}

// luaTime makes the Lua function for str = ngx.cookie_time(sec) and str =
// ngx.http_time(sec).
func luaTime(format func(int64) string) lua.LGFunction {
	return func(L *lua.LState) int {
		sec, ok := L.Get(1).(lua.LNumber)
		if !ok {
			Raise(L, "number argument only")
		}
		if math.IsNaN(float64(sec)) {
			sec = 0
		}
		return pushString(L, format(int64(min(max(sec, 0), lastSecond))))
	}
}

// text makes the Lua function for str = ngx.today(), ngx.localtime() and
// ngx.utctime().
func (c Clock) text(format func(int64) string) lua.LGFunction {
	return func(L *lua.LState) int { return pushString(L, format(c.Now().Unix())) }
}

// now is secs = ngx.now().
func (c Clock) now(L *lua.LState) int {
	L.Push(machine.Number(L, float64(c.Now().UnixMilli())/1000))
	return 1
}

// seconds is secs = ngx.time().
func (c Clock) seconds(L *lua.LState) int {
	L.Push(machine.Number(L, float64(c.Now().Unix())))
	return 1
}

// quickNow and quickSeconds are the short ways of now and seconds.
func (c Clock) quickNow(L *lua.LState, _ []lua.LValue) (lua.LValue, bool) {
	return machine.Number(L, float64(c.Now().UnixMilli())/1000), true
}

func (c Clock) quickSeconds(L *lua.LState, _ []lua.LValue) (lua.LValue, bool) {
	return machine.Number(L, float64(c.Now().Unix())), true
}

// update is ngx.update_time().
func (c Clock) update(*lua.LState) int {
	c.Update()
	return 0
}

// parseHTTPTime is sec = ngx.parse_http_time(str).
func parseHTTPTime(L *lua.LState) int {
	s, ok := L.Get(1).(lua.LString)
	if !ok {
		Raise(L, "string argument only")
	}
	sec, ok := ParseHTTPTime(string(s))
	// In C, -1 is both a time and the mark of failure.
	if !ok || sec == -1 {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(sec))
	}
	return 1
}
