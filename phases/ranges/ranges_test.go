package ranges_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/charset"
	"moongate/phases/phasetest"
	"moongate/phases/ranges"
	"moongate/phases/static"
)

// pieces answers with a body in pieces that allows ranges.
var pieces = phases.NewModule(phases.Module{
	Name: "pieces",
	Directives: []phases.Directive{{Name: "pieces", Ctx: phases.CtxLocation, Set: func(l *phases.Load, _ *conf.Directive, _ any) error {
		l.SetContent(func(r *phases.Request) phases.Status {
			r.Out.Status, r.Out.ContentLength, r.Out.AllowRanges = 200, 9, true
			if rc := r.SendHeader(); rc != phases.OK || r.HeaderOnly {
				return rc
			}
			for _, s := range []string{"abc", "def", "ghi"} {
				if rc := r.Output(phases.Buf{B: []byte(s)}); rc != phases.OK {
					return rc
				}
			}
			return r.SendLast()
		})
		return nil
	}}},
})

const program = `events {} http { server { listen ADDR; root PREFIXhtml;
	location / { }
	location /m2/ { alias PREFIXhtml/; max_ranges 2; }
	location /m0/ { alias PREFIXhtml/; max_ranges 0; }
	location /cs/ { alias PREFIXhtml/; charset utf-8; }
	location /page/ { alias PREFIXhtml/; error_page 416 /small; }
	location /pieces { pieces; }
} }`

const whole = "0123456789abcdefghijklmnopqrstuvwxyz"

func start(t *testing.T) *phasetest.Server {
	t.Helper()
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/f.txt", whole)
	phasetest.WriteFile(t, dir+"html/small", "small")
	phasetest.WriteFile(t, dir+"html/big", strings.Repeat(whole, 4000))
	at := time.Date(2020, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := os.Chtimes(dir+"html/f.txt", at, at); err != nil {
		t.Fatal(err)
	}
	return phasetest.StartIn(t, dir, program, static.Module, ranges.HeaderModule, charset.Module, pieces, ranges.BodyModule)
}

// The answers are nginx 1.22's.
func TestRangesAsNginx(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		name, asked string
		status      int
		part, body  string
	}{
		{"first bytes", "0-4", 206, "0-4/36", "01234"},
		{"last bytes", "-5", 206, "31-35/36", "vwxyz"},
		{"from", "5-", 206, "5-35/36", whole[5:]},
		{"the last byte", "35-", 206, "35-35/36", "z"},
		{"past the end", "36-", 416, "*/36", ""},
		{"far past the end", "40-50", 416, "*/36", ""},
		{"all", "0-", 206, "0-35/36", whole},
		{"none", "-0", 416, "*/36", ""},
		{"more than there is from the end", "-100", 206, "0-35/36", whole},
		{"more than there is", "0-100", 206, "0-35/36", whole},
		{"reversed", "5-3", 416, "*/36", ""},
		{"one of two", "0-1,50-60", 206, "0-1/36", "01"},
		{"letters", "a-b", 416, "*/36", ""},
		{"empty", "", 200, "", whole},
		{"a bad second", "0-1,x", 416, "*/36", ""},
		{"spaces", " 1 - 2 ", 206, "1-2/36", "12"},
		{"an empty item", "1-2,,3-4", 416, "*/36", ""},
		{"space in a suffix", "- 5", 416, "*/36", ""},
		{"two past the end", "50-60,70-80", 416, "*/36", ""},
		{"too large a number", "99999999999999999999-", 416, "*/36", ""},
		{"more than the whole", "0-20,10-30", 200, "", whole},
		{"comma at the end", "-5,", 416, "*/36", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := s.Get("/f.txt", "Range: bytes="+c.asked)
			part := strings.TrimPrefix(res.Header.Get("Content-Range"), "bytes ")
			if res.Status != c.status || part != c.part || res.Status != 416 && res.Body != c.body {
				t.Fatal(res.Raw)
			}
			if got := res.Header.Get("Accept-Ranges"); (got == "bytes") != (c.status == 200) {
				t.Fatalf("Accept-Ranges: %q", got)
			}
		})
	}
}

