package engine

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ReadMemory is the proportional set size of a process and its descendants in bytes: what they occupy, with
// pages that several of them share counted once.
func ReadMemory(pid int) (sum int64) {
	for _, p := range family(pid) {
		sum += kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", p), "Pss:")
	}
	return sum
}

// ReadPeak is the most that a process and its descendants have occupied since ResetPeak: their proportional set size now,
// and by how much each has shrunk since its largest.
func ReadPeak(pid int) int64 {
	sum := ReadMemory(pid)
	for _, p := range family(pid) {
		status := fmt.Sprintf("/proc/%d/status", p)
		sum += max(0, kilobytes(status, "VmHWM:")-kilobytes(status, "VmRSS:"))
	}
	return sum
}

// ResetPeak forgets how large a process and its descendants were, so that the peak is the load's and not that of reading a
// configuration.
func ResetPeak(pid int) {
	for _, p := range family(pid) {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p), []byte("5"), 0) //nolint:errcheck // a peak too high is better than none
	}
}

// kilobytes is the size in bytes that stands behind a name in a file of /proc.
func kilobytes(file, name string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if v, ok := strings.CutPrefix(sc.Text(), name); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64) //nolint:errcheck // the kernel writes numbers
			return kb << 10
		}
	}
	return 0
}
