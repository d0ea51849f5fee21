package stubstatus_test

import (
	"regexp"
	"testing"

	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/stubstatus"
)

func TestStubStatus(t *testing.T) {
	s := phasetest.Start(t, `events {} http {
		server { listen ADDR; location /s { stub_status; } location /old { stub_status on; }
			location /v { return 200 "$connections_active $connections_reading $connections_writing $connections_waiting"; } }
	}`, rewrite.Module, stubstatus.Module)
	page := regexp.MustCompile(`^Active connections: [1-9]\d* \nserver accepts handled requests\n [1-9]\d* [1-9]\d* [1-9]\d* \nReading: \d+ Writing: [1-9]\d* Waiting: \d+ \n$`)
	for _, path := range []string{"/s", "/old"} {
		if res := s.Get(path); res.Status != 200 || !page.MatchString(res.Body) || res.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: %q", path, res.Raw)
		}
	}
	if res := s.Get("/v"); !regexp.MustCompile(`^[1-9]\d* \d+ [1-9]\d* \d+$`).MatchString(res.Body) {
		t.Errorf("variables: %q", res.Raw)
	}
	if res := s.Do("POST", "/s", "x"); res.Status != 405 {
		t.Errorf("POST: %q", res.Raw)
	}
}
