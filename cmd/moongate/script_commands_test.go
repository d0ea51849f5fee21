package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of a script for another process.
const patience = time.Minute

// server is the key of the script's moongate among testscript's values.
type server struct{}

// process is a server that a script has started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// soon waits until ok holds, looking again and again: what it waits for happens in another process.
func soon(ok func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}

func accepts(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// start [ARG]...: starts moongate with the prefix $WORK and waits until ADDR1 accepts connections. What
// it prints goes to start.out and start.err.
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	p := ts.Value(server{}).(*process)
	if p.cmd != nil {
		ts.Fatalf("start: a server runs already")
	}
	bin, err := exec.LookPath("moongate")
	ts.Check(err)
	cmd := exec.Command(bin, append([]string{"-p", ts.MkAbs(".")}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "WORK="+ts.MkAbs("."))
	out, err := os.Create(ts.MkAbs("start.out"))
	ts.Check(err)
	defer out.Close()
	errs, err := os.Create(ts.MkAbs("start.err"))
	ts.Check(err)
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	ts.Check(cmd.Start())
	p.cmd, p.done = cmd, make(chan struct{})
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	ts.Defer(func() {
		cmd.Process.Kill()
		<-p.done
	})
	addr := ts.Getenv("ADDR1")
	up := soon(func() bool {
		select {
		case <-p.done:
			return true
		default:
			return accepts(addr)
		}
	})
	select {
	case <-p.done:
		up = false
	default:
	}
	if up == neg {
		b, _ := os.ReadFile(ts.MkAbs("start.err"))
		ts.Fatalf("start: serving is %v\n%s", up, b)
	}
}

// exited CODE: waits until the started server ends and checks its exit status.
func cmdExited(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(server{}).(*process)
	if p.cmd == nil || len(args) != 1 {
		ts.Fatalf("usage: exited CODE, after start")
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("the server did not end")
	}
	if code := strconv.Itoa(p.cmd.ProcessState.ExitCode()); code != args[0] {
		ts.Fatalf("exit status %s, want %s", code, args[0])
	}
	p.cmd = nil
}

// signal NAME [PIDFILE]: sends a signal to the started server, or to the one that the file names.
func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: signal NAME [PIDFILE]")
	}
	sig, ok := map[string]syscall.Signal{
		"HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH, "KILL": syscall.SIGKILL, "0": 0,
	}[args[0]]
	if !ok {
		ts.Fatalf("signal %s is not known", args[0])
	}
	pid := 0
	if len(args) > 1 {
		var err error
		pid, err = strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[1])))
		ts.Check(err)
	} else if p := ts.Value(server{}).(*process); p.cmd != nil {
		pid = p.cmd.Process.Pid
	}
	if pid <= 0 {
		ts.Fatalf("signal: no server")
	}
	ts.Check(syscall.Kill(pid, sig))
}

// waitfile FILE [REGEXP [COUNT]]: waits until the file is there and COUNT (1) places in it match. With !: until it
// is gone.
func cmdWaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: waitfile FILE [REGEXP [COUNT]]")
	}
	file := ts.MkAbs(args[0])
	if neg {
		if !soon(func() bool { _, err := os.Stat(file); return os.IsNotExist(err) }) {
			ts.Fatalf("%s is still there", args[0])
		}
		return
	}
	re, count := regexp.MustCompile(""), 1
	if len(args) > 1 {
		re = regexp.MustCompile("(?m)" + args[1])
	}
	if len(args) > 2 {
		var err error
		count, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	if !soon(func() bool {
		b, err := os.ReadFile(file)
		return err == nil && len(re.FindAllIndex(b, -1)) >= count
	}) {
		b, err := os.ReadFile(file)
		ts.Fatalf("%s does not match %q: %v\n%s", args[0], re, err, b)
	}
}

// held ADDR: keeps the address taken until the script ends.
func cmdHeld(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp4", args[0])
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	fmt.Fprintln(ts.Stdout(), filepath.Base(ln.Addr().String()))
}
