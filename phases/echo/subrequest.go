package echo

import (
	"strconv"

	"moongate/phases"
)

// queued is a piece of output in its turn: text, or a subrequest that may still run.
type queued struct {
	text []byte
	task *task
}

// task is a subrequest on a goroutine of its own; its output is kept until its turn.
type task struct {
	sr    *phases.Request
	done  chan struct{}
	panic any // read after done is closed
}

func launch(sr *phases.Request) *task {
	t := &task{sr: sr, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer func() { t.panic = recover() }()
		sr.Run()
	}()
	return t
}

// wait blocks until the subrequest has ended; its panic goes on in the waiting request.
func (t *task) wait() {
	t.sr.Waiting()
	<-t.done
	if t.panic != nil {
		panic(t.panic)
	}
}

func (t *task) finished() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// drain sends what is queued, in order: all of it, or up to the first subrequest that still runs.
func (s *state) drain(r *phases.Request, all bool) phases.Status {
	for len(s.queue) > 0 {
		q := s.queue[0]
		text := q.text
		if q.task != nil {
			if !all && !q.task.finished() {
				return phases.OK
			}
			q.task.wait()
			text, _ = q.task.sr.Captured()
		}
		s.queue = s.queue[1:]
		if len(text) == 0 {
			continue
		}
		if rc := r.Output(phases.Buf{B: text}); rc != phases.OK {
			return rc
		}
	}
	return phases.OK
}

// abandon waits for the subrequests that run, since they hold the request.
func (s *state) abandon() {
	for _, q := range s.queue {
		if q.task != nil {
			<-q.task.done
		}
	}
	s.queue = nil
}

// spec is what a command says about its subrequest.
type spec struct {
	method, path, args string
	body, file         string
}

func (p *program) subrequest(r *phases.Request, s *state, cmd *command) phases.Status {
	if !r.BodyRead() {
		if rc := r.ReadBody(); rc != phases.OK {
			return rc
		}
	}
	sp, ok := parseSpec(r, cmd)
	if !ok {
		return phases.Error
	}
	if rc := p.header(r); rc != phases.OK || r.HeaderOnly {
		return rc
	}
	if !s.begun {
		// the body filters get to know the response before the subrequest's: echo_before_body comes first
		s.begun = true
		if rc := r.Output(phases.Buf{}); rc != phases.OK {
			return rc
		}
	}
	if rc := s.drain(r, false); rc != phases.OK {
		return rc
	}
	async := cmd.op == opLocationAsync || cmd.op == opSubrequestAsync
	if !async && len(s.queue) == 0 {
		sr, ok := sp.open(r, false)
		if !ok {
			return phases.Error
		}
		sr.Run()
		return phases.OK
	}
	sr, ok := sp.open(r, true)
	if !ok {
		return phases.Error
	}
	t := launch(sr)
	s.queue = append(s.queue, queued{task: t})
	if !async {
		<-t.done
		return s.drain(r, false)
	}
	return phases.OK
}

// parseSpec evaluates the command's arguments; ok is false for what the original answers with an error.
func parseSpec(r *phases.Request, cmd *command) (spec, bool) {
	sp := spec{method: "GET"}
	args := make([]string, len(cmd.args))
	for i := range args {
		args[i] = cmd.args[i].Eval(r)
	}
	query, hasQuery := "", false
	if cmd.op == opLocation || cmd.op == opLocationAsync {
		if len(args) > 1 {
			query, hasQuery = args[1], true
		}
	} else {
		if len(args) < 2 {
			return sp, false
		}
		sp.method, args = args[0], args[1:]
		for i := 1; i < len(args); i++ {
			var to *string
			switch args[i] {
			case "-q":
				to, hasQuery = &query, true
			case "-b":
				to = &sp.body
			case "-f":
				to = &sp.file
			default:
				r.Logf(phases.LogErr, "unknown option for echo_subrequest*: %s", args[i])
				return sp, false
			}
			if i++; i < len(args) {
				*to = args[i]
			}
		}
	}
	if len(args) == 0 || args[0] == "" {
		return sp, false
	}
	path, own, ok := phases.UnescapedPath(args[0])
	if !ok {
		r.Logf(phases.LogDebug, "%s sees unsafe uri: \"%s\"", cmd.name(), args[0])
		return sp, false
	}
	sp.path, sp.args = path, query
	if !hasQuery {
		sp.args = own
	}
	return sp, true
}

func (sp *spec) open(r *phases.Request, capture bool) (*phases.Request, bool) {
	failed := false
	sr, err := r.Subrequest(sp.path, phases.SubOptions{
		Method: sp.method, Args: sp.args, Capture: capture,
		Setup: func(sr *phases.Request) {
			if sp.method == "HEAD" {
				sr.HeaderOnly = true
			}
			switch {
			case sp.body != "":
				sr.Body.SetBytes([]byte(sp.body))
			case sp.file != "":
				if err := sr.Body.SetFile(r.Tree.Path(sp.file), false); err != nil {
					r.Logf(phases.LogErr, "open() %q failed %s", r.Tree.Path(sp.file), phases.Errno(err))
					failed = true
					return
				}
			default:
				sr.Body.Share(&r.Body)
				return
			}
			sr.ContentLength = sr.Body.Size()
			sr.In.Put("Content-Length", strconv.FormatInt(sr.ContentLength, 10))
		},
	})
	if err != nil {
		r.Log(phases.LogErr, err.Error())
		return nil, false
	}
	return sr, !failed
}
