package phases

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

func now() time.Time { return time.Now() }

// FrontEnd serves one address: it accepts connections, reads requests, calls Engine.Serve and
// writes the answers. Close stops accepting; Drain waits for requests in flight.
type FrontEnd interface {
	// Update tells the configuration's present view of the address. It is first called when the
	// configuration serves; nothing may be accepted before.
	Update(l *Listen)
	// CloseIdle closes the connections that wait for a next request.
	CloseIdle()
	// Close stops accepting.
	Close() error
	// Wait returns when no connection is left.
	Wait()
}

// Engine owns the tree that serves and the front ends. Safe for concurrent use.
type Engine struct {
	tree     atomic.Pointer[Tree]
	mu       sync.Mutex // serialises Apply and Stop
	fronts   map[string]FrontEnd
	leaving  sync.WaitGroup // front ends whose address a reload has taken away
	NewFront func(e *Engine, l *Listen) (FrontEnd, error)
	Stats    Stats
	serial   atomic.Uint64
	kept     sync.Map // by module: what outlives configurations
}

// Keep is what module m keeps across configurations, made at its first use.
func (e *Engine) Keep(m *Module, make func() any) any {
	if v, ok := e.kept.Load(m); ok {
		return v
	}
	v, _ := e.kept.LoadOrStore(m, make())
	return v
}

// Stats counts connections and requests (nginx's stub_status).
type Stats struct {
	Accepted, Handled      atomic.Uint64
	Active, Reading, Apart atomic.Int64 // Apart: in a TLS handshake, or lingering
	requests, writing      tally
}

func (s *Stats) begins(home uint32) {
	s.requests.add(home, 1)
	s.writing.add(home, 1)
}

// Requests is how many came so far.
func (s *Stats) Requests() int64 { return s.requests.sum() }

// Writing is how many are being served.
func (s *Stats) Writing() int64 { return max(s.writing.sum(), 0) }

// Waiting is how many connections wait for a request.
func (s *Stats) Waiting() int64 {
	return max(s.Active.Load()-s.Reading.Load()-s.Writing()-s.Apart.Load(), 0)
}

// NewEngine makes an engine; newFront opens an address.
func NewEngine(newFront func(e *Engine, l *Listen) (FrontEnd, error)) *Engine {
	return &Engine{fronts: map[string]FrontEnd{}, NewFront: newFront}
}

// Tree is the configuration that serves now; nil before the first Apply.
func (e *Engine) Tree() *Tree { return e.tree.Load() }

// NextSerial numbers connections.
func (e *Engine) NextSerial() uint64 { return e.serial.Add(1) }

// Apply lets t serve: it opens logs and new addresses, starts the modules and swaps the tree in with
// one atomic store. On failure everything stays as it was.
func (e *Engine) Apply(t *Tree) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := t.OpenLogs(); err != nil {
		return err
	}
	opened := map[string]FrontEnd{}
	undo := func() {
		for _, f := range opened {
			f.Close() //nolint:errcheck // it only stops accepting
		}
	}
	var errs []error
	for _, l := range t.Listens {
		if e.fronts[l.Key()] != nil {
			continue
		}
		f, err := e.NewFront(e, l)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		opened[l.Key()] = f
	}
	if len(errs) > 0 {
		undo()
		return errors.Join(errs...)
	}
	if err := t.start(e); err != nil {
		undo()
		return err
	}
	old := e.tree.Swap(t)
	keep := map[string]bool{}
	for _, l := range t.Listens {
		k := l.Key()
		keep[k] = true
		if f := opened[k]; f != nil {
			e.fronts[k] = f
		}
		e.fronts[k].Update(l)
	}
	for k, f := range e.fronts {
		if !keep[k] {
			f.Close() //nolint:errcheck // it only stops accepting
			f.CloseIdle()
			e.leaving.Go(f.Wait)
			delete(e.fronts, k)
		}
	}
	if old != nil {
		// idle connections stay: their next request is served by the new tree
		go old.drain()
	}
	return nil
}

// Stop ends serving. Graceful: requests in flight are finished, at most for timeout (0: for ever).
func (e *Engine) Stop(graceful bool, timeout time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.fronts {
		f.Close() //nolint:errcheck // it only stops accepting
	}
	t := e.tree.Load()
	if t != nil {
		t.Retain()
		t.draining.Store(true)
		for _, m := range t.modules {
			if m.Drain != nil {
				m.Drain(t)
			}
		}
	}
	for _, f := range e.fronts {
		f.CloseIdle()
	}
	if graceful {
		done := make(chan struct{})
		go func() {
			for _, f := range e.fronts {
				f.Wait()
			}
			e.leaving.Wait()
			if t != nil {
				t.Release()
				<-t.stopped // timers may still be at work
			}
			close(done)
		}()
		var late <-chan time.Time
		if timeout > 0 {
			late = time.After(timeout)
		}
		select {
		case <-done:
		case <-late:
		}
		return
	}
	if t != nil {
		t.Release()
		t.stop()
	}
}

// acquire takes the serving tree for one request.
func (e *Engine) acquire(home uint32) *Tree {
	for {
		t := e.tree.Load()
		t.held.add(home, 1)
		if e.tree.Load() == t {
			return t
		}
		t.release(home)
	}
}

// Acquire is the serving tree, held until Release.
func (e *Engine) Acquire() *Tree { return e.acquire(0) }

