package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/log"
)

// inBackground marks the process that daemonize started. Its file descriptor 3 is a pipe to the
// parent, which waits there for word of the start.
const inBackground = "MOONGATE_IN_BACKGROUND"

// daemonize starts the server in the background where the configuration says "daemon on", and reports
// whether this process is done. It returns once the ports are open, or with the start's failure.
func daemonize(o *options) (code int, done bool) {
	if os.Getenv(inBackground) != "" {
		os.Unsetenv(inBackground) //nolint:errcheck // it is set
		background = os.NewFile(3, "start")
		syscall.CloseOnExec(3)
		if o.errorLog == "" {
			o.errorLog = "logs/error.log" // nobody reads its standard error
		}
		return 0, false
	}
	if !wantsDaemon(o) {
		return 0, false
	}
	exe, err := os.Executable()
	if err != nil {
		o.complain(err)
		return 1, true
	}
	r, w, err := os.Pipe()
	if err != nil {
		o.complain(err)
		return 1, true
	}
	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Env = append(os.Environ(), inBackground+"=1")
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stderr, cmd.Stdout = os.Stderr, os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		o.complain(err)
		return 1, true
	}
	w.Close()
	word, _ := io.ReadAll(r)
	if string(word) == "ok" {
		return 0, true
	}
	cmd.Wait() //nolint:errcheck // its failure is known; this lets its output end
	return 1, true
}

// wantsDaemon looks for "daemon on" without building the configuration. Unlike nginx, moongate stays in
// the foreground unless told otherwise.
func wantsDaemon(o *options) bool {
	on := false
	look := func(c *conf.Config) {
		if c == nil {
			return
		}
		for _, d := range c.Directives {
			if d.Name == "daemon" && len(d.Args) == 1 {
				on, _ = conf.ParseFlag(d.Args[0].Value)
			}
		}
	}
	if !o.embedded {
		c, _ := conf.Parse(o.conf, conf.Options{})
		look(c)
	}
	if o.globals != "" {
		c, _ := conf.ParseParam(o.globals, conf.Options{})
		look(c)
	}
	return on
}

var background *os.File // to the waiting parent

// detached: this process runs in the background, and its standard error belongs to the error log.
var detached bool

// reportStart tells the waiting parent how the start went, and lets its terminal go: whoever waits for
// the end of the parent's output must not wait for the server. t is nil where the start failed.
func reportStart(t *phases.Tree) {
	if background == nil {
		return
	}
	if t != nil {
		if null, e := os.OpenFile(os.DevNull, os.O_RDWR, 0); e == nil {
			for fd := range 2 {
				unix.Dup2(int(null.Fd()), fd) //nolint:errcheck // the terminal stays then
			}
			null.Close()
		}
		detached = true
		redirectStderr(t)
		fmt.Fprint(background, "ok")
	}
	background.Close()
	background = nil
}

// redirectStderr lets what the Go runtime says of its own end up in the error log.
func redirectStderr(t *phases.Tree) {
	if detached {
		t.Core.ErrorLog.Redirect(2) //nolint:errcheck // it stays where it was
	}
}

func reopenLogs(t *phases.Tree) error {
	if err := phases.ReopenLogs(); err != nil {
		return err
	}
	redirectStderr(t)
	return log.Reopen()
}
