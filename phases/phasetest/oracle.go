package phasetest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"
)

// Oracle starts Debian's nginx with the same configuration text, in the same prefix, and answers with a
// function that sends it bytes and reads until it closes the connection. The test is skipped where
// nginx is not installed.
func Oracle(t testing.TB, dir, confText string) func(request string) string {
	t.Helper()
	const nginx = "/usr/sbin/nginx"
	if _, err := os.Stat(nginx); err != nil {
		t.Skip("nginx is not installed")
	}
	addr := FreeAddr(t)
	text := strings.ReplaceAll(strings.ReplaceAll(confText, "ADDR", addr), "PREFIX", dir)
	text = "daemon off; master_process off; error_log " + dir + "logs/oracle.log info; pid " + dir + "logs/oracle.pid;\n" +
		strings.Replace(text, "http {", "http { access_log off; client_body_temp_path "+dir+"logs/b; proxy_temp_path "+dir+"logs/p;"+
			" fastcgi_temp_path "+dir+"logs/f; uwsgi_temp_path "+dir+"logs/u; scgi_temp_path "+dir+"logs/s;", 1)
	file := filepath.Join(dir, "conf/oracle.conf")
	WriteFile(t, file, text)
	cmd := exec.Command(nginx, "-p", dir, "-c", file, "-e", dir+"logs/oracle.log")
	if err := cmd.Start(); err != nil {
		t.Skipf("nginx: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may be gone
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	for range 200 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return func(request string) string { return exchange(t, addr, request) }
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(dir + "logs/oracle.log")
	t.Fatalf("nginx does not answer: %s", log)
	return nil
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
