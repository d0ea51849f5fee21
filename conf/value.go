package conf

import (
	"math"
	"strings"
	"time"
)

// ParseSize reads a size in bytes: digits with an optional k or m, in either
// case, for 1024 and 1024² bytes. This is nginx's rule for buffers and zones.
func ParseSize(s string) (bytes int64, ok bool) { return parseScaled(s, "km") }

// ParseOffset is [ParseSize] with g for 1024³ bytes besides: nginx's rule for
// sizes of files and bodies.
func ParseOffset(s string) (bytes int64, ok bool) { return parseScaled(s, "kmg") }

// parseScaled reads digits and one of units, each of which is 1024 times the one
// before.
func parseScaled(s, units string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	scale := int64(1)
	if n := strings.IndexByte(units, s[len(s)-1]|0x20); n >= 0 {
		scale = 1 << (10 * (n + 1))
		s = s[:len(s)-1]
	}
	v, ok := parseDigits(s)
	if !ok || v > math.MaxInt64/scale {
		return 0, false
	}
	return v * scale, true
}

// parseDigits reads a number of digits alone, without a sign.
func parseDigits(s string) (int64, bool) {
	var v int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		var ok bool
		if v, ok = appendDigit(v, s[i]); !ok {
			return 0, false
		}
	}
	return v, s != ""
}

// appendDigit returns v*10 and the digit; ok is false on overflow.
func appendDigit(v int64, digit byte) (int64, bool) {
	d := int64(digit - '0')
	if v > (math.MaxInt64-d)/10 {
		return 0, false
	}
	return v*10 + d, true
}

// ParseTime reads a time of whole seconds, such as "1d 12h" or "90": nginx's rule
// for directives that count in seconds. Units are y (365 days), M (30 days), w,
// d, h, m, s in descending order; a number without one is seconds. Milliseconds
// are refused. What a Duration cannot hold (292 years) becomes the longest one.
func ParseTime(s string) (time.Duration, bool) {
	v, ok := parseTime(s, true)
	if v > int64(math.MaxInt64/time.Second) {
		return math.MaxInt64, ok
	}
	return time.Duration(v) * time.Second, ok
}

// ParseMsec reads a time of whole milliseconds, such as "1m 30s" or "250ms":
// nginx's rule for timeouts. Units are w, d, h, m, s, ms in descending order; a
// number without one is seconds. Years and months are refused, as by nginx.
func ParseMsec(s string) (time.Duration, bool) {
	v, ok := parseTime(s, false)
	if v > int64(math.MaxInt64/time.Millisecond) {
		return math.MaxInt64, ok
	}
	return time.Duration(v) * time.Millisecond, ok
}

// timeUnit is a unit of time; its rank grows as it gets shorter.
type timeUnit struct {
	rank    int
	seconds int64 // 0 for milliseconds
}

const (
	rankMonth  = 2
	rankSecond = 7
	rankBlank  = 9 // after a space that stands for "s"
)

func unitOf(s string) (u timeUnit, width int) {
	switch s[0] {
	case 'y':
		return timeUnit{1, 365 * 86400}, 1
	case 'M':
		return timeUnit{rankMonth, 30 * 86400}, 1
	case 'w':
		return timeUnit{3, 7 * 86400}, 1
	case 'd':
		return timeUnit{4, 86400}, 1
	case 'h':
		return timeUnit{5, 3600}, 1
	case 'm':
		if strings.HasPrefix(s, "ms") {
			return timeUnit{8, 0}, 2
		}
		return timeUnit{6, 60}, 1
	case 's':
		return timeUnit{rankSecond, 1}, 1
	case ' ':
		return timeUnit{rankBlank, 1}, 1
	}
	return timeUnit{}, 0
}

// parseTime returns seconds or, for directives that count in them, milliseconds.
func parseTime(s string, inSeconds bool) (total int64, ok bool) {
	perSecond, rank := int64(1000), rankMonth
	if inSeconds {
		perSecond, rank = 1, 0
	}
	var value int64
	digits := false
	for s != "" {
		if c := s[0]; '0' <= c && c <= '9' {
			if value, ok = appendDigit(value, c); !ok {
				return 0, false
			}
			digits = true
			s = s[1:]
			continue
		}
		u, width := unitOf(s)
		switch {
		case width == 0,
			u.seconds == 0 && inSeconds,
			rank >= u.rank,
			u.rank == rankBlank && rank >= rankSecond:
			return 0, false
		}
		scale := max(u.seconds*perSecond, 1)
		if value > math.MaxInt64/scale || total > math.MaxInt64-value*scale {
			return 0, false
		}
		total += value * scale
		value, rank = 0, u.rank
		s = strings.TrimLeft(s[width:], " ")
	}
	if !digits || value > math.MaxInt64/perSecond || total > math.MaxInt64-value*perSecond {
		return 0, false
	}
	return total + value*perSecond, true
}

// ParseFlag reads "on" or "off" in any case.
func ParseFlag(s string) (on, ok bool) {
	switch {
	case strings.EqualFold(s, "on"):
		return true, true
	case strings.EqualFold(s, "off"):
		return false, true
	}
	return false, false
}
