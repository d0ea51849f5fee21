package engine

import (
	"cmp"
	"debug/buildinfo"
	"fmt"
	"os"
	"strings"
)

// Moongate is the gateway of this repository.
type Moongate struct {
	Bin string // the binary
	As  string // its name beside another build; "" is "moongate"
}

// Name is "moongate", unless it goes by another name.
func (m *Moongate) Name() string { return cmp.Or(m.As, "moongate") }

// Version is what `moongate version` says, with the commit and the compiler that the binary names.
func (m *Moongate) Version() (string, error) {
	if _, err := os.Stat(m.Bin); err != nil {
		return "", fmt.Errorf("moongate: %w (make build)", err)
	}
	v, err := output(m.Bin, "version")
	if err != nil {
		return "", err
	}
	if _, own, ok := strings.Cut(v, "(moongate "); ok {
		v = "moongate " + strings.TrimSuffix(own, ")")
	}
	info, err := buildinfo.ReadFile(m.Bin)
	if err != nil {
		return v, nil //nolint:nilerr // a binary that was packed says less
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 7:
			v += ", commit " + s.Value[:7]
		case s.Key == "vcs.modified" && s.Value == "true":
			v += " with changes"
		}
	}
	return v + ", " + info.GoVersion, nil
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
