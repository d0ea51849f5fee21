package phases

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"moongate/conf"
)

// LogLevel is nginx's: the lower, the graver.
type LogLevel int

// nginx's log levels.
const (
	LogStderr LogLevel = iota
	LogEmerg
	LogAlert
	LogCrit
	LogErr
	LogWarn
	LogNotice
	LogInfo
	LogDebug
)

var levelNames = [...]string{"stderr", "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"}

func (l LogLevel) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return "unknown"
	}
	return levelNames[l]
}

// ParseLogLevel reads a level's name.
func ParseLogLevel(s string) (LogLevel, bool) {
	for i, n := range levelNames {
		if n == s && i > 0 {
			return LogLevel(i), true
		}
	}
	return 0, false
}

// LogSink is one file, standard error, or a syslog server that error logs write to. Safe for concurrent use.
type LogSink struct {
	path string  // empty: standard error
	sys  *syslog // instead of a file
	mu   sync.Mutex
	f    *os.File
}

var logSinks = struct {
	sync.Mutex
	byPath map[string]*LogSink
}{byPath: map[string]*LogSink{}}

// SinkFor is the process's one sink for a path; empty means standard error.
func SinkFor(path string) *LogSink {
	logSinks.Lock()
	defer logSinks.Unlock()
	s := logSinks.byPath[path]
	if s == nil {
		s = &LogSink{path: path}
		logSinks.byPath[path] = s
	}
	return s
}

// Open opens the file; the error is nginx's sentence. Doing it again is free.
func (s *LogSink) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" || s.sys != nil || s.f != nil {
		return nil
	}
	f, err := OpenAppend(s.path)
	if err != nil {
		return err
	}
	s.f = f
	return nil
}

// OpenAppend opens a log file the way nginx does; the error is nginx's sentence.
func OpenAppend(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open() %q failed %s", path, Errno(err))
	}
	return f, nil
}

