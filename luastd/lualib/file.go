package lualib

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

// file is what a Lua file handle holds. Reads and writes are buffered, as C's are; standard output is not, so that nothing is lost
// or out of order however the process ends.
type file struct {
	f      *os.File
	r      *bufio.Reader
	w      *bufio.Writer
	direct io.Writer
	cmd    *exec.Cmd
	closed bool
	// unbuffered and byLine are the modes of setvbuf.
	unbuffered, byLine bool
}

var errNotOpen = syscall.EBADF

// openFlags turns a mode of fopen's into flags for open. As in C, what follows the first letter is a set of options, of which
// unknown ones say nothing.
func openFlags(mode string) (int, bool) {
	if mode == "" {
		return 0, false
	}
	access := func(plain int) int {
		if strings.Contains(mode, "+") {
			return os.O_RDWR
		}
		return plain
	}
	exclusive := 0
	if strings.Contains(mode, "x") {
		exclusive = os.O_EXCL
	}
	switch mode[0] {
	case 'r':
		return access(os.O_RDONLY), true
	case 'w':
		return access(os.O_WRONLY) | os.O_CREATE | os.O_TRUNC | exclusive, true
	case 'a':
		return access(os.O_WRONLY) | os.O_CREATE | os.O_APPEND | exclusive, true
	}
	return 0, false
}

func openFile(name, mode string) (*file, error) {
	flags, ok := openFlags(mode)
	if !ok {
		return nil, syscall.EINVAL
	}
	f, err := os.OpenFile(name, flags, 0o666)
	if err != nil {
		return nil, err
	}
	return newFile(f, flags), nil
}

func newFile(f *os.File, flags int) *file {
	h := &file{f: f}
	if flags&(os.O_WRONLY|os.O_RDWR) != os.O_WRONLY {
		h.r = bufio.NewReader(f)
	}
	if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
		h.w = bufio.NewWriter(f)
	}
	return h
}

// reader is where to read from, what was written before being on its way.
func (h *file) reader() (*bufio.Reader, error) {
	if h.r == nil {
		return nil, errNotOpen
	}
	if h.w != nil && h.w.Buffered() > 0 {
		if err := h.w.Flush(); err != nil {
			return nil, err
		}
	}
	return h.r, nil
}

func (h *file) write(s string) error {
	if h.direct != nil {
		_, err := io.WriteString(h.direct, s)
		return err
	}
	if h.w == nil {
		return errNotOpen
	}
	if h.r != nil && h.r.Buffered() > 0 {
		// What was read ahead of the script is given back first.
		if _, err := h.f.Seek(int64(-h.r.Buffered()), io.SeekCurrent); err != nil {
			return err
		}
		h.r.Reset(h.f)
	}
	if _, err := h.w.WriteString(s); err != nil {
		return err
	}
	if h.unbuffered || h.byLine && strings.Contains(s, "\n") {
		return h.w.Flush()
	}
	return nil
}

func (h *file) flush() error {
	if h.w != nil {
		return h.w.Flush()
	}
	return nil
}

func (h *file) seek(offset int64, whence int) (int64, error) {
	if h.f == nil {
		return 0, syscall.ESPIPE
	}
	if err := h.flush(); err != nil {
		return 0, err
	}
	if h.r != nil {
		if whence == io.SeekCurrent {
			offset -= int64(h.r.Buffered())
		}
	}
	n, err := h.f.Seek(offset, whence)
	if err == nil && h.r != nil {
		h.r.Reset(h.f)
	}
	return n, err
}

func (h *file) close() error {
	h.closed = true
	err := h.flush()
	if h.f != nil {
		if e := h.f.Close(); err == nil {
			err = e
		}
	}
	if h.cmd != nil {
		var exit *exec.ExitError
		if e := h.cmd.Wait(); e != nil && !errors.As(e, &exit) && err == nil {
			err = e
		}
	}
	return err
}

// popen runs a command with one end of a pipe.
func (l *library) popen(command, mode string) (*file, error) {
	if mode != "r" && mode != "w" {
		return nil, syscall.EINVAL
	}
	if err := l.files.flushAll(); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = l.Stdin, l.Stdout, l.Stderr
	mine, flags, theirs := r, os.O_RDONLY, w
	if mode == "r" {
		cmd.Stdout = w
	} else {
		cmd.Stdin = r
		mine, flags, theirs = w, os.O_WRONLY, r
	}
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		_ = mine.Close()
		return nil, err
	}
	h := newFile(mine, flags)
	h.cmd = cmd
	return h, nil
}

// tmpfile is a file without a name.
func tmpfile() (*file, error) {
	f, err := os.CreateTemp("", "lua_")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return newFile(f, os.O_RDWR), nil
}

// files is the state of the io table.
type files struct {
	meta          *lua.LTable
	input, output *lua.LUserData
	// written holds the files that may have unwritten data, for os.exit.
	written map[*file]struct{}
}

func (fs *files) flushAll() error {
	var first error
	for h := range fs.written {
		if h.closed {
			delete(fs.written, h)
		} else if err := h.flush(); first == nil {
			first = err
		}
	}
	return first
}

func (fs *files) handle(L *lua.LState, h *file) *lua.LUserData {
	ud := L.NewUserData()
	ud.Value = h
	ud.Metatable = fs.meta
	return ud
}

func (h *file) String() string {
	if h.closed {
		return "file (closed)"
	}
	return fmt.Sprintf("file (%p)", h)
}
