package referer_test

import (
	"strings"
	"testing"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/referer"
)

func TestReferer(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; server_name localhost Own.Name ~^re\d+\.name$;
		location /open { echo "[$invalid_referer]"; }
		location /list { valid_referers none blocked example.com *.example.org .both.com tail.* path.com/gallery/; echo "[$invalid_referer]"; }
		location /strict { valid_referers example.com; echo "[$invalid_referer]"; }
		location /names { valid_referers server_names; echo "[$invalid_referer]"; }
		location /regex { valid_referers ~\.google\.[a-z]+/search; echo "[$invalid_referer]"; }
	} }`, echo.Module, referer.Module)
	for _, tt := range []struct {
		name, path, referer string
		valid               bool
	}{
		{"nothing configured", "/open", "http://anything.com/", true},
		{"none", "/list", "", true},
		{"none, not allowed", "/strict", "", false},
		{"blocked", "/list", "XXXX:++++++++++++++", true},
		{"blocked, not allowed", "/strict", "XXXX:++++++++++++++", false},
		{"exact", "/list", "http://Example.COM/x", true},
		{"exact, port", "/list", "https://example.com:8080", true},
		{"another site", "/list", "http://other.com/", false},
		{"below an exact name", "/list", "http://www.example.com/", false},
		{"head wildcard", "/list", "http://a.b.example.org/", true},
		{"head wildcard itself", "/list", "http://example.org/", false},
		{"dot name", "/list", "http://both.com/", true},
		{"below a dot name", "/list", "http://a.both.com/", true},
		{"tail wildcard", "/list", "http://tail.co.uk/", true},
		{"path", "/list", "http://path.com:80/gallery/1", true},
		{"another path", "/list", "http://path.com/blog", false},
		{"no path", "/list", "http://path.com", false},
		{"server name", "/names", "http://own.name/", true},
		{"server name, regex", "/names", "http://re12.name/", true},
		{"no server name", "/names", "http://re.name/", false},
		{"regex", "/regex", "https://www.google.de/search?q=x", true},
		{"regex, other", "/regex", "https://www.google.de/", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			if tt.referer != "" {
				headers = append(headers, "Referer: "+tt.referer)
			}
			want := "[1]\n"
			if tt.valid {
				want = "[]\n"
			}
			if got := s.Get(tt.path, headers...).Body; got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", `valid_referers "";`, `invalid referer ""`},
		{"wildcard", `valid_referers a.*.b;`, `invalid hostname or wildcard "a.*.b"`},
		{"twice", `valid_referers a.b a.b;`, `conflicting parameter "a.b"`},
		{"empty regex", `valid_referers ~;`, `empty regex in "~"`},
		{"only none", `valid_referers none;`, `the "none" or "blocked" referers are specified in the "valid_referers" directive without any valid referer`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { server { listen ADDR; "+tt.text+" } }", referer.Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
}
