package geo_test

import (
	"strings"
	"testing"

	"moongate/phases/geo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

const program = `events {} http {
	geo $me { default far; 127.0.0.0/8 near; }
	geo $arg_a $net {
		default        none;
		10.0.0.0/8     ten;
		10.1.0.0/16    ten-one;
		10.1.2.3       host;
		10.9.0.0/16    gone;
		delete         10.9.0.0/16;
		2001:db8::/32  doc;
		include PREFIXconf/geo.conf;
	}
	geo $arg_a $bare { 10.0.0.0/8 ten; }
	geo $arg_a $range {
		ranges;
		default none;
		10.0.0.0-10.1.255.255 wide;
		10.0.5.0-10.0.5.255   inner;
		10.0.6.0-10.0.6.255   gone;
		delete 10.0.6.0-10.0.6.255;
		10.2.0.0-10.2.0.0     one;
	}
	geo $arg_a $last { proxy 10.0.0.0/8; default far; 10.0.0.0/8 proxy; 192.0.2.0/24 client; 198.51.100.0/24 hop; }
	geo $arg_a $deep { proxy 10.0.0.0/8; proxy 198.51.100.0/24; proxy_recursive; default far; 10.0.0.0/8 proxy; 192.0.2.0/24 client; 198.51.100.0/24 hop; }
	server { listen ADDR; location / { return 200 "$me $net [$bare] $range $last $deep"; } }
}`

func TestGeo(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"conf/geo.conf", "172.16.0.0/12 private;\n")
	s := phasetest.StartIn(t, dir, program, rewrite.Module, geo.Module)
	xff := func(v string) string { return "X-Forwarded-For: " + v }
	for _, c := range []struct {
		name, addr, want string
		headers          []string
	}{
		{"network", "10.2.0.1", "near ten [ten] none proxy proxy", nil},
		{"the smaller network", "10.1.9.9", "near ten-one [ten] wide proxy proxy", nil},
		{"address", "10.1.2.3", "near host [ten] wide proxy proxy", nil},
		{"deleted network", "10.9.1.1", "near ten [ten] none proxy proxy", nil},
		{"range in range", "10.0.5.7", "near ten [ten] inner proxy proxy", nil},
		{"behind it", "10.0.7.0", "near ten [ten] wide proxy proxy", nil},
		{"deleted range", "10.0.6.7", "near ten [ten] none proxy proxy", nil},
		{"range of one", "10.2.0.0", "near ten [ten] one proxy proxy", nil},
		{"IPv6", "2001:db8::1", "near doc [] none far far", nil},
		{"other IPv6", "2001:db9::1", "near none [] none far far", nil},
		{"mapped IPv4", "::ffff:10.1.2.3", "near host [ten] wide proxy proxy", nil},
		{"included", "172.16.0.1", "near private [] none far far", nil},
		{"no address", "x", "near none [] none far far", nil},
		{"forwarded", "10.2.0.1", "near ten [ten] none client client", []string{xff("192.0.2.1")}},
		{"forwarded twice", "10.2.0.1", "near ten [ten] none hop client", []string{xff("192.0.2.1, 198.51.100.1:80")}},
		{"two lines", "10.2.0.1", "near ten [ten] none hop client", []string{xff("192.0.2.1"), xff("198.51.100.1")}},
		{"not believed", "192.0.2.9", "near none [] none client client", []string{xff("198.51.100.1")}},
		{"nonsense forwarded", "10.2.0.1", "near ten [ten] none proxy proxy", []string{xff("unknown")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if res := s.Get("/?a="+c.addr, c.headers...); res.Body != c.want {
				t.Fatalf("%q, want %q", res.Body, c.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"name", `geo v { }`, `invalid variable name "v" in `},
		{"three words", `geo $v { 10.0.0.0/8 a b; }`, `invalid number of the geo parameters in `},
		{"network", `geo $v { 10.0.0.0/33 a; }`, `invalid network "10.0.0.0/33" in `},
		{"proxy", `geo $v { proxy a; }`, `invalid network "a" in `},
		{"ranges late", `geo $v { 10.0.0.0/8 a; ranges; }`, `the "ranges" directive must be the first directive inside "geo" block in `},
		{"range", `geo $v { ranges; 10.0.0.9-10.0.0.1 a; }`, `invalid range "10.0.0.9-10.0.0.1" in `},
		{"overlap", `geo $v { ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.5-10.0.0.20 b; }`, `range "10.0.0.5-10.0.0.20" overlaps "10.0.0.1-10.0.0.9" in `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "events {} http { "+c.text+" server { listen ADDR; } }", geo.Module)
			if !strings.Contains(got, c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}
