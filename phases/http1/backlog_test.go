package http1_test

import (
	"os/exec"
	"strings"
	"testing"

	"moongate/phases/phasetest"
)

// TestBacklog reads the length of the queue where ss shows it, in the column Send-Q of a listener.
func TestBacklog(t *testing.T) {
	if _, err := exec.LookPath("ss"); err != nil {
		t.Skip("ss is not installed")
	}
	s := phasetest.Start(t, `events {} http { server { listen ADDR backlog=37; } }`)
	_, port, _ := strings.Cut(s.Addr(), ":")
	out, err := exec.Command("ss", "-Hltn", "sport = :"+port).Output()
	if f := strings.Fields(string(out)); err != nil || len(f) < 3 || f[2] != "37" {
		t.Errorf("%v: %q", err, out)
	}
}
