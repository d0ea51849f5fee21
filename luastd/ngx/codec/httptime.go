package codec

import "time"

// ParseHTTPTime reads a date in one of the three forms of RFC 9110 and returns it in
// seconds since the epoch (ngx.parse_http_time, and nginx for If-Modified-Since). Like
// nginx it looks neither at the weekday nor at all letters of the month, and not at what
// follows.
func ParseHTTPTime(s string) (sec int64, ok bool) {
	d := dateText{text: s, ok: true}
	asctime := false
	for d.at < len(s) && s[d.at] != ',' {
		if s[d.at] == ' ' {
			asctime = true
			break
		}
		d.at++
	}
	d.at++
	for d.peek(0) == ' ' {
		d.at++
	}
	if len(s)-d.at < 18 {
		return 0, false
	}

	var day, year int
	dash := false
	if !asctime {
		day = d.number(2)
		switch d.next() {
		case ' ':
			if len(s)-d.at < 17 {
				return 0, false
			}
		case '-':
			dash = true
		default:
			return 0, false
		}
	}
	month := d.month()
	switch separator := d.next(); {
	case asctime:
		day, ok = d.shortDay()
		if !ok || len(s)-d.at < 14 {
			return 0, false
		}
	case dash && separator == '-':
		if year = d.number(2); year < 70 {
			year += 2000
		} else {
			year += 1900
		}
	case !dash && separator == ' ':
		year = d.number(4)
	default:
		return 0, false
	}

	d.expect(' ')
	hour := d.number(2)
	d.expect(':')
	minute := d.number(2)
	d.expect(':')
	second := d.number(2)
	if asctime {
		d.expect(' ')
		year = d.number(4)
	}
	if !d.ok || hour > 23 || minute > 59 || second > 59 || day > daysIn(month, year) {
		return 0, false
	}
	return time.Date(year, month, day, hour, minute, second, 0, time.UTC).Unix(), true
}

func daysIn(month time.Month, year int) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// dateText reads a date from left to right; ok turns false at the first mismatch. Beyond
// the end of the text it sees zero bytes.
type dateText struct {
	text string
	at   int
	ok   bool
}

func (d *dateText) peek(ahead int) byte {
	if i := d.at + ahead; i < len(d.text) {
		return d.text[i]
	}
	return 0
}

func (d *dateText) next() byte {
	c := d.peek(0)
	d.at++
	return c
}

func (d *dateText) expect(c byte) {
	if d.next() != c {
		d.ok = false
	}
}

func (d *dateText) number(digits int) int {
	n := 0
	for range digits {
		c := d.next()
		if c < '0' || c > '9' {
			d.ok = false
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// shortDay reads the day of the asctime form: one or two digits, perhaps after a blank.
func (d *dateText) shortDay() (int, bool) {
	if d.peek(0) == ' ' {
		d.at++
	}
	if d.peek(1) == ' ' {
		return d.number(1), d.ok
	}
	return d.number(2), d.ok
}

// month reads three bytes and goes by as few of them as nginx does.
func (d *dateText) month() time.Month {
	first, second, third := d.next(), d.next(), d.next()
	switch first {
	case 'J':
		switch {
		case second == 'a':
			return time.January
		case third == 'n':
			return time.June
		}
		return time.July
	case 'F':
		return time.February
	case 'M':
		if third == 'r' {
			return time.March
		}
		return time.May
	case 'A':
		if second == 'p' {
			return time.April
		}
		return time.August
	case 'S':
		return time.September
	case 'O':
		return time.October
	case 'N':
		return time.November
	case 'D':
		return time.December
	}
	d.ok = false
	return time.January
}
