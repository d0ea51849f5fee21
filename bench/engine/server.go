package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a server may take to listen.
const patience = 30 * time.Second

// Server is a program that runs, pinned to its cores.
type Server struct {
	cmd  *exec.Cmd
	log  *tail
	done chan struct{}
	err  error // of the process, once done is closed
}

// tail keeps the end of what a program says.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 8<<10; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.b))
}

// Start runs a command on the given cores and waits until addr takes connections. The command ends with this process at
// the latest, even where that is killed.
func Start(ctx context.Context, c Command, cores []int, addr string) (*Server, error) {
	if err := free(addr); err != nil {
		return nil, err
	}
	s := &Server{cmd: exec.Command(c.Path, c.Args...), log: &tail{}, done: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), c.Env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := startOn(s.cmd, cores); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
			return s, nil
		}
		select {
		case <-s.done:
			if s.err == nil {
				s.err = errors.New("exit status 0")
			}
			return nil, fmt.Errorf("%s ended at its start (%w) and said: %s", c.Path, s.err, s.log)
		case <-ctx.Done():
			s.Stop()
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.Stop()
			return nil, fmt.Errorf("%s runs, but does not listen on %s after %v; it said: %s", c.Path, addr, patience, s.log)
		}
	}
}

// free reports an address that another program has, whose answers would be taken for the server's.
func free(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("%s is not free (-port takes other ports): %w", addr, err)
	}
	return ln.Close()
}

// startOn starts a command with the affinity of the cores. A child inherits the affinity of the thread that
// forks it.
func startOn(cmd *exec.Cmd, cores []int) error {
	if len(cores) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return fmt.Errorf("affinity: %w", err)
	}
	set := cpuSet(cores)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("affinity of cores %v: %w", cores, err)
	}
	defer unix.SchedSetaffinity(0, &old) //nolint:errcheck // it was in force before
	return cmd.Start()
}

func cpuSet(cores []int) unix.CPUSet {
	var set unix.CPUSet
	for _, c := range cores {
		set.Set(c)
	}
	return set
}

// PinSelf puts every thread of this process on the cores.
func PinSelf(cores []int) error {
	set := cpuSet(cores)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		var tid int
		fmt.Sscan(t.Name(), &tid) //nolint:errcheck // they are numbers
		if err := unix.SchedSetaffinity(tid, &set); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("affinity of cores %v: %w", cores, err)
		}
	}
	runtime.GOMAXPROCS(len(cores))
	return nil
}

// Cores are those that this process may use.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var cores []int
	for c := range 1024 {
		if set.IsSet(c) {
			cores = append(cores, c)
		}
	}
	return cores, nil
}

// Pid is the first process's.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Said is the end of what the server printed.
func (s *Server) Said() string { return s.log.String() }

// Running reports whether the first process lives.
func (s *Server) Running() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Reload sends SIGHUP.
func (s *Server) Reload() error { return s.cmd.Process.Signal(syscall.SIGHUP) }

// Stop ends the server: TERM, and KILL for its whole process group where that is not enough.
func (s *Server) Stop() {
	if s == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // the group may be gone
	<-s.done
}
