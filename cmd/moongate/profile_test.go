package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpu.prof")
	t.Setenv(profileVariable, file)
	profile()()
	b, err := os.ReadFile(file)
	if err != nil || len(b) < 2 || b[0] != 0x1f || b[1] != 0x8b {
		t.Errorf("the profile is not what pprof reads (gzip): %q, %v", b[:min(len(b), 8)], err)
	}
	t.Setenv(profileVariable, "")
	profile()() // nothing asked for
}
