package autoindex

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"moongate/phases"
)

// nameWidth is how many characters of a name the HTML list shows.
const nameWidth = 50

var escapeHTML = strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", `"`, "&quot;").Replace

func (c *location) html(r *phases.Request, entries []entry) []byte {
	var b strings.Builder
	uri := escapeHTML(r.URI)
	b.WriteString("<html>\r\n<head><title>Index of " + uri + "</title></head>\r\n<body>\r\n<h1>Index of " + uri +
		"</h1><hr><pre><a href=\"../\">../</a>\r\n")
	wide := strings.EqualFold(r.Out.Charset, "utf-8") // the charset filter has seen the head
	for i := range entries {
		c.line(&b, &entries[i], wide)
	}
	b.WriteString("</pre><hr></body>\r\n</html>\r\n")
	return []byte(b.String())
}

// line writes one entry; with wide, a name counts in UTF-8 characters.
func (c *location) line(b *strings.Builder, e *entry, wide bool) {
	slash := ""
	if e.dir {
		slash = "/"
	}
	b.WriteString(`<a href="` + phases.EscapeURIComponent(e.name) + slash + `">`)
	width, shown := len(e.name), e.name
	if wide && utf8.ValidString(e.name) {
		width = utf8.RuneCountInString(e.name)
	}
	if width > nameWidth {
		if width == len(e.name) {
			shown = e.name[:nameWidth-3]
		} else {
			shown = string([]rune(e.name)[:nameWidth-3])
		}
		b.WriteString(escapeHTML(shown) + "..&gt;</a>")
	} else {
		b.WriteString(escapeHTML(shown))
		if e.dir && width < nameWidth {
			b.WriteByte('/')
			width++
		}
		b.WriteString("</a>" + strings.Repeat(" ", nameWidth-width))
	}
	at := e.time.UTC()
	if c.local.V {
		_, offset := time.Now().Zone() // the present one, also for dates in another half of the year
		at = at.Add(time.Duration(offset) * time.Second)
	}
	b.WriteString(at.Format(" 02-Jan-2006 15:04 "))
	switch {
	case c.exactSize.V && e.dir:
		b.WriteString("                  -")
	case c.exactSize.V:
		fmt.Fprintf(b, "%19d", e.size)
	case e.dir:
		b.WriteString("      -")
	default:
		b.WriteString(roughSize(e.size))
	}
	b.WriteString("\r\n")
}

// roughSize is a size in seven characters.
func roughSize(n int64) string {
	round := func(unit int64) int64 { return (n + unit/2) / unit }
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%6dG", round(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%6dM", round(1<<20))
	case n > 9999:
		return fmt.Sprintf("%6dK", round(1<<10))
	}
	return fmt.Sprintf(" %6d", n)
}

func (e *entry) kind() string {
	switch {
	case e.dir:
		return "directory"
	case e.file:
		return "file"
	}
	return "other"
}

func xml(entries []entry) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\r\n<list>\r\n")
	for i := range entries {
		e := &entries[i]
		b.WriteString("<" + e.kind() + ` mtime="` + e.time.UTC().Format("2006-01-02T15:04:05Z") + `"`)
		if e.file {
			fmt.Fprintf(&b, ` size="%d"`, e.size)
		}
		b.WriteString(">" + escapeHTML(e.name) + "</" + e.kind() + ">\r\n")
	}
	b.WriteString("</list>\r\n")
	return []byte(b.String())
}

func json(entries []entry, callback string) []byte {
	var b strings.Builder
	if callback != "" {
		b.WriteString("/* callback */\r\n" + callback + "(")
	}
	b.WriteByte('[')
	for i := range entries {
		e := &entries[i]
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\r\n{ \"name\":\"" + escapeJSON(e.name) + `", "type":"` + e.kind() +
			`", "mtime":"` + phases.FormatHTTPTime(e.time) + `"`)
		if e.file {
			fmt.Fprintf(&b, `, "size":%d`, e.size)
		}
		b.WriteString(" }")
	}
	b.WriteString("\r\n]")
	if callback != "" {
		b.WriteString(");")
	}
	return []byte(b.String())
}

func escapeJSON(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\' || c == '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ':
			b.WriteByte(c)
		case strings.IndexByte("\b\t\n\f\r", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte("btn?fr"[c-'\b'])
		default:
			fmt.Fprintf(&b, "\\u%04X", c)
		}
	}
	return b.String()
}
