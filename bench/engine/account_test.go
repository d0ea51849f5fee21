package engine

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
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
	_, err = Start(Command{Path: sh, Args: []string{"-c", "echo no good >&2; exit 3"}}, nil, "127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "no good") || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
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
}
