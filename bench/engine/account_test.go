package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReadCPU(t *testing.T) {
	before, err := ReadCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for used := time.Duration(0); used < 50*time.Millisecond; n++ {
		now, err := ReadCPU(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if used = now.Sub(before).Total; used < 0 {
			t.Fatal("time runs backwards")
		}
	}
	if _, err := ReadCPU(1 << 30); err == nil {
		t.Error("no error for a process that is not there")
	}
}

// What children use counts: while they live, and after they were waited for.
func TestReadCPUOfChildren(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	cmd := exec.Command(sh, "-c", `sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; echo done; read line; exit 0`)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	c, err := ReadCPU(cmd.Process.Pid)
	if err != nil || c.Total < 20*time.Millisecond {
		t.Errorf("the shell's child used %v: %v", c.Total, err)
	}
	in.Close()
	cmd.Wait()
}

func TestReadMemory(t *testing.T) {
	if m := ReadMemory(os.Getpid()); m < 1<<20 || m > 4<<30 {
		t.Errorf("%d bytes", m)
	}
}

func TestStartReportsFailure(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	_, err = Start(t.Context(), Command{Path: sh, Args: []string{"-c", "echo no good >&2; exit 3"}}, nil, "127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "no good") || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
}

// Another program's port is not taken for the server's.
func TestStartWantsItsPort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, err = Start(t.Context(), Command{Path: "sleep", Args: []string{"60"}}, nil, ln.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "is not free") {
		t.Error(err)
	}
}

// Whoever gives up while a server starts gets it ended.
func TestStartEndsWithItsContext(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	pid := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for {
			if b, err := os.ReadFile(pid); err == nil && len(b) > 0 {
				return
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	_, err = Start(ctx, Command{Path: sh, Args: []string{"-c", "echo $$ > " + pid + "; sleep 60; true"}}, nil, "127.0.0.1:1")
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var n int
	b, _ := os.ReadFile(pid)
	fmt.Sscan(string(b), &n)
	if err := syscall.Kill(n, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", n, err)
	}
}

func TestReadPeak(t *testing.T) {
	ResetPeak(os.Getpid())
	before := ReadPeak(os.Getpid())
	room, err := unix.Mmap(-1, 0, 32<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	for i := 0; i < len(room); i += 4096 {
		room[i] = 1
	}
	unix.Munmap(room)
	if grown := ReadPeak(os.Getpid()) - before; grown < 16<<20 || grown > 128<<20 {
		t.Errorf("32 MB for a moment made the peak %d bytes higher", grown)
	}
}

func TestReadBusy(t *testing.T) {
	cores, err := Cores()
	if err != nil {
		t.Fatal(err)
	}
	before := ReadBusy(cores)
	own := func() time.Duration { c, _ := ReadCPU(os.Getpid()); return c.Total }
	for start := own(); own()-start < 100*time.Millisecond; {
	}
	if used := ReadBusy(cores) - before; used < 50*time.Millisecond {
		t.Errorf("100 ms of work made the cores busy for %v", used)
	}
	if ReadBusy([]int{1 << 20}) != 0 {
		t.Error("a core that is not there is busy")
	}
}

func TestServes(t *testing.T) {
	all := All("moongate", "bench")
	tests := []struct {
		name string
		site Site
		want map[string]bool
	}{
		{"script", Site{Lua: true}, map[string]bool{"moongate": true, "openresty": true}},
		{"constant script", Site{Lua: true, Simple: &Answer{200, "x"}}, map[string]bool{"moongate": true, "openresty": true, "fasthttp": true}},
		{"configuration", Site{}, map[string]bool{"moongate": true, "openresty": true, "nginx": true}},
		{"relay", Site{Relay: true}, map[string]bool{"moongate": true, "openresty": true, "nginx": true, "skipper": true}},
	}
	for _, tt := range tests {
		for _, e := range all {
			if got := e.Serves(&tt.site) == nil; got != tt.want[e.Name()] {
				t.Errorf("%s: %s serves it: %v", tt.name, e.Name(), got)
			}
		}
	}
	if _, err := Find(all, "apache"); err == nil {
		t.Error("an engine that is not there is found")
	}
	before, err := Find(all, "/builds/before")
	if err != nil || before.Name() != "before" || before.Command(&Site{}).Path != "/builds/before" {
		t.Errorf("another build: %v, %v", before, err)
	}
}
