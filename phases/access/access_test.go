package access_test

import (
	"strings"
	"testing"

	"moongate/phases/access"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

func TestRules(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; deny 10.0.0.0/8;
		location /inherit { echo ok; }
		location /deny { deny 127.0.0.0/8; echo ok; }
		location /first { allow 127.0.0.1; deny all; echo ok; }
		location /order { deny all; allow 127.0.0.1; echo ok; }
		location /v6 { deny ::/0; deny unix:; echo ok; }
		location /any { satisfy any; deny all; echo ok; }
		location /method { limit_except GET { deny all; } echo ok; }
	} }`, echo.Module, access.Module)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/inherit", 200}, {"GET", "/deny", 403}, {"GET", "/first", 200}, {"GET", "/order", 403},
		{"GET", "/v6", 200}, {"GET", "/any", 403}, {"GET", "/method", 200}, {"POST", "/method", 403},
	} {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			if got := s.Do(tt.method, tt.path, "").Status; got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
		})
	}
	if !s.WaitLog("access forbidden by rule, client: 127.0.0.1, server: ") {
		t.Errorf("log: %s", s.ErrorLog())
	}
}

func TestConfiguration(t *testing.T) {
	for _, text := range []string{"allow 10.0.0.0/40;", "deny everyone;"} {
		got := phasetest.LoadError(t, "http { server { listen ADDR; "+text+" } }", access.Module)
		if !strings.Contains(got, "invalid parameter") {
			t.Errorf("%s: %q", text, got)
		}
	}
}
