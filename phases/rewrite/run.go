package rewrite

import (
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"

	"moongate/phases"
)

// run is one request's way through a sequence.
type run struct {
	r      *phases.Request
	log    bool // rewrite_log
	quote  bool // captures in values are escaped: until a rewrite has matched
	status phases.Status
}

// step does one thing and reports whether the sequence goes on.
type step func(e *run) bool

func handler(m *phases.Module) phases.Handler {
	return func(r *phases.Request) phases.Status {
		if r.RunningPhase() == phases.PhaseRewrite && r.Loc == r.Server.Root() {
			return phases.Declined // no location matched, and the server's sequence has run
		}
		c := phases.LocationOf[location](r.Loc, m)
		if len(c.steps) == 0 {
			return phases.Declined
		}
		if c.code != 0 {
			return answerConstant(r, int(c.code), c.text)
		}
		e := runs.Get().(*run)
		*e = run{
			r: r, quote: true, status: phases.Declined,
			log: c.log.V || r.ErrorLog().Enabled(phases.LogDebug),
		}
		e.all(c.steps)
		status := e.status
		e.r = nil
		runs.Put(e)
		return status
	}
}

var runs = sync.Pool{New: func() any { return new(run) }}

func (e *run) all(steps []step) bool {
	for _, s := range steps {
		if !s(e) {
			return false
		}
	}
	return true
}

// fail ends the sequence with a 500.
func (e *run) fail() bool {
	e.status = 500
	return false
}

func (e *run) eval(v *phases.Value) string {
	if e.quote && !v.IsConstant() && escapedPath(e.r) {
		return v.EvalEscaped(e.r)
	}
	return v.Eval(e.r)
}

func (e *run) match(re *phases.Regex, pattern, subject string) bool {
	if re.Match(e.r, subject) {
		if e.log {
			e.r.Logf(phases.LogNotice, "\"%s\" matches \"%s\"", pattern, subject)
		}
		return true
	}
	if e.log {
		e.r.Logf(phases.LogNotice, "\"%s\" does not match \"%s\"", pattern, subject)
	}
	e.r.ClearCaptures()
	return false
}

// escapedPath reports whether the client's path held escapes (nginx's quoted_uri and plus_in_uri).
func escapedPath(r *phases.Request) bool {
	if r.IsSub() {
		return false
	}
	path, _ := phases.SplitArgs(r.RequestURI)
	return strings.ContainsAny(path, "%+")
}

func assign(index int, v *phases.Value) step {
	return func(e *run) bool {
		e.r.SetIndexed(index, e.eval(v))
		return true
	}
}

func stop(e *run) bool {
	if e.r.URIChanged {
		e.r.LocationStale, e.r.URIChanged = true, false
	}
	return false
}

// answer is return.
func answer(code int, text *phases.Value) step {
	return func(e *run) bool {
		if text.IsConstant() {
			e.status = answerConstant(e.r, code, text.Text())
		} else {
			e.status = respond(e.r, code, text.Eval(e.r))
		}
		return false
	}
}

// answerConstant is return without variables: below 400, or with a text, the response itself; else its special response.
func answerConstant(r *phases.Request, code int, text string) phases.Status {
	if code >= 400 && text == "" {
		return phases.Status(code)
	}
	return respond(r, code, text)
}

func respond(r *phases.Request, code int, text string) phases.Status {
	if rc := r.DiscardBody(); rc != phases.OK {
		return rc
	}
	r.Out.Status = code
	switch code {
	case 301, 302, 303, 307, 308:
		r.Redirect(text)
		return phases.Status(code)
	}
	r.SetContentType()
	return r.RespondText(code, r.Out.ContentType, text)
}

// replacement is one rewrite directive.
type replacement struct {
	re       *phases.Regex
	pattern  string
	path     *phases.Value
	args     *phases.Value // behind the question mark; part of path for a redirect
	hasArgs  bool
	keepArgs bool // append the request's own
	status   int  // of a redirect; 0: none
	stay     bool // break: the location is not looked for again
	last     bool
}

func (w *replacement) step(e *run) bool {
	r := e.r
	if !e.match(w.re, w.pattern, r.URI) {
		return true
	}
	e.quote = false
	r.Internal, r.UnparsedStale = true, true
	if r.URIChanged = !w.stay; w.stay {
		r.LocationStale = true
	}
	if w.status != 0 {
		w.redirect(e)
		return !w.last
	}
	uri := w.path.Eval(r)
	switch {
	case w.hasArgs:
		args := evalArgs(r, w.args)
		if w.keepArgs && r.Args != "" {
			args += "&" + r.Args
		}
		r.Args = args
	case !w.keepArgs:
		r.Args = ""
	}
	r.URI = uri
	if e.log {
		r.Logf(phases.LogNotice, "rewritten data: \"%s\", args: \"%s\"", uri, r.Args)
	}
	if uri == "" {
		r.Log(phases.LogErr, "the rewritten URI has a zero length")
		return e.fail()
	}
	return !w.last
}

func (w *replacement) redirect(e *run) {
	r := e.r
	target := unescapeRedirect(evalArgs(r, w.path))
	if w.keepArgs && r.Args != "" {
		if w.hasArgs {
			target += "&" + r.Args
		} else {
			target += "?" + r.Args
		}
	}
	if e.log {
		r.Logf(phases.LogNotice, "rewritten redirect: \"%s\"", target)
	}
	r.Redirect(target)
	e.status = phases.Status(w.status)
}

func evalArgs(r *phases.Request, v *phases.Value) string {
	if !v.IsConstant() && escapedPath(r) {
		return v.EvalEscaped(r)
	}
	return v.Eval(r)
}

// unescapeRedirect undoes those escapes before the question mark that a URL does not need
// (NGX_UNESCAPE_REDIRECT): printable characters above the percent sign.
func unescapeRedirect(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '?' {
			return string(append(out, s[i:]...))
		}
		if c != '%' {
			out = append(out, c)
			continue
		}
		if i+1 >= len(s) {
			break
		}
		hi := unhex(s[i+1])
		if hi < 0 { // nginx drops the percent sign of a broken escape
			i++
			out = append(out, s[i])
			continue
		}
		if i+2 >= len(s) {
			break
		}
		lo := unhex(s[i+2])
		if lo < 0 {
			i += 2
			continue
		}
		switch d := byte(hi<<4 | lo); {
		case d > '%' && d < 0x7f:
			out = append(out, d)
			if d == '?' {
				return string(append(out, s[i+3:]...))
			}
		default:
			out = append(out, s[i:i+3]...)
		}
		i += 2
	}
	return string(out)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// testFile answers -f, -d, -e and -x.
func testFile(r *phases.Request, kind byte, path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.ENAMETOOLONG) {
			r.Logf(phases.LogCrit, "stat() \"%s\" failed %s", path, phases.Errno(err))
		}
		return false
	}
	switch kind {
	case 'f':
		return st.Mode().IsRegular()
	case 'd':
		return st.IsDir()
	case 'x':
		return st.Mode()&0o100 != 0
	}
	return st.Mode().IsRegular() || st.IsDir()
}
