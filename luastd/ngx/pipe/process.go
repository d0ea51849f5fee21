package pipe

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/runtime/vm"
)

// process is one child. Guarded by the worker's baton, but for what its own goroutine sets before done is closed.
type process struct {
	v      *handler.VM
	cmd    *exec.Cmd
	pid    int
	stdin  *os.File
	out    [2]stream // stdout, stderr
	merged bool      // stderr goes to stdout

	writeTimeout, waitTimeout time.Duration
	writer, waiter            *vm.Thread // who waits for that; nil for nobody
	over                      chan struct{}
	finalized                 bool // waited for, or left behind

	done   chan struct{} // closed when the process has ended
	dead   atomic.Bool
	reason string
	status int
}

// stream is one output of the child.
type stream struct {
	f       *os.File
	size    int // of the buffer
	timeout time.Duration
	buf     []byte
	r, w    int
	eof     bool
	reader  *vm.Thread
	aborted bool // closed under a reader
	// draining is set when the process has been waited for while somebody reads: the stream stays open until its end, so that no output is lost.
	draining bool
}

// LuaType is what type() answers for a process.
func (p *process) LuaType() string { return "cdata" }

// start runs the command with pipes for its streams.
func (p *process) start(c *handler.Ctx, args, env []string, merge bool, size int) error {
	p.cmd = exec.Command(args[0], args[1:]...) //nolint:gosec // the script's own wish
	p.cmd.Env = env
	p.merged = merge
	var theirs [3]*os.File
	defer func() {
		for _, f := range theirs {
			if f != nil {
				f.Close()
			}
		}
	}()
	var err error
	if theirs[0], p.stdin, err = os.Pipe(); err != nil {
		return err
	}
	for i := range p.out {
		s := &p.out[i]
		s.size = size
		if i == 1 && merge {
			break
		}
		if s.f, theirs[i+1], err = os.Pipe(); err != nil {
			p.closeAll()
			return err
		}
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	if merge {
		p.cmd.Stderr = theirs[1]
	}
	p.done = make(chan struct{})
	err = p.cmd.Start()
	if p.cmd.Process == nil {
		// OpenResty forks first, so that there it is the child that fails
		c.Log(phases.LogErr, "lua pipe child execvp() failed while executing "+args[0]+" "+phases.Errno(cause(err)))
		p.end("exit", 1)
		return nil
	}
	p.pid = p.cmd.Process.Pid
	go p.reap()
	return nil
}

// cause is the system's error in one of os/exec's.
func cause(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return syscall.ENOENT
	}
	return err
}

func (p *process) end(reason string, status int) {
	p.reason, p.status = reason, status
	p.dead.Store(true)
	close(p.done)
}

func (p *process) reap() {
	state, err := p.cmd.Process.Wait()
	if err != nil {
		p.end("unknown", -1)
		return
	}
	ws, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case ok && ws.Signaled():
		p.end("signal", int(ws.Signal()))
	case ok && ws.Exited():
		p.end("exit", ws.ExitStatus())
	default:
		p.end("unknown", state.ExitCode())
	}
}

// destroy kills a process that nobody waited for, and closes its pipes.
func (p *process) destroy() {
	if p.finalized {
		p.out[0].close()
		p.out[1].close()
		return
	}
	p.v.Tree.Log(phases.LogDebug, "lua pipe destroy process:%016X pid:%d", p.id(), p.pid)
	if !p.dead.Load() {
		p.v.Tree.Log(phases.LogDebug, "lua pipe kill process:%016X pid:%d", p.id(), p.pid)
		p.cmd.Process.Kill() //nolint:errcheck // it may just have ended
	}
	p.finalize()
}

func (p *process) finalize() {
	p.finalized = true
	p.closeAll()
}

// waited gives up what is left of a process that has ended, but for streams that are being read.
func (p *process) waited() {
	p.finalized = true
	p.closeStdin()
	for i := range p.out {
		if s := &p.out[i]; s.reader != nil {
			s.draining = true
		} else {
			s.close()
		}
	}
}

func (p *process) closeAll() {
	p.closeStdin()
	p.out[0].close()
	p.out[1].close()
}

func (p *process) closeStdin() {
	if p.stdin != nil {
		p.stdin.Close()
		p.stdin = nil
	}
}

func (s *stream) close() {
	if s.f != nil {
		s.aborted = s.reader != nil
		s.f.Close()
		s.f = nil
		s.buf, s.r, s.w = nil, 0, 0
	}
}

// blocking runs f, which uses a file with deadlines, without the baton. A killed thread moves the deadline.
func (p *process) blocking(timeout time.Duration, deadline func(time.Time) error, f func()) {
	end := time.Time{}
	if timeout > 0 {
		end = time.Now().Add(timeout)
	}
	p.v.Wait(func(cancel <-chan struct{}) {
		deadline(end) //nolint:errcheck // a closed file shows at its use
		over, quit := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(over)
			select {
			case <-cancel:
				deadline(time.Unix(1, 0)) //nolint:errcheck // ditto
			case <-quit:
			}
		}()
		f()
		close(quit)
		<-over
	})
}

// fill reads into the empty buffer.
func (s *stream) fill(p *process) error {
	if s.eof {
		return io.EOF
	}
	if s.buf == nil {
		s.buf = make([]byte, s.size)
	}
	n, err := 0, error(nil)
	s.reader, s.aborted = p.v.Thread(), false
	file, buf := s.f, s.buf
	defer func() {
		s.reader = nil
		if s.f != nil {
			s.r, s.w = 0, n // also for the next reader, where this one was killed
		}
		p.ended()
	}()
	p.yielding("read", "reading", s.timeout)
	p.blocking(s.timeout, file.SetReadDeadline, func() { n, err = file.Read(buf) })
	if s.aborted {
		return errAborted
	}
	if n > 0 {
		return nil
	}
	s.eof = errors.Is(err, io.EOF)
	if s.draining && err != nil {
		s.draining = false
		s.close()
	}
	return err
}

// ended notes that somebody's wait is over, unwound or not.
func (p *process) ended() {
	if p.over != nil {
		close(p.over)
		p.over = nil
	}
}

// settle lets threads that were killed while they waited unwind; which are those that count.
func (p *process) settle(which **vm.Thread) {
	for *which != nil && (*which).Killed() {
		if p.over == nil {
			p.over = make(chan struct{})
		}
		over := p.over
		p.v.Wait(func(cancel <-chan struct{}) {
			select {
			case <-over:
			case <-cancel:
			}
		})
	}
}

// yielding logs that a script waits for the process.
func (p *process) yielding(what, doing string, timeout time.Duration) {
	if c := p.v.Current(); c.Enabled(phases.LogDebug) {
		if timeout > 0 {
			c.Log(phases.LogDebug, fmt.Sprintf("lua pipe add timer for %s: %d(ms) process:%016X pid:%d", doing, timeout.Milliseconds(), p.id(), p.pid))
		}
		c.Log(phases.LogDebug, fmt.Sprintf("lua pipe %s yielding process:%016X pid:%d", what, p.id(), p.pid))
	}
}

var errAborted = errors.New("aborted")

// message is an error's text for scripts.
func message(err error) string {
	var no syscall.Errno
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed), errors.Is(err, syscall.EPIPE):
		return "closed"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, errAborted):
		return "aborted"
	case errors.As(err, &no):
		return no.Error()
	}
	return "unknown error: " + err.Error()
}

// id is the process's address, by which log lines name it.
func (p *process) id() uintptr { return uintptr(unsafe.Pointer(p)) }
