package realip_test

import (
	"strings"
	"testing"

	"moongate/phases/access"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/realip"
)

func TestRealIP(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR;
		location / { echo "$remote_addr:$remote_port"; }
		location /real { set_real_ip_from 127.0.0.0/8; echo "$remote_addr $remote_port $realip_remote_addr"; }
		location /xff { set_real_ip_from 127.0.0.0/8; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; echo "$remote_addr"; }
		location /rec { set_real_ip_from 127.0.0.0/8; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on; echo "$remote_addr"; }
		location /other { set_real_ip_from 10.0.0.0/8; echo "$remote_addr"; }
		location /custom { set_real_ip_from 127.0.0.1; real_ip_header CF-IP; echo "$remote_addr"; }
		location /deny { set_real_ip_from 127.0.0.1; deny 1.2.3.4; echo "$remote_addr"; }
		location /exec { set_real_ip_from 127.0.0.1; echo_exec /after; }
		location /after { set_real_ip_from 1.2.3.4; echo "$remote_addr $realip_remote_addr"; }
	} }`, realip.Module, access.Module, echo.Module)
	tests := []struct {
		name, path string
		headers    []string
		want       string
	}{
		{"default header", "/real", []string{"X-Real-IP: 1.2.3.4"}, "1.2.3.4  127.0.0.1\n"},
		{"port", "/real", []string{"X-Real-IP: 1.2.3.4:99"}, "1.2.3.4 99 127.0.0.1\n"},
		{"IPv6", "/real", []string{"X-Real-IP: [2001:db8::1]:99"}, "2001:db8::1 99 127.0.0.1\n"},
		{"the last address", "/xff", []string{"X-Forwarded-For: 9.9.9.9, 10.0.0.1"}, "10.0.0.1\n"},
		{"recursive", "/rec", []string{"X-Forwarded-For: 9.9.9.9, 8.8.8.8, 10.0.0.1"}, "8.8.8.8\n"},
		{"recursive over lines", "/rec", []string{"X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 10.0.0.1, 10.0.0.2"}, "9.9.9.9\n"},
		{"recursive, all trusted", "/rec", []string{"X-Forwarded-For: 10.0.0.1, 10.0.0.2"}, "10.0.0.1\n"},
		{"recursive, nonsense", "/rec", []string{"X-Forwarded-For: who, 10.0.0.2"}, "10.0.0.2\n"},
		{"not trusted", "/other", []string{"X-Real-IP: 1.2.3.4"}, "127.0.0.1\n"},
		{"no address", "/custom", []string{"CF-IP: me"}, "127.0.0.1\n"},
		{"own header", "/custom", []string{"cf-ip: 1.1.1.1"}, "1.1.1.1\n"},
		{"only once", "/exec", []string{"X-Real-IP: 1.2.3.4"}, "1.2.3.4 127.0.0.1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.Get(tt.path, tt.headers...).Body; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if got := s.Get("/deny", "X-Real-IP: 1.2.3.4").Status; got != 403 {
		t.Errorf("access sees the old address: %d", got)
	}
	if !s.WaitLog("access forbidden by rule, client: 1.2.3.4,") {
		t.Errorf("log: %s", s.ErrorLog())
	}
}

func TestConfiguration(t *testing.T) {
	got := phasetest.LoadError(t, "http { server { listen ADDR; set_real_ip_from no.such.host.invalid; } }", realip.Module)
	if !strings.Contains(got, `host not found in set_real_ip_from "no.such.host.invalid"`) {
		t.Errorf("%q", got)
	}
}
