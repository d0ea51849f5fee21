package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"moongate/bench/engine"
	"moongate/bench/report"
	"moongate/bench/workload"
)

// program puts a shell script into a folder of its own, which becomes the only one in PATH beside the system's.
func program(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// The adapter for skipper starts whatever has that name with skipper's flags, and measures what answers.
func TestSkipperAdapter(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program(t, "skipper", fmt.Sprintf(`
if [ "$1" = -version ]; then echo "Skipper version v0.0.1 (not the real one)"; exit 0; fi
[ "$1" = -address ] || exit 1
case "$*" in *'-inline-routes all: * -> "http://127.0.0.1:'*) ;; *) echo "no route: $*" >&2; exit 1;; esac
%s=http BENCH_ADDR="$2" exec %q
`, engine.RoleVariable, self))
	h := newTestHarness(t, "skipper")
	if v := h.rep.Engines[1].Version; !strings.Contains(v, "not the real one") {
		t.Errorf("version %q", v)
	}
	loads, err := workload.Load(embedded, "workloads", []string{"proxy", "static"})
	if err != nil {
		t.Fatal(err)
	}
	measureAll(t, h, loads)
	for _, w := range h.rep.Workloads {
		s := w.Side("skipper")
		if s == nil || (w.Name == "proxy") != (len(s.Full) > 0) || (w.Name == "static") != (s.Skipped != "") {
			t.Errorf("%s: %+v", w.Title, s)
		}
	}
}

// -install runs apt-get for the packages that make Debian's nginx an OpenResty, and asks nothing.
func TestInstall(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	program(t, "apt-get", "echo \"$DEBIAN_FRONTEND: $*\" >> "+said+"\n")
	if err := installDebian(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(said)
	want := "noninteractive: update -qq\nnoninteractive: install -y -qq libluajit2-5.1-2 nginx-core libnginx-mod-http-lua lua-cjson\n"
	if err != nil || string(got) != want {
		t.Errorf("%q %v", got, err)
	}
	program(t, "apt-get", "echo E: no network >&2; exit 100\n")
	if err := installDebian(t.Context()); err == nil || !strings.Contains(err.Error(), "E: no network") {
		t.Error(err)
	}
}

// Whether it is asked to end or killed, the harness leaves no server behind.
func TestNoServerIsLeftBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := buildMoongate(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			base := freePorts(t)
			addrs := []string{fmt.Sprintf("127.0.0.1:%d", base+1), fmt.Sprintf("127.0.0.1:%d", base+10)}
			var said strings.Builder
			cmd := exec.Command(self, "-w", "proxy", "-against", "none", "-moongate", bin, "-nopin", "-rounds", "1000", "-port", fmt.Sprint(base))
			cmd.Env = append(os.Environ(), mainVariable+"=1")
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for _, addr := range addrs {
				await(t, addr, true)
			}
			cmd.Process.Signal(sig)
			err := cmd.Wait()
			if sig == syscall.SIGINT && (cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "interrupted")) {
				t.Errorf("%v: %s", err, said.String())
			}
			for _, addr := range addrs {
				await(t, addr, false)
			}
		})
	}
}

// await waits until somebody listens, or nobody does.
func await(t *testing.T, addr string, listens bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		if (err == nil) == listens {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: somebody listens: %v", addr, err == nil)
		}
	}
}

// The harness's own load and wrk agree within 10 %, on requests a second and on what the server uses for each.
func TestRefereeAgrees(t *testing.T) {
	wrk, err := exec.LookPath("wrk")
	switch cores, _ := engine.Cores(); {
	case testing.Short():
		t.Skip("takes ten seconds")
	case err != nil:
		t.Skip("wrk is not installed")
	case raceEnabled:
		t.Skip("under the race detector the load is slower than wrk")
	case len(cores) < 2:
		t.Skip("needs a core for the server and one for the load")
	}
	h := newTestHarness(t, "none")
	h.o.noPin, h.o.rounds, h.o.round = false, 1, time.Second
	loads, err := workload.Load(embedded, "workloads", []string{"static"})
	if err != nil {
		t.Fatal(err)
	}
	s := h.session(loads[0], 1)
	t.Cleanup(func() { engine.PinSelf(h.cores) })
	defer s.stop()
	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var f *report.Referee
	for range 2 {
		if f, err = s.referee(context.Background(), wrk, s.sides[0]); err != nil {
			t.Fatal(err)
		}
		t.Log(f)
		if agree(f.Rate) && agree(f.CPU) {
			return
		}
	}
	if differ(f.Rate) || differ(f.CPU) {
		t.Fatalf("more than 10 %% apart: %v", f)
	}
	t.Skipf("the machine is too busy to tell: %v", f)
}

func agree(s report.Stat) bool { return s.Median > 0.9 && s.Median < 1.1 }

// differ reports whether the rounds show a difference, and not only leave it open.
func differ(s report.Stat) bool { return s.High < 0.9 || s.Low > 1.1 }
