package proxy

import (
	"strconv"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/upstream"
)

// setHeader is one proxy_set_header.
type setHeader struct {
	name  string
	value *phases.Value
}

func setSetHeader(l *phases.Load, d *conf.Directive, c *config) error {
	v, err := l.Value(d.Args[1])
	if err != nil {
		return err
	}
	c.setHeaders = append(c.setHeaders, setHeader{d.Args[0].Value, v})
	return nil
}

// headerPlan is the list of lines that a location adds to every request. A value may be left to the engine:
// then it is nil.
type headerPlan struct {
	lines []setHeader
	names *upstream.NameSet // of the client's lines that do not go on
}

// defaultHeaders are set unless proxy_set_header says otherwise. Those without a value here are computed
// (see write); those with an empty one are not sent.
var defaultHeaders = []setHeader{
	{"Host", nil}, {"Connection", phases.Constant("close")}, {"Content-Length", nil}, {"Transfer-Encoding", nil},
	{"TE", phases.Constant("")}, {"Keep-Alive", phases.Constant("")}, {"Expect", phases.Constant("")}, {"Upgrade", phases.Constant("")},
}

// mergeHeaders takes the outer level's lines where this one has none of its own.
func (c *config) mergeHeaders(p *config) {
	if c.setHeaders == nil {
		c.setHeaders = p.setHeaders
		if p.headers != nil {
			c.headers = p.headers
			return
		}
	}
	plan := &headerPlan{}
	var names []string
	for _, h := range c.setHeaders {
		names = append(names, h.name)
	}
	own := upstream.NewNameSet(names)
	plan.lines = append(plan.lines, c.setHeaders...)
	for _, h := range defaultHeaders {
		if !own.Has(h.name) {
			plan.lines = append(plan.lines, h)
			names = append(names, h.name)
		}
	}
	plan.names = upstream.NewNameSet(names)
	c.headers = plan
}

func (p *headerPlan) write(x *upstream.Exchange, b []byte) []byte {
	for i := range p.lines {
		h := &p.lines[i]
		if h.value != nil {
			if v := h.value.Eval(x.R); v != "" {
				b = append(b, h.name...)
				b = append(b, ": "...)
				b = append(b, clean(v)...)
				b = append(b, "\r\n"...)
			}
			continue
		}
		switch len(h.name) {
		case len("Host"):
			b = append(b, "Host: "...)
			b = append(b, clean(x.Vars.Host)...)
			b = append(b, "\r\n"...)
		case len("Content-Length"):
			if x.BodyLength >= 0 && !x.BodyChunked {
				b = append(b, "Content-Length: "...)
				b = strconv.AppendInt(b, x.BodyLength, 10)
				b = append(b, "\r\n"...)
			}
		default: // Transfer-Encoding
			if x.BodyChunked {
				b = append(b, "Transfer-Encoding: chunked\r\n"...)
			}
		}
	}
	return b
}
