package upstream

import (
	"time"

	"moongate/phases"
)

// Next is a set of failures after which another server is tried (proxy_next_upstream).
type Next uint32

// The failures that a Next holds.
const (
	NextError Next = 1 << iota
	NextTimeout
	NextInvalidHeader
	Next500
	Next502
	Next503
	Next504
	Next403
	Next404
	Next429
	NextNonIdempotent
	NextOff

	nextNoLive // never listed: ends the request
)

// NextNames are the words of proxy_next_upstream.
var NextNames = map[string]Next{
	"error": NextError, "timeout": NextTimeout, "invalid_header": NextInvalidHeader, "non_idempotent": NextNonIdempotent,
	"http_500": Next500, "http_502": Next502, "http_503": Next503, "http_504": Next504,
	"http_403": Next403, "http_404": Next404, "http_429": Next429, "updating": 0, "off": NextOff,
}

// nextOf is the failure that a status stands for; 0 for none.
func nextOf(status int) Next {
	switch status {
	case 500:
		return Next500
	case 502:
		return Next502
	case 503:
		return Next503
	case 504:
		return Next504
	case 403:
		return Next403
	case 404:
		return Next404
	case 429:
		return Next429
	}
	return 0
}

// Ignored is a set of response headers that are not obeyed (proxy_ignore_headers).
type Ignored uint32

// The headers of an Ignored. Those about caching are accepted and mean nothing here.
const (
	IgnoreRedirect Ignored = 1 << iota
	IgnoreLimitRate
	IgnoreBuffering
	IgnoreCharset
	ignoreCaching
)

// IgnoredNames are the words of proxy_ignore_headers.
var IgnoredNames = map[string]Ignored{
	"X-Accel-Redirect": IgnoreRedirect, "X-Accel-Limit-Rate": IgnoreLimitRate, "X-Accel-Buffering": IgnoreBuffering,
	"X-Accel-Charset": IgnoreCharset, "X-Accel-Expires": ignoreCaching, "Expires": ignoreCaching,
	"Cache-Control": ignoreCaching, "Set-Cookie": ignoreCaching, "Vary": ignoreCaching,
}

// Conf is how a location talks to its upstream. Immutable while it serves.
type Conf struct {
	ConnectTimeout    time.Duration
	SendTimeout       time.Duration // between two writes
	ReadTimeout       time.Duration // between two reads
	BufferSize        int           // bytes; bounds the response's head
	Buffering         bool
	BufferMemory      int    // bytes read ahead of a slow client in memory, and
	MaxTempFile       int64  // in a temporary file
	TempPath          string // under which that is made
	Next              Next
	NextTries         int           // 0: any number
	NextTimeout       time.Duration // 0: for ever
	InterceptErrors   bool
	IgnoreClientAbort bool
	ForceRanges       bool
	PassTrailers      bool
	Ignore            Ignored
	LimitRate         *phases.Value // bytes a second, nil: any
	Bind              *phases.Value // the local address; nil: the system's choice
	SocketKeepalive   bool
	RcvBuf, SndBuf    int // of the socket; 0: the system's
	Hidden            *NameSet
}

// NameSet is a set of header names. Names compare without case.
type NameSet struct {
	lengths uint64 // a bit for each length that occurs
	names   []string
}

// NewNameSet makes a set of names.
func NewNameSet(names []string) *NameSet {
	s := &NameSet{}
	for _, n := range names {
		s.lengths |= 1 << (len(n) & 63)
		s.names = append(s.names, n)
	}
	return s
}

// Has reports whether name is in s.
func (s *NameSet) Has(name string) bool {
	if s.lengths&(1<<(len(name)&63)) == 0 {
		return false
	}
	for _, n := range s.names {
		if phases.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// DefaultHidden are the response headers that clients do not see unless proxy_pass_header says so.
var DefaultHidden = []string{
	"Date", "Server", "X-Pad", "X-Accel-Expires", "X-Accel-Redirect", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset",
}