// Serve runs one client request from its first phase to its end. The front end has filled in what
// came over the wire; a panic in a handler becomes a 500 and one log entry with the stack. It reports false where
// a handler goes on later, which the front end allows by being a Pauser: Continue follows.
func (e *Engine) Serve(r *Request) (over bool) {
	t := e.acquire(r.Conn.Home)
	e.Stats.begins(r.Conn.Home)
	over = true
	defer func() { e.served(r, t, recover(), &over) }()
	if e.begin(r, t) {
		over = r.serve()
	}
	return over
}

// Continue goes on with a request after Wake, as Serve does.
func (e *Engine) Continue(r *Request) (over bool) {
	over = true
	defer func() { e.served(r, r.Tree, recover(), &over) }()
	over = r.goOn()
	return over
}

// served ends the request unless it is to go on.
func (e *Engine) served(r *Request, t *Tree, panicked any, over *bool) {
	if panicked == nil && !*over {
		return
	}
	home := r.Conn.Home
	e.Stats.writing.add(home, -1)
	if *over = true; panicked != nil {
		r.panicked(panicked)
	}
	t.release(home)
}

// Refuse answers a request that could not be parsed with status.
func (e *Engine) Refuse(r *Request, status Status) {
	home := r.Conn.Home
	t := e.acquire(home)
	e.Stats.requests.add(home, 1)
	defer func() {
		if p := recover(); p != nil {
			r.panicked(p)
		}
		t.release(home)
	}()
	if !e.begin(r, t) {
		return
	}
	r.KeepAlive = false
	r.Body.state = bodyDiscarded
	r.Finalize(status)
	r.finish()
}

// begin finds the request's server. It gives the connection up, and answers false, where a reload has
// taken the connection's address away.
func (e *Engine) begin(r *Request, t *Tree) bool {
	r.bind(t)
	l := r.Conn.Listen
	if l.tree != t { // a reload came between
		l = t.listenLike(l)
	}
	if l == nil {
		r.Loc = t.http.Root()
		r.abandon()
		return false
	}
	r.Server = l.serverFor(r.Host, r)
	r.Loc = r.Server.Root()
	r.log = r.Loc.Core.Log
	for _, name := range r.SkippedHeaders {
		r.Logf(LogInfo, "client sent invalid header line: %q", name)
	}
	if r.Refused != "" {
		r.Log(LogInfo, r.Refused+" while reading client request headers")
	}
	return true
}

// listenLike is t's own view of another tree's address; nil where it has none.
func (t *Tree) listenLike(l *Listen) *Listen {
	for _, x := range t.Listens {
		if x.Address == l.Address && x.Network == l.Network {
			return x
		}
	}
	return nil
}

func (r *Request) panicked(p any) {
	r.Logf(LogAlert, "panic: %v\n%s", p, debug.Stack())
	defer func() {
		if recover() != nil {
			r.abandon()
		}
	}()
	if !r.HeaderSent {
		r.Finalize(statusInternalServerError)
	} else {
		r.abandon()
	}
	r.logPhase()
}

// OpenLogs opens the error logs of the tree; the error names the file.
func (t *Tree) OpenLogs() error {
	if l := t.Core.ErrorLog; l == nil {
		t.Core.ErrorLog = NewErrorLog(SinkFor(t.Path(t.errorLog)), LogErr)
		t.logs = append(t.logs, t.Core.ErrorLog)
	} else if !slices.ContainsFunc(l.outs, func(o logOut) bool { return o.sink.sys == nil }) {
		l.add(SinkFor(t.Path(t.errorLog)), LogErr) // as in nginx, a syslog server alone is not enough
	}
	for _, l := range t.logs {
		if err := l.open(); err != nil {
			return err
		}
	}
	return nil
}

// Warn logs a warning about the configuration.
func (t *Tree) warn(msg string) { t.warnings = append(t.warnings, Warning{LogWarn, msg}) }

// Warning is something odd but acceptable about a configuration.
type Warning struct {
	Level LogLevel
	Msg   string
}

// Warnings lists what the load found odd but acceptable.
func (t *Tree) Warnings() []Warning { return t.warnings }

// Log writes to the tree's main error log.
func (t *Tree) Log(level LogLevel, format string, args ...any) {
	if t.Core.ErrorLog.Enabled(level) {
		t.Core.ErrorLog.Write(level, fmt.Sprintf(format, args...))
	}
}

// Announce logs a notice about the server itself, which lua_capture_error_log does not keep.
func (t *Tree) Announce(msg string) { t.Core.ErrorLog.write(LogNotice, msg, false) }

func (t *Tree) tempFile(dir string) (*os.File, error) {
	dir = t.Path(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mkdir() %q failed %s", dir, Errno(err))
	}
	f, err := os.CreateTemp(dir, "*")
	if err != nil {
		return nil, fmt.Errorf("open() in %q failed %s", dir, Errno(err))
	}
	return f, nil
}

// TempFile makes a temporary file under the directory dir (relative to the prefix), which is
// created where it is missing. The caller closes and removes it.
func (t *Tree) TempFile(dir string) (*os.File, error) { return t.tempFile(dir) }

// PidFile is the path of the process id's file.
func (t *Tree) PidFile() string {
	if t.Core.Pid.Set {
		return t.Path(t.Core.Pid.V)
	}
	return filepath.Join(t.Prefix, "logs/nginx.pid")
}
