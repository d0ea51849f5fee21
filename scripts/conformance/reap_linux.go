package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process the parent of servers whose own parent has ended, and waits for them when they end: the
// harness takes a server that nobody has waited for as running, and not every container has an init that does.
func adoptOrphans(mine func(pid int) bool) {
	if unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != nil {
		return
	}
	ended := make(chan os.Signal, 16)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			lists, _ := filepath.Glob("/proc/self/task/*/children") //nolint:errcheck // the pattern is right
			for _, list := range lists {
				text, _ := os.ReadFile(list) //nolint:errcheck // a thread that has ended has no children
				for f := range strings.FieldsSeq(string(text)) {
					if pid, err := strconv.Atoi(f); err == nil && !mine(pid) {
						syscall.Wait4(pid, nil, syscall.WNOHANG, nil) //nolint:errcheck // it may run on
					}
				}
			}
		}
	}()
}
