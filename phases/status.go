package phases

import "strconv"

// Status is what a phase handler, a filter or a request's processing answers:
// one of nginx's return codes (zero or negative) or an HTTP status (100 and up).
type Status int

// nginx's return codes (ngx_core.h). Handlers may block instead of answering Again: see Request.Pause.
const (
	OK       Status = 0
	Error    Status = -1
	Again    Status = -2
	Done     Status = -4
	Declined Status = -5
	Abort    Status = -6
)

// nginx's own statuses beyond RFC 9110 (ngx_http_request.h).
const (
	StatusClose                Status = 444
	StatusRequestHeaderTooBig  Status = 494
	StatusHTTPSCertError       Status = 495
	StatusHTTPSNoCert          Status = 496
	StatusHTTPToHTTPS          Status = 497
	StatusClientClosedRequest  Status = 499
	statusInternalServerError  Status = 500
	statusSpecialResponseStart Status = 300
)

// IsSpecial reports whether the engine answers s by itself, with an error page or a redirect.
func (s Status) IsSpecial() bool { return s >= statusSpecialResponseStart }

// statusLines holds the reason phrases as nginx prints them (ngx_http_header_filter_module).
var statusLines = map[int]string{
	100: "Continue", 101: "Switching Protocols",
	200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
	301: "Moved Permanently", 302: "Moved Temporarily", 303: "See Other", 304: "Not Modified",
	307: "Temporary Redirect", 308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Not Allowed", 406: "Not Acceptable", 408: "Request Time-out", 409: "Conflict", 410: "Gone",
	411: "Length Required", 412: "Precondition Failed", 413: "Request Entity Too Large",
	414: "Request-URI Too Large", 415: "Unsupported Media Type", 416: "Requested Range Not Satisfiable",
	421: "Misdirected Request", 429: "Too Many Requests",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
	503: "Service Temporarily Unavailable", 504: "Gateway Time-out", 505: "HTTP Version Not Supported",
	507: "Insufficient Storage",
}

// StatusLine is nginx's "200 OK" for code; a code that nginx has no phrase for is the number, of three
// digits, and the space.
func StatusLine(code int) string {
	if code >= 0 && code < len(wholeLines) && wholeLines[code] != "" {
		return wholeLines[code]
	}
	return FormatStatus(code) + " "
}

// wholeLines are the lines of the codes that have a phrase.
var wholeLines = func() (t [600]string) {
	for code, s := range statusLines {
		t[code] = strconv.Itoa(code) + " " + s
	}
	return t
}()
