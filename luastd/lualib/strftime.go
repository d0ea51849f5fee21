package lualib

import (
	"strconv"
	"strings"
	"time"
)

// dateField is one conversion of strftime: its text, and for numbers the width and the character that fills it.
type dateField struct {
	text  string
	n     int
	width int
	fill  byte
}

func textField(s string) dateField { return dateField{text: s} }

func numberField(n, width int, fill byte) dateField { return dateField{n: n, width: width, fill: fill} }

// compound conversions are short for others, as the C locale has them.
var compound = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'D': "%m/%d/%y", 'F': "%Y-%m-%d", 'r': "%I:%M:%S %p", 'R': "%H:%M", 'T': "%H:%M:%S",
	'x': "%m/%d/%y", 'X': "%H:%M:%S", '+': "%a %b %e %H:%M:%S %Z %Y",
}

// strftime formats a time as C's function does in the C locale, with the flags that GNU adds to numbers (%-d, %_d, %0e, %^a).
func strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		flag := byte(0)
		for i < len(format) && strings.IndexByte("-_0^#", format[i]) >= 0 {
			flag = format[i]
			i++
		}
		width := 0
		for i < len(format) && format[i] >= '0' && format[i] <= '9' {
			width = min(width*10+int(format[i]-'0'), maxWidth)
			i++
		}
		for i < len(format) && (format[i] == 'E' || format[i] == 'O') {
			i++
		}
		if i == len(format) {
			b.WriteString(format[start:])
			break
		}
		c := format[i]
		if long, ok := compound[c]; ok {
			b.WriteString(widen(withCase(strftime(long, t), flag), width, flag, ' '))
			continue
		}
		f, ok := conversion(c, t)
		if !ok {
			b.WriteString(format[start : i+1])
			continue
		}
		fill := byte(' ')
		if f.width > 0 {
			f.width = max(f.width, width)
			fill = f.fill
		}
		b.WriteString(widen(f.format(flag), width, flag, fill))
	}
	return b.String()
}

// maxWidth bounds the width that a conversion may ask for.
const maxWidth = 1 << 16

// widen fills s up to a width, unless the flag says not to.
func widen(s string, width int, flag, fill byte) string {
	switch flag {
	case '-':
		return s
	case '_':
		fill = ' '
	case '0':
		fill = '0'
	}
	return strings.Repeat(string(fill), max(width-len(s), 0)) + s
}

func withCase(s string, flag byte) string {
	if flag == '^' {
		return strings.ToUpper(s)
	}
	return s
}

func (f dateField) format(flag byte) string {
	if f.width == 0 {
		if flag == '#' {
			if strings.ToUpper(f.text) == f.text {
				return strings.ToLower(f.text)
			}
			flag = '^'
		}
		return withCase(f.text, flag)
	}
	s := strconv.Itoa(f.n)
	fill := f.fill
	switch flag {
	case '-':
		return s
	case '_':
		fill = ' '
	case '0':
		fill = '0'
	}
	if n := f.width - len(s); n > 0 {
		s = strings.Repeat(string(fill), n) + s
	}
	return s
}

func conversion(c byte, t time.Time) (dateField, bool) {
	hour12 := (t.Hour()+11)%12 + 1
	isoYear, isoWeek := t.ISOWeek()
	weekday := int(t.Weekday())
	yday := t.YearDay() - 1
	switch c {
	case 'a':
		return textField(t.Weekday().String()[:3]), true
	case 'A':
		return textField(t.Weekday().String()), true
	case 'b', 'h':
		return textField(t.Month().String()[:3]), true
	case 'B':
		return textField(t.Month().String()), true
	case 'C':
		return numberField(t.Year()/100, 2, '0'), true
	case 'd':
		return numberField(t.Day(), 2, '0'), true
	case 'e':
		return numberField(t.Day(), 2, ' '), true
	case 'g':
		return numberField(isoYear%100, 2, '0'), true
	case 'G':
		return numberField(isoYear, 4, '0'), true
	case 'H':
		return numberField(t.Hour(), 2, '0'), true
	case 'I':
		return numberField(hour12, 2, '0'), true
	case 'j':
		return numberField(yday+1, 3, '0'), true
	case 'k':
		return numberField(t.Hour(), 2, ' '), true
	case 'l':
		return numberField(hour12, 2, ' '), true
	case 'm':
		return numberField(int(t.Month()), 2, '0'), true
	case 'M':
		return numberField(t.Minute(), 2, '0'), true
	case 'n':
		return textField("\n"), true
	case 'p':
		return textField(t.Format("PM")), true
	case 'P':
		return textField(t.Format("pm")), true
	case 's':
		return textField(strconv.FormatInt(t.Unix(), 10)), true
	case 'S':
		return numberField(t.Second(), 2, '0'), true
	case 't':
		return textField("\t"), true
	case 'u':
		return numberField((weekday+6)%7+1, 1, '0'), true
	case 'U':
		return numberField((yday+7-weekday)/7, 2, '0'), true
	case 'V':
		return numberField(isoWeek, 2, '0'), true
	case 'w':
		return numberField(weekday, 1, '0'), true
	case 'W':
		return numberField((yday+7-(weekday+6)%7)/7, 2, '0'), true
	case 'y':
		return numberField(t.Year()%100, 2, '0'), true
	case 'Y':
		return numberField(t.Year(), 1, '0'), true
	case 'z':
		return textField(t.Format("-0700")), true
	case 'Z':
		zone, _ := t.Zone()
		if zone == "UTC" && t.Location() == time.UTC {
			zone = "GMT"
		}
		return textField(zone), true
	case '%':
		return textField("%"), true
	}
	return dateField{}, false
}
