//go:build unix

package regex

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPCRE measures the cases in turn here and in PCRE2 with its compiler, as pcre2test runs it, and reports the ratio. Both
// figures are processor time, so that other work on the machine counts little.
func BenchmarkPCRE(b *testing.B) {
	tool, err := exec.LookPath("pcre2test")
	if err != nil {
		b.Skip("needs pcre2test, of the package pcre2-utils")
	}
	for _, bc := range benchCases {
		b.Run(bc.name, func(b *testing.B) {
			re, err := Compile(bc.pattern, 0)
			if err != nil {
				b.Fatal(err)
			}
			caps := make([]int, 2*(re.NumCaptures()+1))
			start := ownTime(b)
			for b.Loop() {
				if _, err := re.Match(bc.subject, 0, caps, nil); err != nil {
					b.Fatal(err)
				}
			}
			ours := float64(ownTime(b)-start) / float64(b.N)
			n := max(int(float64(300*time.Millisecond)/ours), 1000)
			theirs, err := timePCRE(tool, bc.pattern, bc.subject, n)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(ours, "cpu-ns/op")
			b.ReportMetric(theirs, "pcre-ns/op")
			b.ReportMetric(ours/theirs, "x-pcre")
		})
	}
}

// ownTime is the processor time of this process.
func ownTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timePCRE is how long one match takes in pcre2test, in nanoseconds, over n of them. It prints times too coarsely, so that the
// process's own are taken, less those of a process that matches once.
func timePCRE(tool, pattern, subject string, n int) (float64, error) {
	run := func(n int) (time.Duration, error) {
		cmd := exec.Command(tool, "-q", "-jit", "-tm", strconv.Itoa(n))
		cmd.Stdin = strings.NewReader("~" + pattern + "~\n" + strings.ReplaceAll(subject, `\`, `\\`) + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("pcre2test: %w: %s", err, out)
		}
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
	}
	var times [2]time.Duration
	for i, n := range []int{1, n} {
		t, err := run(n)
		if err != nil {
			return 0, err
		}
		times[i] = t
	}
	return float64(times[1]-times[0]) / float64(n), nil
}
