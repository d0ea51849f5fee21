package memc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"moongate/phases"
	"moongate/phases/upstream"
)

type kind uint8

const (
	kindGet   kind = iota
	kindStore      // key flags exptime bytes, then the value
	kindDelete
	kindCount // key value
	kindFlush // exptime
	kindPlain // no argument, one line
	kindStats // no argument, lines until END
)

var commands = map[string]kind{
	"get": kindGet, "set": kindStore, "add": kindStore, "replace": kindStore, "append": kindStore, "prepend": kindStore,
	"delete": kindDelete, "incr": kindCount, "decr": kindCount, "flush_all": kindFlush, "version": kindPlain, "stats": kindStats,
}

// talk is one request to memcached: the part that upstream.Exchange leaves to a module.
type talk struct {
	c    *location
	cmd  string
	kind kind
	text []byte
}

func (c *location) handle(r *phases.Request) phases.Status {
	refuse := func(status phases.Status) phases.Status {
		r.DiscardBody()
		return status
	}
	t := &talk{c: c}
	cmd, _ := r.Indexed(c.m.cmd)
	if cmd == "" {
		switch r.Method {
		case "GET", "HEAD":
			cmd = "get"
		case "POST":
			cmd = "add"
		case "PUT":
			cmd = "set"
		case "DELETE":
			cmd = "delete"
		default:
			r.Log(phases.LogErr, "$memc_cmd variable requires value for other HTTP methods") // no command belongs to the method
			return refuse(400)
		}
	}
	var ok bool
	if t.kind, ok = commands[cmd]; !ok {
		r.Logf(phases.LogErr, "unknown $memc_cmd \"%s\"", cmd)
		return refuse(400)
	}
	t.cmd = cmd
	if !c.allows(cmd) {
		r.Logf(phases.LogErr, "memcached command \"%s\" not allowed", cmd)
		return refuse(403)
	}
	if rc := r.ReadBody(); rc != phases.OK {
		return rc
	}
	if rc := t.build(r); rc != phases.OK {
		return rc
	}
	x := upstream.New(r, &c.up, t)
	x.Vars.Schema = "memcached://"
	x.Head = r.Method == "HEAD"
	if rc := c.locate(x); rc != phases.OK {
		x.Close()
		return rc
	}
	return x.Run()
}

func (c *location) locate(x *upstream.Exchange) phases.Status {
	if c.value == nil {
		x.Group = c.group
		return phases.OK
	}
	host, n, unix, err := address(c.value.Eval(x.R))
	if err != nil {
		x.R.Logf(phases.LogErr, "%v in upstream \"%s\"", err, c.value.Eval(x.R))
		return 500
	}
	if unix {
		x.Group = upstream.FindUnix(host)
		return phases.OK
	}
	var rc phases.Status
	x.Group, rc = x.Find(host, n, port)
	return rc
}

