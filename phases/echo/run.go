package echo

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"moongate/phases"
)

// state is what a request keeps while its program runs.
type state struct {
	timer   time.Time // echo_reset_timer's moment
	choices []string  // of the running foreach; nil outside of one
	choice  int
	start   int          // the foreach's command
	counter atomic.Int64 // $echo_incr, of the main request
	queue   []queued     // output that waits for subrequests before it
	before  bool         // the filter has sent echo_before_body
	filter  bool         // the filter is at work for this response
	begun   bool         // the body filters have seen something of this response
}

func (p *program) state(r *phases.Request) *state {
	if s, ok := r.Ctx(p.m).(*state); ok {
		return s
	}
	s := &state{}
	r.SetCtx(p.m, s)
	return s
}

// content runs the location's commands.
func (p *program) content(r *phases.Request) phases.Status {
	c := phases.LocationOf[location](r.Loc, p.m)
	s := p.state(r)
	for i := 0; i < len(c.commands); i++ {
		cmd := &c.commands[i]
		rc := phases.OK
		switch cmd.op {
		case opEcho:
			rc = p.emit(r, s, cmd.text(r))
		case opRequestBody:
			rc = p.requestBody(r, s)
		case opSleep:
			rc = sleep(r, cmd.arg(r, 0))
		case opFlush:
			if rc = p.header(r); rc == phases.OK && s.drain(r, false) == phases.OK {
				rc = r.Output(phases.Buf{Flush: true})
			}
		case opResetTimer:
			s.timer = time.Now()
		case opDuplicate:
			rc = p.duplicate(r, s, cmd)
		case opReadRequestBody:
			rc = r.ReadBody()
		case opLocation, opLocationAsync, opSubrequest, opSubrequestAsync:
			rc = p.subrequest(r, s, cmd)
		case opForeachSplit:
			if rc = s.foreach(r, cmd, i); rc == phases.OK && len(s.choices) == 0 {
				s.choices = nil
				for i++; i < len(c.commands) && c.commands[i].op != opEnd; i++ {
				}
			}
		case opEnd:
			if s.choices == nil {
				r.Log(phases.LogErr, "Found a echo_end that has no corresponding echo_foreach before it.")
				rc = phases.Error
				break
			}
			if s.choice++; s.choice < len(s.choices) {
				i = s.start
			} else {
				s.choices = nil
			}
		case opExec:
			if rc = s.drain(r, true); rc == phases.OK {
				return exec(r, cmd)
			}
		}
		if rc != phases.OK {
			s.abandon()
			if rc > phases.OK && r.HeaderSent {
				return phases.Error
			}
			return rc
		}
	}
	rc := p.header(r)
	if rc == phases.OK {
		rc = s.drain(r, true)
	}
	if rc != phases.OK {
		s.abandon()
		return rc
	}
	if rc = r.SendLast(); rc == phases.Error || rc.IsSpecial() {
		return rc
	}
	if !r.BodyRead() {
		r.DiscardBody()
	}
	return phases.OK
}

func (c *command) arg(r *phases.Request, i int) string {
	if i < len(c.args) {
		return c.args[i].Eval(r)
	}
	return ""
}

// header sends the response's head before the first output.
func (p *program) header(r *phases.Request) phases.Status {
	if r.HeaderSent {
		return phases.OK
	}
	r.Out.Status = phases.LocationOf[location](r.Loc, p.m).status.V
	if r.Out.ContentType == "" {
		r.Out.ContentType = r.MIMEType(r.URI)
	}
	r.Out.ClearContentLength()
	r.Out.AllowRanges = false
	r.Out.Headers.Delete("Accept-Ranges")
	return r.SendHeader()
}

// emit sends text, or queues it behind subrequests that are still running.
func (p *program) emit(r *phases.Request, s *state, text []byte) phases.Status {
	if len(text) == 0 {
		return phases.OK
	}
	if rc := p.header(r); rc != phases.OK || r.HeaderOnly {
		return rc
	}
	s.begun = true
	if rc := s.drain(r, false); rc != phases.OK {
		return rc
	}
	if len(s.queue) > 0 {
		s.queue = append(s.queue, queued{text: text})
		return phases.OK
	}
	return r.Output(phases.Buf{B: text})
}

