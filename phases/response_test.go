package phases

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSetHeader(t *testing.T) {
	tests := []struct {
		name          string
		header, value string
		ok            bool
		check         func(p *Response) any
		want          any
	}{
		{"plain", "X-A", "1", true, func(p *Response) any { v, _ := p.Headers.Value("x-a"); return v }, "1"},
		{"replaces all lines", "X-Two", "1", true, func(p *Response) any { return p.Headers.Values("x-two") }, []string{"1"}},
		{"empty removes", "x-two", "", true, func(p *Response) any { return p.Headers.Has("X-Two") }, false},
		{"content type", "content-type", `text/x; charset="koi8-r"`, true, func(p *Response) any { return p.ContentType + "|" + p.Charset + "|" + p.MediaType() }, `text/x; charset="koi8-r"|koi8-r|text/x`},
		{"content length", "Content-Length", "12", true, func(p *Response) any { return p.ContentLength }, int64(12)},
		{"content length removed", "Content-Length", "", true, func(p *Response) any { return p.ContentLength }, int64(-1)},
		{"bad content length", "Content-Length", "x", false, func(p *Response) any { return p.ContentLength }, int64(7)},
		{"server", "Server", "", true, func(p *Response) any { return *p.Server }, ""},
		{"date", "Date", "now", true, func(p *Response) any { return *p.Date }, "now"},
		{"last modified", "Last-Modified", "", true, func(p *Response) any { return p.LastModified.IsZero() }, true},
		{"accept ranges", "Accept-Ranges", "", true, func(p *Response) any { return p.AllowRanges }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &Response{ContentLength: 7, LastModified: time.Unix(1, 0), AllowRanges: true}
			p.Headers.Add("X-Two", "a")
			p.Headers.Add("x-two", "b")
			if ok := p.SetHeader(tt.header, tt.value); ok != tt.ok {
				t.Errorf("ok %v", ok)
			}
			if diff := cmp.Diff(tt.want, tt.check(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
