package engine

import (
	"errors"
	"os/exec"
	"strings"
)

// Nginx is stock nginx, without Lua: what the engine costs when nothing is scripted.
type Nginx struct{}

// Name is "nginx".
func (n *Nginx) Name() string { return "nginx" }

// Version is nginx's own line.
func (n *Nginx) Version() (string, error) {
	bin, err := lookNginx()
	if err != nil {
		return "", errors.New("nginx is not installed")
	}
	v, err := output(bin, "-v")
	return strings.TrimPrefix(v, "nginx version: "), err
}

// Serves refuses scripts.
func (n *Nginx) Serves(s *Site) error {
	if s.Lua {
		return errors.New("needs Lua")
	}
	return nil
}

// Command keeps it in the foreground.
func (n *Nginx) Command(s *Site) Command {
	bin, _ := lookNginx() //nolint:errcheck // Version was asked first
	return nginxCommand(bin, nil, s)
}

// Reloads is true.
func (n *Nginx) Reloads() bool { return true }

// Bare is a fasthttp server that only knows the workload's answer: the ceiling of what a Go server on that
// library could do. The harness itself serves it (RunBare).
type Bare struct {
	Self string // the harness's own binary
}

// Name is "fasthttp".
func (b *Bare) Name() string { return "fasthttp" }

// Version names the library.
func (b *Bare) Version() (string, error) { return "fasthttp, a constant answer", nil }

// Serves takes workloads with one constant answer.
func (b *Bare) Serves(s *Site) error {
	if s.Simple == nil || s.TLS {
		return errors.New("has no constant answer")
	}
	return nil
}

// Command is the harness in the role of the server.
func (b *Bare) Command(s *Site) Command {
	return Command{Path: b.Self, Env: []string{RoleVariable + "=bare", "BENCH_ADDR=" + s.Addr, "BENCH_BODY=" + s.Simple.Body}}
}

// Reloads is false.
func (b *Bare) Reloads() bool { return false }

// Skipper is zalando/skipper, where its binary is in PATH: a router in Go with Lua filters.
type Skipper struct{}

// Name is "skipper".
func (k *Skipper) Name() string { return "skipper" }

// Version is what its binary says.
func (k *Skipper) Version() (string, error) {
	bin, err := exec.LookPath("skipper")
	if err != nil {
		return "", errors.New("skipper is not in PATH")
	}
	return output(bin, "-version")
}

// Serves takes workloads that pass everything on.
func (k *Skipper) Serves(s *Site) error {
	if !s.Relay || s.TLS {
		return errors.New("is no plain proxying")
	}
	return nil
}

// Command serves one route.
func (k *Skipper) Command(s *Site) Command {
	bin, _ := exec.LookPath("skipper") //nolint:errcheck // Version was asked first
	return Command{Path: bin, Args: []string{"-address", s.Addr, "-support-listener", "", "-access-log-disabled",
		"-inline-routes", `all: * -> "http://` + s.Upstream + `"`}}
}

// Reloads is false.
func (k *Skipper) Reloads() bool { return false }
