package engine

import (
	"fmt"
	"os"
)

// Moongate is the gateway of this repository.
type Moongate struct {
	Bin string // the binary
}

// Name is "moongate".
func (m *Moongate) Name() string { return "moongate" }

// Version is what `moongate version` says.
func (m *Moongate) Version() (string, error) {
	if _, err := os.Stat(m.Bin); err != nil {
		return "", fmt.Errorf("moongate: %w (make build)", err)
	}
	return output(m.Bin, "version")
}

// Serves is nil: every workload is made for it.
func (m *Moongate) Serves(*Site) error { return nil }

// Command starts it as a user does. A profile is asked for through MOONGATE_CPUPROFILE.
func (m *Moongate) Command(s *Site) Command {
	c := Command{Path: m.Bin, Args: []string{"-p", s.Prefix, "-c", "conf/nginx.conf", "-e", "stderr"}}
	if s.Profile != "" {
		c.Env = append(c.Env, "MOONGATE_CPUPROFILE="+s.Profile)
	}
	return c
}

// Reloads is true.
func (m *Moongate) Reloads() bool { return true }
