package engine

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is processor time.
type CPU struct {
	Total  time.Duration // of the kernel's scheduler, to the nanosecond
	User   time.Duration // by ticks of 10 ms
	System time.Duration // by ticks of 10 ms
}

// Sub is the time between two readings.
func (c CPU) Sub(o CPU) CPU {
	return CPU{Total: c.Total - o.Total, User: c.User - o.User, System: c.System - o.System}
}

const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux of these days

// ReadCPU is what a process and its descendants have used so far: all their threads, and children that ended
// and were waited for, so that workers replaced by a reload are not lost.
func ReadCPU(pid int) (CPU, error) {
	var sum CPU
	for _, p := range family(pid) {
		c, err := cpuOf(p)
		if err != nil {
			if p == pid {
				return CPU{}, err
			}
			continue // it ended just now, and its parent has its time
		}
		sum.Total += c.Total
		sum.User += c.User
		sum.System += c.System
	}
	return sum, nil
}

func cpuOf(pid int) (CPU, error) {
	fields, err := statFields(pid)
	if err != nil {
		return CPU{}, err
	}
	ticks := func(i int) time.Duration {
		n, _ := strconv.ParseInt(fields[i], 10, 64) //nolint:errcheck // the kernel writes numbers
		return time.Duration(n) * tick
	}
	// proc(5) counts from 1 and utime is field 14; the fields here begin behind the name, with field 3
	c := CPU{User: ticks(11) + ticks(13), System: ticks(12) + ticks(14)}
	waited := ticks(13) + ticks(14)
	var ts unix.Timespec
	// the clock of a process: see clock_getcpuclockid(3)
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		c.Total = c.User + c.System
		return c, nil //nolint:nilerr // ticks are coarser, and true
	}
	c.Total = time.Duration(ts.Nano()) + waited
	return c, nil
}

// statFields are the fields of /proc/PID/stat from the third on.
func statFields(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 15 {
		return nil, fmt.Errorf("/proc/%d/stat: too short", pid)
	}
	return fields, nil
}

// family is a process and its descendants.
func family(pid int) []int {
	out := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) //nolint:errcheck // the pattern is well-formed
	for _, f := range lists {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, w := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(w); err == nil {
				out = append(out, family(child)...)
			}
		}
	}
	return out
}

// ReadBusy is what the cores have been used so far, by whomever; the hypervisor's other guests count where the kernel
// knows of them.
func ReadBusy(cores []int) (sum time.Duration) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		name, rest, _ := strings.Cut(sc.Text(), " ")
		core, err := strconv.Atoi(strings.TrimPrefix(name, "cpu"))
		if err != nil || !strings.HasPrefix(name, "cpu") || !slices.Contains(cores, core) {
			continue
		}
		// user nice system idle iowait irq softirq steal
		for i, field := range strings.Fields(rest) {
			if n, err := strconv.ParseInt(field, 10, 64); err == nil && i != 3 && i != 4 && i < 8 {
				sum += time.Duration(n) * tick
			}
		}
	}
	return sum
}
