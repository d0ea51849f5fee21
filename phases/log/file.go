package log

import (
	"errors"
	"os"
	"sync"
	"time"

	"moongate/phases"
)

// sink is an open log file of the process, shared by the configurations that name it.
type sink struct {
	path  string
	users map[*file]struct{} // under sinks' lock

	mu sync.Mutex
	f  *os.File
}

// sinks are the files that some serving configuration logs to. Its lock is taken before a file's, and
// a file's before a sink's.
var sinks = struct {
	sync.Mutex
	byPath map[string]*sink
}{byPath: map[string]*sink{}}

func (s *sink) write(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.f.Write(b)
	return err
}

// Reopen writes out what is buffered and opens every access log anew, as nginx does on SIGUSR1. A file
// that cannot be opened keeps its old handle, and is part of the error.
func Reopen() error {
	sinks.Lock()
	defer sinks.Unlock()
	var errs []error
	for _, s := range sinks.byPath {
		for f := range s.users {
			f.flush()
		}
		n, err := phases.OpenAppend(s.path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.mu.Lock()
		s.f.Close() //nolint:errcheck,gosec // nothing is buffered in it
		s.f = n
		s.mu.Unlock()
	}
	return errors.Join(errs...)
}

// file is a log file of one configuration, with its buffer if it has one.
type file struct {
	path       string
	size       int           // of the buffer in bytes; 0: none
	flushAfter time.Duration // at most this long a line stays in the buffer; 0: no limit

	sink *sink // from start to stop

	mu        sync.Mutex
	buf       []byte
	timer     *time.Timer
	complaint time.Time // when a failure was logged last
}

func (c *mainConf) open() error {
	sinks.Lock()
	defer sinks.Unlock()
	for _, f := range c.files {
		s := sinks.byPath[f.path]
		if s == nil {
			h, err := phases.OpenAppend(f.path)
			if err != nil {
				c.release()
				return err
			}
			s = &sink{path: f.path, f: h, users: map[*file]struct{}{}}
			sinks.byPath[f.path] = s
		}
		s.users[f] = struct{}{}
		f.sink = s
	}
	return nil
}

func (c *mainConf) close() {
	sinks.Lock()
	defer sinks.Unlock()
	c.release()
}

// release lets go of the files; those that nobody else uses are closed. Under sinks' lock.
func (c *mainConf) release() {
	for _, f := range c.files {
		s := f.sink
		if s == nil {
			continue
		}
		f.flush()
		delete(s.users, f)
		if len(s.users) == 0 {
			delete(sinks.byPath, f.path)
			s.mu.Lock()
			s.f.Close() //nolint:errcheck,gosec // nothing is buffered in it
			s.mu.Unlock()
		}
	}
}

// write puts one line into the file, or into its buffer.
func (f *file) write(line []byte) error {
	if f.size == 0 {
		return f.sink.write(line)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.buf)+len(line) > f.size {
		if err := f.flushLocked(); err != nil {
			return err
		}
	}
	if len(line) > f.size {
		return f.sink.write(line)
	}
	if f.buf == nil {
		f.buf = make([]byte, 0, f.size)
	}
	if len(f.buf) == 0 && f.flushAfter > 0 {
		if f.timer == nil {
			f.timer = time.AfterFunc(f.flushAfter, f.flush)
		} else {
			f.timer.Reset(f.flushAfter)
		}
	}
	f.buf = append(f.buf, line...)
	return nil
}

func (f *file) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushLocked() //nolint:errcheck // no request is there to log it; the next line's error is
}

func (f *file) flushLocked() error {
	if f.timer != nil {
		f.timer.Stop()
	}
	if len(f.buf) == 0 {
		return nil
	}
	err := f.sink.write(f.buf)
	f.buf = f.buf[:0]
	return err
}

// failing reports whether a failure is to be logged: once a minute.
func (f *file) failing() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.complaint) < time.Minute {
		return false
	}
	f.complaint = time.Now()
	return true
}