func (s *LogSink) write(level LogLevel, line []byte) {
	if s.sys != nil {
		s.sys.write(level, line)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var w io.Writer = os.Stderr
	if s.path != "" && s.f != nil {
		w = s.f
	}
	w.Write(line) //nolint:errcheck // there is nowhere to report a log that cannot be written
}

// ReopenLogs opens every error log file anew (nginx's SIGUSR1).
func ReopenLogs() error {
	logSinks.Lock()
	defer logSinks.Unlock()
	var first error
	for _, s := range logSinks.byPath {
		s.mu.Lock()
		if s.f != nil {
			f, err := OpenAppend(s.path)
			if err != nil {
				if first == nil {
					first = err
				}
			} else {
				s.f.Close()
				s.f = f
			}
		}
		s.mu.Unlock()
	}
	return first
}

// Redirect makes the file descriptor fd write to the log's first file, as nginx does with standard error once
// it has detached; to nowhere where no file is open. Logs that go to standard error are left alone.
func (e *ErrorLog) Redirect(fd int) error {
	var f *os.File
	for _, o := range e.outs {
		if o.sink.path == "" {
			return nil
		}
		o.sink.mu.Lock()
		defer o.sink.mu.Unlock()
		if f == nil {
			f = o.sink.f
		}
	}
	if f == nil {
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer null.Close()
		f = null
	}
	return unix.Dup2(int(f.Fd()), fd)
}

// ErrorLog is what an error_log directive (or several of one level) set up. Immutable but for Capture.
type ErrorLog struct {
	outs []logOut
	// Max is the most verbose level that any output takes.
	max atomic.Int32
}

type logOut struct {
	sink  *LogSink
	level LogLevel
}

// NewErrorLog makes a log with one output.
func NewErrorLog(sink *LogSink, level LogLevel) *ErrorLog {
	e := &ErrorLog{}
	e.add(sink, level)
	return e
}

func (e *ErrorLog) add(s *LogSink, level LogLevel) {
	e.outs = append(e.outs, logOut{s, level})
	if int32(level) > e.max.Load() {
		e.max.Store(int32(level))
	}
}

// Enabled reports whether a message of the level would go anywhere.
func (e *ErrorLog) Enabled(level LogLevel) bool { return e != nil && int32(level) <= e.max.Load() }

// Level is the most verbose level that is written.
func (e *ErrorLog) Level() LogLevel { return LogLevel(e.max.Load()) }

// Capture, when set, sees each line that is logged (lua_capture_error_log). Set before serving.
var captureLine atomic.Pointer[func(level LogLevel, at time.Time, line string)]

// CaptureLog has f called with every message that error logs accept; nil ends that.
func CaptureLog(f func(level LogLevel, at time.Time, line string)) {
	if f == nil {
		captureLine.Store(nil)
		return
	}
	captureLine.Store(&f)
}

var pid = strconv.Itoa(os.Getpid())

// Write logs one line in nginx's layout: time, level, pid#tid and the message.
func (e *ErrorLog) Write(level LogLevel, msg string) { e.write(level, msg, true) }

func (e *ErrorLog) write(level LogLevel, msg string, capture bool) {
	if !e.Enabled(level) {
		return
	}
	at := now()
	b := make([]byte, 0, len(msg)+64)
	b = at.AppendFormat(b, "2006/01/02 15:04:05")
	b = append(b, " ["...)
	if level != LogStderr { // nginx has no word for it
		b = append(b, level.String()...)
	}
	b = append(b, "] "...)
	b = append(b, pid...)
	b = append(b, '#')
	b = append(b, pid...)
	b = append(b, ": "...)
	b = append(b, msg...)
	b = append(b, '\n')
	for _, o := range e.outs {
		if level <= o.level {
			o.sink.write(level, b)
		}
	}
	if f := captureLine.Load(); f != nil && capture {
		(*f)(level, at, msg)
	}
}

func (e *ErrorLog) open() error {
	for _, o := range e.outs {
		if err := o.sink.Open(); err != nil {
			return err
		}
	}
	return nil
}

func setErrorLog(l *Load, d *conf.Directive, c any) error {
	level := LogErr
	if len(d.Args) > 1 {
		v, ok := ParseLogLevel(d.Args[1].Value)
		if !ok {
			return fmt.Errorf("invalid log level %q", d.Args[1].Value)
		}
		level = v
	}
	if len(d.Args) > 2 {
		return fmt.Errorf("invalid number of arguments in %q directive", d.Name)
	}
	path := d.Args[0].Value
	var sink *LogSink
	switch {
	case path == "stderr":
		sink = SinkFor("")
	case strings.HasPrefix(path, "syslog:"):
		sys, err := parseSyslog(path)
		if err != nil {
			return err
		}
		sink = &LogSink{path: path, sys: sys}
	case strings.HasPrefix(path, "memory:"):
		return fmt.Errorf("error_log to %q is not supported by moongate yet", path)
	default:
		sink = SinkFor(l.Path(path))
	}
	at := &l.Tree.Core.ErrorLog
	if loc, ok := c.(*CoreLocation); ok {
		at = &loc.Log
	}
	if *at == nil {
		*at = &ErrorLog{}
	}
	(*at).add(sink, level)
	l.Tree.logs = append(l.Tree.logs, *at)
	return nil
}

// ErrorLog is the request's error log.
func (r *Request) ErrorLog() *ErrorLog {
	if r.log != nil {
		return r.log
	}
	return r.Tree.Core.ErrorLog
}

// Log writes msg to the request's error log, with what nginx says about the request behind it.
func (r *Request) Log(level LogLevel, msg string) {
	e := r.ErrorLog()
	if !e.Enabled(level) {
		return
	}
	e.Write(level, "*"+strconv.FormatUint(r.Conn.Serial, 10)+" "+msg+r.logTail())
}

// Logf is Log with a format.
func (r *Request) Logf(level LogLevel, format string, args ...any) {
	if r.ErrorLog().Enabled(level) {
		r.Log(level, fmt.Sprintf(format, args...))
	}
}

func (r *Request) logTail() string {
	var b strings.Builder
	b.WriteString(", client: ")
	b.WriteString(r.Conn.RemoteIP)
	if r.Server != nil {
		b.WriteString(", server: ")
		b.WriteString(r.Server.Name())
	}
	if m := r.Main; m.RequestLine != "" {
		b.WriteString(", request: \"")
		b.WriteString(m.RequestLine)
		b.WriteByte('"')
	}
	if r != r.Main {
		b.WriteString(", subrequest: \"")
		b.WriteString(r.URI)
		b.WriteByte('"')
	}
	if t := &r.Talking; t.Schema != "" {
		b.WriteString(", upstream: \"")
		b.WriteString(t.Schema)
		b.WriteString(t.Name)
		b.WriteString(t.Sep)
		b.WriteString(t.URI)
		b.WriteByte('"')
	}
	if h, ok := r.Main.In.Value("Host"); ok {
		b.WriteString(", host: \"")
		b.WriteString(h)
		b.WriteByte('"')
	}
	if h, ok := r.Main.In.Value("Referer"); ok {
		b.WriteString(", referrer: \"")
		b.WriteString(h)
		b.WriteByte('"')
	}
	return b.String()
}
