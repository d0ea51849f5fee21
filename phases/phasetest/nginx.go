package phasetest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Nginx serves confText with Debian's nginx until the test ends, in the prefix dir, and answers with its address; "" where nginx is
// not installed. ADDR and PREFIX mean what they do for Start. Temporary files go below the prefix, what the server has to say to
// logs/nginx.log, beside the logs of confText itself.
func Nginx(t testing.TB, dir, confText string) (addr string) {
	t.Helper()
	const nginx = "/usr/sbin/nginx"
	if _, err := os.Stat(nginx); err != nil {
		return ""
	}
	addr = FreeAddr(t)
	text := strings.NewReplacer("ADDR", addr, "PREFIX", dir).Replace(confText)
	paths := " access_log off;"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths += " " + kind + "_temp_path " + dir + "logs/" + kind + ";"
	}
	text = "daemon off; master_process off; error_log " + dir + "logs/nginx.log info; pid " + dir + "logs/nginx.pid;\n" +
		strings.Replace(text, "http {", "http {"+paths, 1)
	file := filepath.Join(dir, "conf/oracle.conf")
	WriteFile(t, file, text)
	cmd := exec.Command(nginx, "-p", dir, "-c", file, "-e", dir+"logs/nginx.log")
	if err := cmd.Start(); err != nil {
		t.Skipf("nginx: %v", err)
	}
	gone := make(chan struct{})
	go func() {
		cmd.Wait() //nolint:errcheck // that it has ended is all that counts
		close(gone)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may be gone
		<-gone
	})
	ended := false
	up := Await(func() bool {
		select {
		case <-gone:
			ended = true
			return true
		default:
		}
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if !up || ended {
		log, _ := os.ReadFile(dir + "logs/nginx.log")
		t.Fatalf("nginx does not answer: %s", log)
	}
	return addr
}