// build makes the request's text.
func (t *talk) build(r *phases.Request) phases.Status {
	b := append([]byte(nil), t.cmd...)
	key, _ := r.Indexed(t.c.m.key)
	amount, _ := r.Indexed(t.c.m.value)
	if _, err := strconv.ParseUint(amount, 10, 64); err != nil && t.kind == kindCount {
		r.Logf(phases.LogErr, "variable \"$memc_value\" takes invalid value: %s for memcached command \"%s\"", amount, t.cmd)
		return 400
	}
	switch t.kind {
	case kindGet, kindStore, kindDelete, kindCount:
		if key == "" {
			r.Log(phases.LogErr, `the "$memc_key" variable is not set`)
			return 500
		}
		b = append(b, ' ')
		b = appendKey(b, key)
	}
	exptime, rc := t.number(r, t.c.m.exptime, "exptime")
	if rc != phases.OK {
		return rc
	}
	switch t.kind {
	case kindStore:
		flags, rc := t.number(r, t.c.m.flags, "flags")
		if rc != phases.OK {
			return rc
		}
		value, ok := r.Indexed(t.c.m.value)
		if !ok && !r.HasBody() && r.Body.Size() <= 0 {
			r.Log(phases.LogErr, "neither the \"$memc_value\" variable nor the request body is available")
			return 500
		}
		if !ok {
			body, err := io.ReadAll(r.BodyReader())
			if err != nil {
				r.Logf(phases.LogCrit, "reading the request body: %v", err)
				return 500
			}
			value = string(body)
		}
		b = fmt.Appendf(b, " %s %s %d\r\n%s", orZero(flags), orZero(exptime), len(value), value)
	case kindCount:
		b = append(append(b, ' '), amount...)
	case kindDelete, kindFlush:
		if exptime != "" && (t.kind == kindFlush || exptime != "0") {
			b = append(append(b, ' '), exptime...)
		}
	}
	b = append(b, "\r\n"...)
	t.text = b
	return phases.OK
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// number is a variable that has to be a whole number where it is set.
func (t *talk) number(r *phases.Request, slot int, name string) (string, phases.Status) {
	v, _ := r.Indexed(slot)
	if v == "" {
		return "", phases.OK
	}
	if _, ok := phases.ParseNumber(v); !ok {
		r.Logf(phases.LogErr, "variable \"$memc_%s\" takes invalid value: %s for memcached command \"%s\"", name, v, t.cmd)
		return "", 400
	}
	return v, phases.OK
}

// appendKey escapes what memcached does not take in a key: blanks, control characters and the percent sign.
func appendKey(b []byte, key string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(key) {
		if c := key[i]; c <= ' ' || c == '%' || c == 0x7f {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// Request appends the request.
func (t *talk) Request(_ *upstream.Exchange, b []byte) ([]byte, error) {
	return append(b, t.text...), nil
}

// Location rewrites nothing.
func (t *talk) Location(*upstream.Exchange, string) (string, bool) { return "", false }

// Refresh rewrites nothing.
func (t *talk) Refresh(*upstream.Exchange, string) (string, bool) { return "", false }

// Cookie rewrites nothing.
func (t *talk) Cookie(*upstream.Exchange, string) (string, bool) { return "", false }

// Head tells the beginning of memcached's answer as HTTP's.
func (t *talk) Head(x *upstream.Exchange, b []byte) (n int, head, tail string, err error) {
	end := bytes.Index(b, []byte("\r\n"))
	if end < 0 {
		return -1, "", "", nil
	}
	line := string(b[:end])
	switch {
	case line == "ERROR", strings.HasPrefix(line, "CLIENT_ERROR"), strings.HasPrefix(line, "SERVER_ERROR"):
		x.R.Logf(phases.LogErr, "memcached sent \"%s\"", line)
		return end + 2, "", "", upstream.StatusError(502)
	case t.kind == kindGet:
		return t.value(x, line)
	case t.kind == kindStats:
		at := bytes.Index(b, []byte("END\r\n"))
		if at < 0 {
			return -1, "", "", nil
		}
		return 0, plain(x, 200, at+len("END\r\n")), "", nil
	case line == "NOT_FOUND":
		return end + 2, "", "", upstream.StatusError(404)
	case t.kind == kindStore && line == "STORED", t.kind == kindCount:
		return 0, plain(x, 201, end+2), "", nil
	case t.kind == kindStore && (line == "NOT_STORED" || line == "EXISTS"):
		return 0, plain(x, 200, end+2), "", nil
	case t.kind == kindDelete && line == "DELETED", t.kind == kindFlush && line == "OK", t.kind == kindPlain:
		return 0, plain(x, 200, end+2), "", nil
	}
	return 0, "", "", fmt.Errorf("memcached sent invalid response: \"%s\"", line)
}

// value reads "VALUE key flags length".
func (t *talk) value(x *upstream.Exchange, line string) (n int, head, tail string, err error) {
	n = len(line) + 2
	if line == "END" {
		return n, "", "", upstream.StatusError(404)
	}
	parts := strings.Split(line, " ")
	if len(parts) != 4 || parts[0] != "VALUE" {
		return 0, "", "", fmt.Errorf("memcached sent invalid response: \"%s\"", line)
	}
	length, ok := phases.ParseNumber(parts[3])
	flags, err := strconv.ParseUint(parts[2], 10, 32)
	if !ok || err != nil {
		return 0, "", "", errors.New("memcached sent invalid length in response \"" + line + "\"")
	}
	x.R.SetIndexed(t.c.m.flags, parts[2])
	head = plain(x, 200, length)
	if t.c.flagsToModified.V {
		head = head[:len(head)-2] + "Last-Modified: " + time.Unix(int64(flags), 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n\r\n"
	}
	return n, head, "\r\nEND\r\n", nil
}

// plain is a head in HTTP.
func plain(x *upstream.Exchange, status, length int) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", status, reason(status), x.R.MIMEType(x.R.URI), length)
}

func reason(status int) string {
	if status == 201 {
		return "Created"
	}
	return "OK"
}