func (p *program) requestBody(r *phases.Request, s *state) phases.Status {
	if !r.BodyRead() {
		return phases.OK
	}
	src := r.BodyReader()
	for {
		chunk := make([]byte, 32<<10)
		n, err := src.Read(chunk)
		if rc := p.emit(r, s, chunk[:n]); rc != phases.OK {
			return rc
		}
		switch {
		case errors.Is(err, io.EOF):
			return phases.OK
		case err != nil:
			r.Logf(phases.LogCrit, "reading the request body: %v", err)
			return phases.Error
		}
	}
}

// duplicateLimit bounds what one echo_duplicate may build in memory, in bytes.
const duplicateLimit = 1 << 30

func (p *program) duplicate(r *phases.Request, s *state, cmd *command) phases.Status {
	text := cmd.arg(r, 0)
	count, ok := phases.ParseNumber(strings.ReplaceAll(text, "_", ""))
	unit := cmd.arg(r, 1)
	if !ok || len(unit) > 0 && count > duplicateLimit/len(unit) {
		r.Logf(phases.LogErr, "invalid size specified: %q", text)
		return 500
	}
	if count == 0 || unit == "" {
		return p.header(r)
	}
	return p.emit(r, s, bytes.Repeat([]byte(unit), count))
}

func sleep(r *phases.Request, text string) phases.Status {
	d, ok := parseSeconds(text)
	if !ok {
		r.Logf(phases.LogErr, "invalid sleep duration %q", text)
		return 400
	}
	r.Waiting()
	time.Sleep(d)
	return phases.OK
}

// parseSeconds reads a number of seconds with at most three decimals that count.
func parseSeconds(s string) (time.Duration, bool) {
	whole, frac, dotted := strings.Cut(s, ".")
	if s == "" || dotted && len(frac) > 3 || whole == "" && frac == "" {
		return 0, false
	}
	ms, scale := 0, 100
	if whole != "" {
		n, ok := phases.ParseNumber(whole)
		if !ok || n > 1<<40 {
			return 0, false
		}
		ms = n * 1000
	}
	for i := range len(frac) {
		if frac[i] < '0' || frac[i] > '9' {
			return 0, false
		}
		ms += int(frac[i]-'0') * scale
		scale /= 10
	}
	return time.Duration(ms) * time.Millisecond, true
}

// foreach begins echo_foreach_split: empty pieces are left out.
func (s *state) foreach(r *phases.Request, cmd *command, at int) phases.Status {
	switch {
	case s.choices != nil:
		r.Log(phases.LogErr, "Nested echo_foreach not supported yet.")
		return 500
	case len(cmd.args) < 2:
		r.Log(phases.LogErr, `echo_foreach should take at least two arguments. (if your delimiter starts with "-", preceding it with a "--".)`)
		return 500
	}
	delimiter, compound := cmd.args[0].Eval(r), cmd.args[1].Eval(r)
	s.choices, s.choice, s.start = []string{}, 0, at
	if delimiter == "" {
		if compound != "" {
			s.choices = append(s.choices, compound)
		}
		return phases.OK
	}
	for piece := range strings.SplitSeq(compound, delimiter) {
		if piece != "" {
			s.choices = append(s.choices, piece)
		}
	}
	return phases.OK
}

// exec is echo_exec: the request goes on elsewhere.
func exec(r *phases.Request, cmd *command) phases.Status {
	target, args := cmd.arg(r, 0), cmd.arg(r, 1)
	if target == "" {
		return 400
	}
	path, own, ok := phases.UnescapedPath(target)
	if !ok {
		r.Logf(phases.LogDebug, "%s sees unsafe uri: \"%s\"", cmd.name(), target)
		return phases.Error
	}
	if len(cmd.args) < 2 {
		args = own
	}
	if strings.HasPrefix(path, "@") {
		if args != "" {
			r.Logf(phases.LogWarn, "querystring %s ignored when exec'ing named location %s", args, path)
		}
		return r.NamedLocation(path)
	}
	return r.InternalRedirect(path, args)
}
