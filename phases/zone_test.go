package phases

import "testing"

func TestParseZone(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"good", "a:64k", ""},
		{"no size", "a", `invalid zone size "zone=a"`},
		{"bad size", "a:x", `invalid zone size "zone=a:x"`},
		{"no name", ":64k", `invalid zone name ""`},
		{"small", "a:1k", `zone "zone=a:1k" is too small`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name, size, err := ParseZone("zone="+tt.value, tt.value)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want || err == nil && (name != "a" || size != 64<<10) {
				t.Errorf("%q %d %q", name, size, got)
			}
		})
	}
}

func TestParseCIDR(t *testing.T) {
	for _, tt := range []struct {
		text, want  string
		lowBits, ok bool
	}{
		{"10.0.0.0/8", "10.0.0.0/8", false, true},
		{"10.0.0.1/8", "10.0.0.0/8", true, true},
		{"10.0.0.1", "10.0.0.1/32", false, true},
		{"::1", "::1/128", false, true},
		{"2001:db8::/32", "2001:db8::/32", false, true},
		{"0.0.0.0/0", "0.0.0.0/0", false, true},
		{"10.0.0.1/33", "", false, false},
		{"10.0.0", "", false, false},
		{"host", "", false, false},
	} {
		p, low, ok := ParseCIDR(tt.text)
		if ok != tt.ok || low != tt.lowBits || ok && p.String() != tt.want {
			t.Errorf("%s: %v %v %v", tt.text, p, low, ok)
		}
	}
}
