package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// Error is one problem of a configuration.
type Error struct {
	Msg string
	Pos Pos // the zero Pos if the problem has no place
}

// Error prints the problem as nginx does: `unknown directive "foo" in
// conf/nginx.conf:12`.
func (e *Error) Error() string {
	if e.Pos.File == "" {
		return e.Msg
	}
	return e.Msg + " in " + e.Pos.String()
}

// ErrorList collects the problems of a load in the order in which they were
// found. The zero value is ready to use.
type ErrorList []*Error

// Addf appends a problem at pos.
func (l *ErrorList) Addf(pos Pos, format string, args ...any) {
	*l = append(*l, &Error{Msg: fmt.Sprintf(format, args...), Pos: pos})
}

// Add appends err: each problem of an ErrorList, an *Error, or anything else
// as a problem without a place. Nil is ignored.
func (l *ErrorList) Add(err error) {
	var list ErrorList
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &list):
		*l = append(*l, list...)
	case errors.As(err, &one):
		*l = append(*l, one)
	default:
		*l = append(*l, &Error{Msg: err.Error()})
	}
}

// Err returns the list as an error, or nil if it is empty.
func (l ErrorList) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Error prints one problem a line.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.Is and errors.As the single problems.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// openFailure words a failure to read file the way nginx does:
// `open() "FILE" failed (2: No such file or directory)`.
func openFailure(file string, err error) string {
	call := "open"
	var pe *fs.PathError
	if errors.As(err, &pe) && pe.Op == "read" {
		call = "pread"
	}
	return call + `() "` + file + `" failed (` + errnoText(err) + `)`
}

// errnoText returns "2: No such file or directory". Go's texts are the C
// library's but for the first letter.
func errnoText(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			errno = syscall.ENOENT
		case errors.Is(err, fs.ErrPermission):
			errno = syscall.EACCES
		default:
			return err.Error()
		}
	}
	text := errno.Error()
	return fmt.Sprintf("%d: %s%s", int(errno), strings.ToUpper(text[:1]), text[1:])
}
