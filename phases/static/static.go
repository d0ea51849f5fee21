// Package static is nginx's static module: the content handler of last resort, which answers with the
// file that the URI stands for under root or alias.
//
// A URI that ends in a slash is left to index and autoindex, which must stand before it in the list of
// modules. A directory without the slash is redirected to (301). Files get Last-Modified, an ETag made
// of time and size, the type that their extension stands for, and may be asked for in ranges. Only
// GET and HEAD have an answer; POST is refused with 405 where the file exists.
package static

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"moongate/phases"
)

// Module is the static module. It has no directives.
var Module = phases.NewModule(phases.Module{
	Name: "static",
	Postconfigure: func(l *phases.Load) error {
		l.Handle(phases.PhaseContent, serve)
		return nil
	},
})

func serve(r *phases.Request) phases.Status {
	switch r.Method {
	case "GET", "HEAD", "POST":
	default:
		return 405
	}
	if r.URI[len(r.URI)-1] == '/' {
		return phases.Declined
	}
	path, ok := r.MapURI()
	if !ok {
		return 500
	}
	f, st, err := open(path)
	if err != nil {
		return refuse(r, path, err)
	}
	defer f.Close()
	switch {
	case st.IsDir():
		target := phases.EscapeURI(r.URI) + "/"
		if r.Args != "" {
			target += "?" + r.Args
		}
		r.Redirect(target)
		return 301
	case !st.Mode().IsRegular():
		r.Logf(phases.LogCrit, "\"%s\" is not a regular file", path)
		return 404
	case r.Method == "POST":
		return 405
	}
	if rc := r.DiscardBody(); rc != phases.OK {
		return rc
	}
	size := st.Size()
	r.Out.Status = 200
	r.Out.ContentLength = size
	r.Out.LastModified = st.ModTime()
	if r.Loc.Core.ETag.V {
		r.Out.Headers.Put("ETag", entityTag(st))
	}
	r.SetContentType()
	r.Out.AllowRanges = true
	if rc := r.SendHeader(); rc != phases.OK || r.HeaderOnly {
		return rc
	}
	if size == 0 {
		return r.SendLast()
	}
	return r.Output(phases.Buf{File: f, Len: size, Last: true})
}

// open opens a file for reading; a pipe without a writer must not block.
func open(path string) (*os.File, fs.FileInfo, error) {
	path, _, _ = strings.Cut(path, "\x00") // a path that a script has set ends there for nginx's system calls
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, st, nil
}

// refuse is the status for a file that cannot be opened, with a line in the error log.
func refuse(r *phases.Request, path string, err error) phases.Status {
	rc, level := phases.Status(500), phases.LogCrit
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		rc, level = 404, phases.LogErr
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EMLINK):
		rc, level = 403, phases.LogErr
	}
	if rc != 404 || r.Loc.Core.LogNotFound.V {
		r.Logf(level, "open() \"%s\" failed %s", path, phases.Errno(err))
	}
	return rc
}

func entityTag(st fs.FileInfo) string {
	b := append(make([]byte, 0, 32), '"')
	b = strconv.AppendInt(b, st.ModTime().Unix(), 16)
	b = strconv.AppendInt(append(b, '-'), st.Size(), 16)
	return string(append(b, '"'))
}
