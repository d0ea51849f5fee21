package log

import (
	"os"
	"sync"
	"syscall"

	"moongate/phases"
)

var lines = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

// write logs the request to every output that wants it.
func (c *location) write(r *phases.Request) {
	if c.off {
		return
	}
	room := lines.Get().(*[]byte)
	defer lines.Put(room)
	for _, o := range c.logs {
		if o.filter != nil {
			if v := o.filter.Eval(r); v == "" || v == "0" {
				continue
			}
		}
		*room = o.format.line((*room)[:0], r)
		if o.file == nil {
			o.writeNamed(r, *room)
			continue
		}
		if err := o.file.write(*room); err != nil && o.file.failing() {
			r.Logf(phases.LogAlert, "write() to %q failed %s", o.file.path, phases.Errno(err))
		}
	}
}

// writeNamed writes to a file whose name is made for the request. nginx creates none for a
// host whose document root does not exist, so that clients cannot fill the disk with names.
func (o *output) writeNamed(r *phases.Request, line []byte) {
	root := r.DocumentRoot()
	st, err := os.Stat(root)
	if err == nil && !st.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		r.Logf(phases.LogErr, "testing %q existence failed %s", root, phases.Errno(err))
		return
	}
	path := o.path.Eval(r)
	f, err := phases.OpenAppend(path)
	if err != nil {
		r.Log(phases.LogCrit, err.Error())
		return
	}
	defer f.Close() //nolint:errcheck // nothing is buffered in it
	if _, err := f.Write(line); err != nil {
		r.Logf(phases.LogAlert, "write() to %q failed %s", path, phases.Errno(err))
	}
}
