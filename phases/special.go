package phases

import (
	"strconv"
	"strings"
)

// ErrorPage is one error_page rule.
type ErrorPage struct {
	Status int
	// Overwrite is the status to answer with: -1 keeps the error's, 0 takes the page's own ("=").
	Overwrite int
	URI       *Value
	Args      string
}

// special answers a status that no handler answered (ngx_http_special_response_handler).
func (r *Request) special(rc Status) Status {
	code := int(rc)
	c := r.Loc.Core
	switch code {
	case 400, 413, 414, 494, 495, 496, 497, 500, 501:
		r.KeepAlive = false
	}
	r.Out.ContentType = ""
	r.Out.Charset = ""
	r.Out.ContentLength = -1
	r.Out.Headers.Delete("Content-Length")
	if r.HeaderSent {
		// the answer has begun: all that is left is to break it off
		r.abandon()
		return Done
	}
	if !r.ErrorPage && c.ErrorPages.Set && code != 0 {
		recursive := c.RecursiveErrorPages.V
		for i := range c.ErrorPages.V {
			if p := &c.ErrorPages.V[i]; p.Status == code {
				if !recursive {
					r.ErrorPage = true
				}
				return r.sendErrorPage(p)
			}
		}
	}
	if c.RecursiveErrorPages.V {
		r.ErrorPage = false
	}
	r.discardBodyQuietly()
	if code == 494 || code == 495 || code == 496 || code == 497 {
		r.Out.Status = 400
	} else {
		r.Out.Status = code
	}
	r.Out.StatusText = ""
	page := errorPageBody(code, c.Signature())
	r.Out.ClearLastModified()
	r.Out.Headers.Delete("Accept-Ranges")
	if page == "" {
		r.Out.ContentLength = 0
		if code == 201 || code == 204 {
			r.Out.ContentLength = -1
			if code == 201 {
				r.Out.ContentLength = 0
			}
		}
		rc := r.SendHeader()
		if rc == Error || r.HeaderOnly {
			return okUnlessError(rc)
		}
		return okUnlessError(r.SendLast())
	}
	r.Out.ContentType = "text/html"
	r.Out.ContentLength = int64(len(page))
	rc2 := r.SendHeader()
	if rc2 == Error || r.HeaderOnly {
		return okUnlessError(rc2)
	}
	return okUnlessError(r.Output(Buf{B: []byte(page), Last: true}))
}

// FilterFinalize answers with the special response rc instead of the head that a header filter was
// given (ngx_http_filter_finalize_request). The filter returns what it returns.
func (r *Request) FilterFinalize(rc Status) Status {
	r.Out.reset()
	if rc = r.special(rc); rc == OK || rc == Done {
		return Error
	}
	return rc
}

func okUnlessError(rc Status) Status {
	if rc == Error {
		return Error
	}
	return OK
}

func (r *Request) sendErrorPage(p *ErrorPage) Status {
	overwrite := p.Overwrite
	if overwrite != 0 && overwrite != -1 && overwrite == 499 {
		overwrite = -1
	}
	if overwrite == -1 {
		r.errStatus = p.Status
		switch p.Status {
		case 494, 495, 496, 497:
			r.errStatus = 400
		}
	} else {
		r.errStatus = overwrite
	}
	uri := p.URI.Eval(r)
	if uri != "" && uri[0] == '/' {
		args := p.Args
		if !p.URI.IsConstant() {
			uri, args = SplitArgs(uri)
		}
		if r.Method != "HEAD" && r.Method != "GET" {
			r.Method = "GET"
		}
		return r.InternalRedirect(uri, args)
	}
	if strings.HasPrefix(uri, "@") {
		return r.NamedLocation(uri)
	}
	r.discardBodyQuietly()
	code := r.errStatus
	switch code {
	case 301, 302, 303, 307, 308:
	default:
		code = 302
	}
	r.errStatus = code
	r.Out.Headers.Put("Location", uri)
	r.Out.Status = code
	page := errorPageBody(code, r.Loc.Core.Signature())
	r.Out.ContentType = "text/html"
	r.Out.ContentLength = int64(len(page))
	r.Out.ClearLastModified()
	rc := r.SendHeader()
	if rc == Error || r.HeaderOnly {
		return okUnlessError(rc)
	}
	return okUnlessError(r.Output(Buf{B: []byte(page), Last: true}))
}

// errorTitles are the headings of the engine's own error pages.
var errorTitles = map[int]string{
	302: "302 Found", 401: "401 Authorization Required", 408: "408 Request Time-out", 494: "400 Request Header Or Cookie Too Large",
	495: "400 The SSL certificate error", 496: "400 No required SSL certificate was sent",
	497: "400 The plain HTTP request was sent to HTTPS port",
}

// errorNotes are the lines that some of them carry below the heading.
var errorNotes = map[int]string{
	494: "Request Header Or Cookie Too Large", 495: "The SSL certificate error",
	496: "No required SSL certificate was sent", 497: "The plain HTTP request was sent to HTTPS port",
}

func errorPageBody(code int, signature string) string {
	if code < 300 {
		return ""
	}
	title, ok := errorTitles[code]
	if !ok {
		if _, known := statusLines[code]; !known || code == 304 {
			return ""
		}
		title = StatusLine(code)
	}
	heading := title
	if _, special := errorNotes[code]; special {
		heading = "400 Bad Request"
	}
	var b strings.Builder
	b.WriteString("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + heading + "</h1></center>\r\n")
	if n := errorNotes[code]; n != "" {
		b.WriteString("<center>" + n + "</center>\r\n")
	}
	b.WriteString("<hr><center>" + signature + "</center>\r\n</body>\r\n</html>\r\n")
	return b.String()
}

// FormatStatus prints a status as $status and access logs do: three digits.
func FormatStatus(code int) string {
	switch {
	case code == 0:
		return "000"
	case code < 10:
		return "00" + strconv.Itoa(code)
	case code < 100:
		return "0" + strconv.Itoa(code)
	}
	return strconv.Itoa(code)
}
