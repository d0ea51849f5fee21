package phases_test

import (
	"net"
	"regexp"
	"testing"
	"time"

	"moongate/phases/phasetest"
)

func TestErrorLogToSyslog(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s := phasetest.Start(t, "events {} http { server { listen ADDR; error_log syslog:server="+server.LocalAddr().String()+
		",facility=local1,tag=gate_1,nohostname info; } }")
	s.Get("/none%zz")
	server.SetReadDeadline(time.Now().Add(5 * time.Second)) //nolint:errcheck // the read will tell
	b := make([]byte, 4096)
	n, _, err := server.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	// local1 is facility 17, info severity 6
	if want := regexp.MustCompile(`^<142>[A-Z][a-z]{2} [ 0-9][0-9] \d\d:\d\d:\d\d gate_1: \d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[info\] .*client sent invalid request.*[^\n]$`); !want.Match(b[:n]) {
		t.Errorf("message %q, want one like %s", b[:n], want)
	}
}

func TestSyslogParameters(t *testing.T) {
	tests := []struct{ name, params, want string }{
		{"no server", "tag=a", "no syslog server specified"},
		{"facility", "server=127.0.0.1,facility=x", `unknown syslog facility "x"`},
		{"severity", "server=127.0.0.1,severity=x", `unknown syslog severity "x"`},
		{"tag", "server=127.0.0.1,tag=a-b", `syslog "tag" only allows alphanumeric characters and underscore`},
		{"twice", "server=127.0.0.1,server=127.0.0.2", `duplicate syslog "server"`},
		{"parameter", "server=127.0.0.1,x", `unknown syslog parameter "x"`},
		{"good", "server=unix:/tmp/none,nohostname,severity=warn", ""},
		{"good IPv6", "server=[::1]:5514", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "error_log syslog:"+tt.params+";\nevents {} http {}")
			if tt.want == "" && got != "" || !regexp.MustCompile(regexp.QuoteMeta(tt.want)).MatchString(got) {
				t.Errorf("error %q, want %q", got, tt.want)
			}
		})
	}
}
