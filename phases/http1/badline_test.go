package http1_test

import (
	"strings"
	"testing"

	"moongate/phases/phasetest"
)

// TestBadHeaderLine is what the error log says of header lines that cannot be: the line as far as it was read, and the byte at fault.
func TestBadHeaderLine(t *testing.T) {
	s := phasetest.Start(t, strings.Replace(config, "events", "error_log logs/error.log info; events", 1), probe)
	for _, c := range []struct{ name, line, want string }{
		{"folded", " c", `\x20...`},
		{"folded with a tab", "\tc", `\x09...`},
		{"blank in the name", "A_b c: d", `A_b\x20...`},
		{"control byte in the name", "Ctl\x01: b", `Ctl\x01...`},
		{"DEL in the name", "Del\x7f: b", `Del\x7f...`},
		{"no name", ":x", `\x3a...`},
		{"zero byte in the name", "Z\x00b: c", `Z\x00...`},
		{"zero byte in the value", "Z: b\x00c", `Z: b\x00...`},
		{"CR in the name", "Cr\rx: b", `Cr\x0d...`},
		{"CR in the value", "Cr: b\rc", `Cr: b\x0d...`},
		{"CR behind blanks", "Cr: b  \rc", `Cr: b\x20...`},
		{"CR alone", "\rx", `\x0d...`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Raw("GET / HTTP/1.1\r\nHost: x\r\n" + c.line + "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
				t.Errorf("answer %.100q", got)
			}
			if want := `client sent invalid header line: "` + c.want + `" while reading client request headers, client: `; !s.WaitLog(want) {
				t.Errorf("the log lacks %s", want)
			}
		})
	}
}
