package headers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

const config = `events {} http { add_header X-Http 1; server { listen ADDR;
	location /plain { echo x; }
	location /own { add_header X-A $arg_a; add_header X-A two; add_header X-Empty ""; echo x; }
	location /merge { add_header_inherit merge; add_header X-B 1; echo x; }
	location /off { add_header_inherit off; echo x; }
	location /missing { add_header X-A 1; add_header X-B $status always; }
	location /cache { expires 1h; add_header Cache-Control public; echo x; }
	location /epoch { expires epoch; echo x; }
	location /var { expires $arg_e; echo x; }
	location /modified { add_header Last-Modified "Mon, 01 Jan 2024 00:00:00 GMT"; add_header ETag '"e"'; echo x; }
	location /trailer { add_trailer X-T "$arg_a"; echo x; }
	location /sub { add_header X-Main 1; echo_location /own; }
} }`

func TestHeaders(t *testing.T) {
	s := phasetest.Start(t, config, echo.Module, Module)
	tests := []struct {
		name, path string
		header     map[string][]string
	}{
		{"inherited", "/plain", map[string][]string{"X-Http": {"1"}, "Expires": nil}},
		{"own", "/own?a=1", map[string][]string{"X-A": {"1", "two"}, "X-Http": nil, "X-Empty": nil}},
		{"merge", "/merge", map[string][]string{"X-B": {"1"}, "X-Http": {"1"}}},
		{"off", "/off", map[string][]string{"X-Http": nil}},
		{"only always on an error", "/missing", map[string][]string{"X-A": nil, "X-B": {"404"}}},
		{"expires and Cache-Control", "/cache", map[string][]string{"Cache-Control": {"max-age=3600", "public"}}},
		{"epoch", "/epoch", map[string][]string{"Cache-Control": {"no-cache"}, "Expires": {"Thu, 01 Jan 1970 00:00:01 GMT"}}},
		{"variable", "/var?e=2m", map[string][]string{"Cache-Control": {"max-age=120"}}},
		{"bad variable", "/var?e=zz", map[string][]string{"Cache-Control": nil}},
		{"variable off", "/var?e=off", map[string][]string{"Cache-Control": nil}},
		{"last modified", "/modified", map[string][]string{"Last-Modified": {"Mon, 01 Jan 2024 00:00:00 GMT"}, "Etag": {`"e"`}}},
		{"not for subrequests", "/sub", map[string][]string{"X-Main": {"1"}, "X-A": nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := s.Get(tt.path)
			for name, want := range tt.header {
				if diff := cmp.Diff(want, res.Header[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
	t.Run("trailer", func(t *testing.T) {
		if raw := s.Get("/trailer?a=1").Raw; !strings.HasSuffix(raw, "\r\n0\r\nX-T: 1\r\n\r\n") {
			t.Errorf("no trailer in %q", raw)
		}
	})
}

func TestExpires(t *testing.T) {
	now := time.Date(2024, 5, 6, 12, 0, 0, 500, time.UTC)
	modified := time.Date(2024, 5, 6, 11, 0, 0, 0, time.UTC)
	tests := []struct {
		name     string
		text     string
		kind     expiresKind
		modified time.Time
		expires  string
		control  string
	}{
		{"zero", "0", expiresAccess, modified, "Mon, 06 May 2024 12:00:00 GMT", "max-age=0"},
		{"plus", "+1d", expiresAccess, modified, "Tue, 07 May 2024 12:00:00 GMT", "max-age=86400"},
		{"minus", "-1", expiresAccess, modified, "Mon, 06 May 2024 11:59:59 GMT", "no-cache"},
		{"max", "max", expiresAccess, modified, "Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"},
		{"modified", "2h", expiresModified, modified, "Mon, 06 May 2024 13:00:00 GMT", "max-age=3600"},
		{"modified, expired", "30m", expiresModified, modified, "Mon, 06 May 2024 11:30:00 GMT", "no-cache"},
		{"modified, unknown", "2h", expiresModified, time.Time{}, "Mon, 06 May 2024 14:00:00 GMT", "max-age=7200"},
		{"daily, today", "@15h30m", expiresAccess, modified, "Mon, 06 May 2024 15:30:00 GMT", "max-age=12600"},
		{"daily, tomorrow", "@6h", expiresAccess, modified, "Tue, 07 May 2024 06:00:00 GMT", "max-age=64800"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := parseExpires(tt.text, tt.kind)
			if err != nil {
				t.Fatal(err)
			}
			expires, control := e.lines(now, tt.modified)
			if diff := cmp.Diff([]string{tt.expires, tt.control}, []string{expires, control}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"always", "add_header A b never;", `invalid parameter "never"`},
		{"expires", "expires soon;", `"expires" directive invalid value`},
		{"expires twice", "expires 1h; expires 2h;", `"expires" directive is duplicate`},
		{"daily and modified", "expires modified @1h;", `"expires" directive daily time cannot be used with "modified" parameter`},
		{"daily", "expires @25h;", `"expires" directive daily time value must be less than 24 hours`},
		{"inherit", "add_header_inherit some;", `invalid value "some"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { server { listen ADDR; "+tt.text+" } }", Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
