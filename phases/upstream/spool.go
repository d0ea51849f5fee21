package upstream

import (
	"errors"
	"os"
	"sync"
	"time"

	"moongate/phases"
)

// slowAfter is how long a client may keep a piece of an answer waiting before the upstream is read on without it.
const slowAfter = 50 * time.Millisecond

// spool reads an answer on while the client takes its time (proxy_buffering on): into memory, and beyond that into a
// temporary file. It begins only with a client that is slow, so that others pay nothing but a timer.
type spool struct {
	x     *Exchange
	c     *conn
	timer *time.Timer
	begun chan struct{} // closed when the timer has made pump begin

	wait time.Duration // of one read
	left int64         // of the body, as far as pump knows; -1: up to the end
	mu   sync.Mutex
	cond *sync.Cond
	// mem is older than what is in the file: nothing goes into it while the file holds something.
	mem            []byte
	memR           int // what of mem was read
	file           *os.File
	fileR, fileW   int64
	writing, noted bool
	err            error // what ended pump
	stopped, ended bool
}

// newSpool is for the answer at hand. Nil where it is not wanted.
func (x *Exchange) newSpool() *spool {
	if !x.relay.buffering || x.relay.rate > 0 || x.R.OffWire() || x.Conf.BufferMemory <= 0 {
		return nil
	}
	s := &spool{x: x, c: x.c, wait: x.readTimeout, begun: make(chan struct{})}
	s.cond = sync.NewCond(&s.mu)
	return s
}

// watch hands on what was read, and has the reading go on where the client takes long.
func (s *spool) watch(x *Exchange) phases.Status {
	if s == nil || s.on() {
		return x.progress()
	}
	s.left = -1
	if !x.resp.chunked && x.resp.length >= 0 {
		s.left = x.relay.left
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(slowAfter, s.begin)
	} else {
		s.timer.Reset(slowAfter)
	}
	rc := x.progress()
	if !s.timer.Stop() {
		<-s.begun
	}
	return rc
}

func (s *spool) begin() {
	go s.pump()
	close(s.begun)
}

// on reports whether pump has begun.
func (s *spool) on() bool {
	if s == nil {
		return false
	}
	select {
	case <-s.begun:
		return true
	default:
		return false
	}
}

// pump reads the upstream until the answer ends.
func (s *spool) pump() {
	buf := largeBuffers.Get().(*[]byte)
	defer largeBuffers.Put(buf)
	var err error
	for err == nil && s.left != 0 {
		b := *buf
		if s.left > 0 && s.left < int64(len(b)) {
			b = b[:s.left]
		}
		s.c.raw.SetReadDeadline(time.Now().Add(s.wait)) //nolint:errcheck // a dead connection shows at the read
		if s.halted() || s.x.aborted.Load() {
			break
		}
		var n int
		n, err = s.c.Read(b)
		if s.left > 0 {
			s.left -= int64(n)
		}
		if putErr := s.put(b[:n]); err == nil {
			err = putErr
		}
	}
	s.mu.Lock()
	s.err, s.ended = err, true
	s.mu.Unlock()
	s.cond.Broadcast()
}

func (s *spool) halted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

var errStopped = errors.New("nobody wants the rest")

// put keeps what was read: in memory as long as the file is empty, then in the file. It waits where both are full.
func (s *spool) put(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(b) > 0 {
		kept := s.fileW - s.fileR
		switch {
		case s.stopped:
			return errStopped
		case kept == 0 && (len(s.mem) == s.memR || len(s.mem)-s.memR+len(b) <= s.x.Conf.BufferMemory):
			if s.memR > 0 && len(s.mem)+len(b) > cap(s.mem) {
				s.mem, s.memR = append(s.mem[:0], s.mem[s.memR:]...), 0
			}
			s.mem = append(s.mem, b...)
			b = nil
		case kept+int64(len(b)) <= s.x.Conf.MaxTempFile:
			if err := s.spill(b); err != nil {
				return err
			}
			b = nil
		default:
			s.cond.Wait()
		}
		s.cond.Broadcast()
	}
	return nil
}

// spill writes to the file; the lock is held, but not while it writes.
func (s *spool) spill(b []byte) (err error) {
	if s.fileR == s.fileW {
		s.fileR, s.fileW = 0, 0 // all was read: its room is used again
	}
	at := s.fileW
	s.writing = true
	s.mu.Unlock()
	if s.file == nil {
		if s.file, err = s.x.R.Tree.TempFile(s.x.Conf.TempPath); err == nil {
			os.Remove(s.file.Name()) // what is open stays
		}
	}
	if err == nil {
		_, err = s.file.WriteAt(b, at)
	}
	s.mu.Lock()
	s.writing = false
	s.fileW += int64(len(b))
	return err
}

// read gives the next bytes, and waits for some.
func (s *spool) read(p []byte) (int, error) {
	if s.x.mayWatch() {
		s.x.startWatch()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case len(s.mem) > s.memR:
			n := copy(p, s.mem[s.memR:])
			s.memR += n
			s.cond.Broadcast()
			return n, nil
		case s.fileW > s.fileR:
			return s.readFile(p)
		case s.ended:
			if s.x.aborted.Load() {
				return 0, errGone
			}
			return 0, s.err
		}
		s.cond.Wait()
	}
}

// readFile reads from the file; the lock is held, but not while it reads.
func (s *spool) readFile(p []byte) (int, error) {
	at, n := s.fileR, min(int64(len(p)), s.fileW-s.fileR)
	first := !s.noted
	s.noted = true
	s.mu.Unlock()
	if first {
		s.x.logf(phases.LogWarn, "an upstream response is buffered to a temporary file %s", s.file.Name())
	}
	got, err := s.file.ReadAt(p[:n], at)
	s.mu.Lock()
	s.fileR += int64(got)
	s.cond.Broadcast()
	if got > 0 {
		err = nil
	}
	return got, err
}

// readOn reads from where the answer goes on: the spool, once it has begun.
func (x *Exchange) readOn(p []byte) (int, error) {
	if s := x.relay.spool; s.on() {
		return s.read(p)
	}
	return x.read(p)
}

// stopSpool ends the reading ahead, and reports whether the connection is in step: the reading ended with the answer,
// and all of it was taken.
func (x *Exchange) stopSpool() (inStep bool) {
	s := x.relay.spool
	x.relay.spool = nil
	if !s.on() {
		return true
	}
	s.mu.Lock()
	inStep = s.ended && s.err == nil && len(s.mem) == s.memR && s.fileR == s.fileW
	s.stopped = true
	s.cond.Broadcast()
	for !s.ended {
		s.c.interrupt()
		s.cond.Wait()
	}
	s.mu.Unlock()
	if s.file != nil {
		s.file.Close()
	}
	s.c.readUntil, s.c.writeUntil = time.Time{}, time.Time{}
	return inStep
}
