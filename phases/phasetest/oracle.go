package phasetest

import (
	"regexp"
	"sort"
	"strings"
	"testing"
)

// Oracle starts Debian's nginx with the same configuration text, in the same prefix, and answers with a
// function that sends it bytes and reads until it closes the connection. The test is skipped where
// nginx is not installed.
func Oracle(t testing.TB, dir, confText string) func(request string) string {
	t.Helper()
	addr := Nginx(t, dir, confText)
	if addr == "" {
		t.Skip("nginx is not installed")
	}
	return func(request string) string { return exchange(t, addr, request) }
}

var (
	signature = regexp.MustCompile(`(nginx|moongate)/[0-9.]+`)
	volatile  = regexp.MustCompile(`(?m)^(Server|Date): .*\r\n`)
	ownPort   = regexp.MustCompile(`(localhost|127\.0\.0\.1|example\.org):\d+`)
	pageSize  = regexp.MustCompile(`(?m)^Content-Length: \d+\r$`)
)

// Unsigned is an error page without the name and version of the server that made it.
func Unsigned(page string) string { return signature.ReplaceAllString(page, "SERVER") }

// Comparable takes out of a response what may differ between two servers: name, version, date, port and
// the order of the header lines.
func Comparable(raw string) string {
	head, body, _ := strings.Cut(volatile.ReplaceAllString(raw, ""), "\r\n\r\n")
	// an error page names its server; to HEAD only its length shows
	if signature.MatchString(body) || body == "" && strings.Contains(head, "Content-Type: text/html") && !strings.HasPrefix(head, "HTTP/1.1 2") {
		body = Unsigned(body)
		head = pageSize.ReplaceAllString(head+"\r", "Content-Length: PAGE\r")
	}
	lines := strings.Split(strings.TrimSuffix(head, "\r"), "\r\n")
	sort.Strings(lines[1:])
	return ownPort.ReplaceAllString(strings.Join(lines, "\n")+"\n\n"+body, "$1:PORT")
}
