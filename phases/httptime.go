package phases

import (
	"strings"
	"sync/atomic"
	"time"
)

// ParseHTTPTime reads a date in any of HTTP's three layouts (RFC 9110, 5.6.7). As in nginx the day of
// the week is not looked at, nor is the time zone: it is always GMT.
func ParseHTTPTime(s string) (time.Time, bool) {
	i := strings.IndexAny(s, ", ")
	if i < 0 {
		return time.Time{}, false
	}
	rest := strings.TrimLeft(s[i+1:], " ")
	layout := "Jan _2 15:04:05 2006"
	if s[i] == ',' {
		layout = "02 Jan 2006 15:04:05"
		if len(rest) > 2 && rest[2] == '-' {
			layout = "02-Jan-06 15:04:05"
		}
	}
	if len(rest) < len(layout) {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, rest[:len(layout)])
	return t, err == nil
}

// FormatHTTPTime prints t as Last-Modified and Date do.
func FormatHTTPTime(t time.Time) string { return t.UTC().Format(httpTimeLayout) }

// second is the text of a second.
type second struct {
	unix int64
	text string
}

var lastLocal atomic.Pointer[second]

// localTime is t, the present time, as access logs have it. As in nginx the text is made once a second.
func localTime(t time.Time) string {
	if s := lastLocal.Load(); s != nil && s.unix == t.Unix() {
		return s.text
	}
	s := &second{t.Unix(), t.Format("02/Jan/2006:15:04:05 -0700")}
	lastLocal.Store(s)
	return s.text
}
