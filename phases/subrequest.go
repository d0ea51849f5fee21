package phases

import (
	"fmt"
	"sync"
)

// SubOptions shape a subrequest.
type SubOptions struct {
	Method string // empty: GET
	Args   string
	// Capture keeps the response in memory instead of sending it to the client.
	Capture bool
	// Direct, with Capture, lets the response be taken before it has gone through all filters: see
	// TakesDirectly.
	Direct bool
	// HeaderOnly drops the response's body (auth_request).
	HeaderOnly bool
	// ShareVars lets both requests see the same variables; otherwise the subrequest starts with none.
	ShareVars bool
	// CopyVars starts the subrequest with a copy of the parent's variables.
	CopyVars bool
	// Setup runs before the phases, to change headers, body or variables.
	Setup func(sr *Request)
	// Post is called with the subrequest's status when it ends; its answer replaces it.
	Post func(sr *Request, rc Status) Status
}

type subrequest struct {
	capture bool
	direct  bool
	discard bool
	body    []byte
	last    bool
	rc      Status
	post    func(sr *Request, rc Status) Status
}

// MaxSubrequests is how deep subrequests may nest (nginx's NGX_HTTP_MAX_SUBREQUESTS).
const MaxSubrequests = 50

// Subrequest makes a subrequest of r for uri (decoded). It does not run until Run; it may run on
// another goroutine, as long as the parent waits. The error is nginx's log sentence.
func (r *Request) Subrequest(uri string, o SubOptions) (*Request, error) {
	depth := 0
	for p := r; p.Parent != nil; p = p.Parent {
		depth++
	}
	if depth >= MaxSubrequests {
		return nil, fmt.Errorf("subrequests cycle while processing %q", uri)
	}
	sr := requestPool.Get().(*Request)
	sr.Conn, sr.Tree, sr.Server, sr.Main, sr.Parent = r.Conn, r.Tree, r.Server, r.Main, r
	sr.Loc = r.Server.Root()
	sr.Start = now()
	sr.Method, sr.URI, sr.Args = o.Method, uri, o.Args
	if sr.Method == "" {
		sr.Method = "GET"
	}
	sr.RequestURI, sr.RequestLine, sr.Proto, sr.Host = r.RequestURI, r.RequestLine, r.Proto, r.Host
	sr.Protocol, sr.HeadLength = r.Protocol, r.HeadLength
	sr.In.CopyFrom(&r.In)
	sr.ContentLength = -1
	sr.Internal, sr.UnparsedStale = true, true
	sr.Out.reset()
	sr.log = r.log
	sr.URIChanges = 0
	sr.sub = &subrequest{capture: o.Capture, direct: o.Direct, discard: o.HeaderOnly, post: o.Post}
	sr.HeaderOnly = o.HeaderOnly
	switch {
	case o.ShareVars:
		if r.vars.mu == nil {
			r.vars.mu = new(sync.Mutex)
		}
		sr.vars = r.vars
	default:
		sr.vars = &varTable{slots: make([]varSlot, len(r.Tree.indexed))}
		if o.CopyVars {
			r.vars.lock()
			copy(sr.vars.slots, r.vars.slots)
			r.vars.unlock()
		}
	}
	sr.bind(r.Tree)
	if o.Setup != nil {
		o.Setup(sr)
	}
	return sr, nil
}

// Run processes the subrequest to its end and answers with its status: what its Post made of it.
func (r *Request) Run() Status {
	r.process(PhaseServerRewrite)
	if r.Loc.Core.LogSubrequest.V {
		r.logPhase()
	}
	for i := len(r.ends) - 1; i >= 0; i-- {
		r.ends[i]()
	}
	r.ends = r.ends[:0]
	return r.sub.rc
}

// Captured is the body that a capturing subrequest produced; whole is false where the response
// broke off before its end.
func (r *Request) Captured() (body []byte, whole bool) { return r.sub.body, r.sub.last }

// TakesDirectly reports whether r is a subrequest whose response the module that made it takes out of the
// middle of the filters, with TakeHead and TakeBody (SubOptions.Direct).
func (r *Request) TakesDirectly() bool { return r.sub != nil && r.sub.direct }

// TakeHead ends the header filters of a subrequest here.
func (r *Request) TakeHead() Status { return writeHeader(r) }

// TakeBody ends the body filters of a subrequest here.
func (r *Request) TakeBody(in []Buf) Status { return r.sub.write(r, in) }

// OffWire reports whether nothing that r puts out reaches the client's connection: r or a request above
// it is captured. Such a request may run beside its main request, on another goroutine.
func (r *Request) OffWire() bool {
	for ; r.sub != nil; r = r.Parent {
		if r.sub.capture {
			return true
		}
	}
	return false
}

// FinalStatus is the status that the processing ended with.
func (r *Request) FinalStatus() Status { return r.status }

func (s *subrequest) write(r *Request, in []Buf) Status {
	for i := range in {
		s.last = s.last || in[i].Last
	}
	if s.discard || r.HeaderOnly {
		return OK
	}
	// a subrequest's subrequest ends up where its parent's output goes
	for p := r.Parent; p.sub != nil && !s.capture; p = p.Parent {
		if s = p.sub; s.discard {
			return OK
		}
	}
	if !s.capture {
		out := make([]Buf, len(in))
		copy(out, in)
		for i := range out {
			out[i].Last = false
		}
		m := r.Main
		if !m.HeaderSent {
			if rc := m.SendHeader(); rc == Error || rc > OK {
				return rc
			}
		}
		return m.Loc.plan.mainBody(m, out)
	}
	for i := range in {
		b, err := in[i].Bytes()
		if err != nil {
			r.Logf(LogCrit, "reading a response's file: %v", err)
			return Error
		}
		s.body = append(s.body, b...)
	}
	return OK
}
