package setmisc

import (
	"fmt"
	"strings"
	"time"
)

// strftime formats t as C's function of that name does in the C locale. An unknown conversion stays as
// it is written.
func strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if (format[i] == 'E' || format[i] == 'O') && i+1 < len(format) {
			i++ // the alternative forms are the same in the C locale
		}
		conversion(&b, format[i], t)
	}
	return b.String()
}

var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02",
	'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'm': "01", 'M': "04", 'p': "PM", 'P': "pm",
	'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006",
	'z': "-0700", 'Z': "MST",
}

func conversion(b *strings.Builder, c byte, t time.Time) {
	if layout, ok := layouts[c]; ok {
		s := t.Format(layout)
		if c == 'Z' && s == "UTC" {
			s = "GMT"
		}
		b.WriteString(s)
		return
	}
	isoYear, isoWeek := t.ISOWeek()
	day, weekday := t.YearDay(), int(t.Weekday())
	switch c {
	case 'C':
		fmt.Fprintf(b, "%02d", t.Year()/100)
	case 'g':
		fmt.Fprintf(b, "%02d", isoYear%100)
	case 'G':
		fmt.Fprint(b, isoYear)
	case 'j':
		fmt.Fprintf(b, "%03d", day)
	case 'k':
		fmt.Fprintf(b, "%2d", t.Hour())
	case 'l':
		fmt.Fprintf(b, "%2d", (t.Hour()+11)%12+1)
	case 'n':
		b.WriteByte('\n')
	case 's':
		fmt.Fprint(b, t.Unix())
	case 't':
		b.WriteByte('\t')
	case 'u':
		fmt.Fprint(b, (weekday+6)%7+1)
	case 'U':
		fmt.Fprintf(b, "%02d", (day+6-weekday)/7)
	case 'V':
		fmt.Fprintf(b, "%02d", isoWeek)
	case 'w':
		fmt.Fprint(b, weekday)
	case 'W':
		fmt.Fprintf(b, "%02d", (day+6-(weekday+6)%7)/7)
	case '%':
		b.WriteByte('%')
	default:
		b.WriteByte('%')
		b.WriteByte(c)
	}
}
