package handler

import (
	"moongate/phases"
)

// This file is how a script's output reaches the response. All functions are called with the baton
// held, by a thread of the context; they may give it back while the client is slow.

// Blocking runs f, which waits for the client's socket, with the baton given back: phases.Request.Block
// of a request whose handler holds it. Other threads of the request that want to write wait.
func (c *Ctx) Blocking(f func()) {
	ch := make(chan struct{})
	c.sending = ch
	defer func() {
		c.sending = nil
		close(ch)
	}()
	c.VM.Wait(func(<-chan struct{}) { f() })
}

// awaitTurn waits while another light thread of the request is writing.
func (c *Ctx) awaitTurn() {
	for c.sending != nil {
		ch := c.sending
		c.VM.Wait(func(cancel <-chan struct{}) {
			select {
			case <-ch:
			case <-cancel:
			}
		})
	}
}

// SendHeader sends the response's head if that was not done, with the content type that the location
// gives by default. OK also where it was sent already.
func (c *Ctx) SendHeader() phases.Status {
	r := c.R
	if r.HeaderSent {
		return phases.OK
	}
	if r.Out.Status == 0 {
		r.Out.Status = 200
	}
	if !c.MIMESet && r.Out.ContentType == "" && c.UseDefaultType && r.Out.Status != 304 {
		r.Out.ContentType = r.MIMEType(r.URI)
	}
	c.MIMESet = true
	if !c.HeadersSet { // a length or range that was there before was another body's
		r.Out.ClearContentLength()
		r.Out.AllowRanges = false
	}
	if c.Buffering {
		return phases.OK
	}
	return c.finishHead(r.SendHeader())
}

func (c *Ctx) finishHead(rc phases.Status) phases.Status {
	if rc == phases.Error || rc > phases.OK {
		return rc
	}
	return phases.OK
}

// gather begins to keep the output back where an HTTP/1.0 client needs to know its length, which the script has not told.
func (c *Ctx) gather() {
	r := c.R
	if r.Proto < phases.HTTP11 && c.HTTP10Buffering && !r.HeaderSent && r.Out.ContentLength < 0 && !r.IsSub() && r.Method != "HEAD" {
		c.Buffering = true
	}
}

// Gathered reports whether output is kept back.
func (c *Ctx) Gathered() bool { return len(c.out10) > 0 }

// Send sends body bytes, the head first where it is missing. Error means that the client takes no
// more; other statuses come from the header filters.
func (c *Ctx) Send(b []byte) phases.Status {
	c.awaitTurn()
	c.gather()
	if rc := c.SendHeader(); rc != phases.OK {
		return rc
	}
	r := c.R
	if r.HeaderOnly && r.HeaderSent {
		return phases.OK
	}
	if c.Buffering {
		if c.Enabled(phases.LogDebug) {
			r.Log(phases.LogDebug, "lua buffering output bufs for the HTTP 1.0 request")
		}
		c.out10 = append(c.out10, b...)
		return phases.OK
	}
	if len(b) == 0 {
		return phases.OK
	}
	return r.OutputOne(phases.Buf{B: b})
}

// Flush sends what was gathered; it waits until the kernel has taken it.
func (c *Ctx) Flush() phases.Status {
	r := c.R
	if c.Buffering || r.Finished {
		return phases.OK
	}
	c.awaitTurn()
	if rc := c.SendHeader(); rc != phases.OK {
		return rc
	}
	if r.HeaderOnly {
		return phases.OK
	}
	return r.OutputOne(phases.Buf{Flush: true})
}

// SendLast ends the response, sending the head where it is missing (an empty body then).
func (c *Ctx) SendLast() phases.Status {
	r := c.R
	c.awaitTurn()
	if c.EOF {
		return phases.OK
	}
	c.gather()
	if rc := c.SendHeader(); rc != phases.OK {
		return rc
	}
	c.EOF = true
	if c.Buffering {
		c.Buffering = false
		if r.Out.ContentLength < 0 {
			r.Out.ContentLength = int64(len(c.out10))
		}
		if rc := c.finishHead(r.SendHeader()); rc != phases.OK {
			return rc
		}
		if len(c.out10) > 0 && !r.HeaderOnly {
			if rc := r.OutputOne(phases.Buf{B: c.out10}); rc == phases.Error || rc > phases.OK {
				return rc
			}
		}
	}
	if r.HeaderOnly && !r.IsSub() {
		return phases.OK
	}
	return r.OutputOne(phases.Buf{Last: true})
}