func TestSeveralParts(t *testing.T) {
	s := start(t)
	number := regexp.MustCompile(`\d{20}`)
	const want = "\r\n--N\r\nContent-Type: TYPE\r\nContent-Range: bytes 0-1/36\r\n\r\n01" +
		"\r\n--N\r\nContent-Type: TYPE\r\nContent-Range: bytes 3-4/36\r\n\r\n34\r\n--N--\r\n"
	for _, c := range []struct{ path, kind string }{{"/f.txt", "text/plain"}, {"/cs/f.txt", "text/plain; charset=utf-8"}} {
		res := s.Get(c.path, "Range: bytes=0-1, 3-4")
		if diff := cmp.Diff(strings.ReplaceAll(want, "TYPE", c.kind), number.ReplaceAllString(res.Body, "N")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := number.ReplaceAllString(res.Header.Get("Content-Type"), "N"); got != "multipart/byteranges; boundary=N" || res.Status != 206 || len(res.Header["Content-Range"]) != 0 {
			t.Error(res.Raw)
		}
	}
	if res := s.Get("/f.txt", "Range: bytes=0-1,3-4"); res.Header.Get("Content-Length") != "198" {
		t.Error(res.Raw)
	}
	big := s.Get("/big", "Range: bytes=100000-120000,0-3")
	if !strings.Contains(big.Body, strings.Repeat(whole, 4000)[100000:120001]+"\r\n--") || !strings.Contains(big.Body, "\r\n\r\n0123\r\n--") {
		t.Error("parts of a large file")
	}
	many := "Range: bytes=0-0" + strings.Repeat(",2-2", 30)
	if res := s.Get("/f.txt", many); res.Status != 200 {
		t.Errorf("many small parts: %s", res.Raw)
	}
}

func TestConditions(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		name, method, path string
		headers            []string
		status             int
	}{
		{"another unit", "GET", "/f.txt", []string{"Range: octets=0-1"}, 200},
		{"the unit's case does not matter", "GET", "/f.txt", []string{"Range: Bytes=0-1"}, 206},
		{"HEAD", "HEAD", "/f.txt", []string{"Range: bytes=0-1"}, 206},
		{"within max_ranges", "GET", "/m2/f.txt", []string{"Range: bytes=0-0,2-2"}, 206},
		{"past max_ranges", "GET", "/m2/f.txt", []string{"Range: bytes=0-0,2-2,4-4"}, 200},
		{"max_ranges 0", "GET", "/m0/f.txt", []string{"Range: bytes=0-0"}, 200},
		{"If-Range with the tag", "GET", "/f.txt", []string{"Range: bytes=0-1", `If-Range: "5e5f373f-24"`}, 206},
		{"If-Range with another tag", "GET", "/f.txt", []string{"Range: bytes=0-1", `If-Range: "5e5f373f-25"`}, 200},
		{"If-Range with the date", "GET", "/f.txt", []string{"Range: bytes=0-1", "If-Range: Wed, 04 Mar 2020 05:06:07 GMT"}, 206},
		{"If-Range with another date", "GET", "/f.txt", []string{"Range: bytes=0-1", "If-Range: Wed, 04 Mar 2020 05:06:08 GMT"}, 200},
		{"error_page", "GET", "/page/f.txt", []string{"Range: bytes=50-"}, 416},
	} {
		t.Run(c.name, func(t *testing.T) {
			if res := s.Do(c.method, c.path, "", c.headers...); res.Status != c.status {
				t.Fatal(res.Raw)
			}
		})
	}
	if res := s.Get("/m0/f.txt"); res.Header.Get("Accept-Ranges") != "" {
		t.Error(res.Raw)
	}
	if res := s.Get("/page/f.txt", "Range: bytes=50-"); res.Body != "small" {
		t.Error(res.Raw)
	}
}

func TestBodyInPieces(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ asked, want string }{
		{"0-8", "abcdefghi"}, {"1-7", "bcdefgh"}, {"3-5", "def"}, {"2-3", "cd"}, {"8-", "i"}, {"-4", "fghi"}, {"0-0", "a"}, {"4-4", "e"},
	} {
		if res := s.Get("/pieces", "Range: bytes="+c.asked); res.Status != 206 || res.Body != c.want {
			t.Errorf("%s: %s", c.asked, res.Raw)
		}
	}
	// The connection is broken off, with or without a head.
	s.Raw("GET /pieces HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0,8-8\r\n\r\n")
	if !s.WaitLog("range in overlapped buffers") {
		t.Error("several parts of a body in pieces")
	}
	keep := s.Raw("GET /pieces HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\nGET /f.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if strings.Count(keep, "HTTP/1.1 206") != 1 || !strings.HasSuffix(keep, whole) {
		t.Error(keep)
	}
}
