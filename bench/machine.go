package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"moongate/bench/report"
)

func machine() report.Machine {
	m := report.Machine{CPU: "unknown processor", Cores: runtime.NumCPU(), Go: runtime.Version(), LoadBefore: loadAverage()}
	if v := procValue("/proc/cpuinfo", "model name"); v != "" {
		m.CPU = v
	}
	var kb int64
	if n, err := fmt.Sscan(procValue("/proc/meminfo", "MemTotal"), &kb); n == 1 && err == nil {
		m.MemoryMB = kb >> 10
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// procValue is what stands behind the first "name:" of a file of /proc.
func procValue(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if k, v, ok := strings.Cut(sc.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// loadAverage is the machine's load of the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var v float64
	fmt.Sscan(string(b), &v) //nolint:errcheck // the kernel writes a number
	return v
}
