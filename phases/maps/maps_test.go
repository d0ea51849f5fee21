package maps_test

import (
	"strings"
	"testing"

	"moongate/phases/maps"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

const program = `events {} http {
	map_hash_max_size 1024;
	map $arg_k $v {
		default other;
		a       one;
		B       two;
		""      none;
		~^x(.+)$         "x then $1";
		~*^y(?<rest>.+)$ $rest;
		\default literal;
		\~z     tilde;
		c       $arg_d;
		include PREFIXconf/more.map;
	}
	map $arg_h $site {
		hostnames;
		default         other;
		example.org     exact;
		*.example.org   sub;
		*.a.example.org deep;
		.both.org       both;
		www.example.*   tail;
		~^re\.          regex;
	}
	map $arg_k $bare { a one; }
	map "$arg_a-$arg_b" $pair { 1-2 yes; default no; }
	map $flag $kept  { default no; 1 yes; }
	map $flag $fresh { volatile; default no; 1 yes; }
	server { listen ADDR;
		location /v { return 200 $v; }
		location /site { return 200 $site; }
		location /bare { return 200 "[$bare]"; }
		location /pair { return 200 $pair; }
		location /volatile { set $flag 0; set $before "$kept $fresh"; set $flag 1; return 200 "$before $kept $fresh"; }
		location /assign { set $v mine; return 200 $v; }
	}
}`

func TestMap(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"conf/more.map", "m included;\n")
	s := phasetest.StartIn(t, dir, program, rewrite.Module, maps.Module)
	for _, c := range []struct{ name, path, want string }{
		{"word", "/v?k=a", "one"},
		{"case does not matter", "/v?k=b", "two"},
		{"nor in the source", "/v?k=A", "one"},
		{"empty", "/v", "none"},
		{"default", "/v?k=q", "other"},
		{"regex with capture", "/v?k=xyz", "x then yz"},
		{"regexes see the source's case", "/v?k=Xyz", "other"},
		{"caseless regex, named group", "/v?k=Yes", "es"},
		{"escaped default", "/v?k=default", "literal"},
		{"escaped tilde", "/v?k=~z", "tilde"},
		{"value of a variable", "/v?k=c&d=D", "D"},
		{"include", "/v?k=m", "included"},
		{"without default", "/bare?k=z", "[]"},
		{"several variables", "/pair?a=1&b=2", "yes"},
		{"exact host", "/site?h=example.org", "exact"},
		{"final dot", "/site?h=example.org.", "exact"},
		{"sub-domain", "/site?h=x.y.example.org", "sub"},
		{"the longest wins", "/site?h=x.a.example.org", "deep"},
		{"asterisk needs a label", "/site?h=a.example.org", "sub"},
		{"dot name itself", "/site?h=both.org", "both"},
		{"dot name below", "/site?h=x.both.org", "both"},
		{"tail", "/site?h=www.example.co.uk", "tail"},
		{"regex after names", "/site?h=re.none", "regex"},
		{"no host", "/site?h=nope", "other"},
		{"volatile", "/volatile", "no no no yes"},
		{"set overrides", "/assign?k=a", "mine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if res := s.Get(c.path); res.Body != c.want {
				t.Fatalf("%s: %q, want %q", c.path, res.Body, c.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"name", `map $args v { }`, `invalid variable name "v" in `},
		{"three words", `map $args $v { a b c; }`, `invalid number of the map parameters in `},
		{"two defaults", `map $args $v { default a; default b; }`, `duplicate default map parameter in `},
		{"conflict", `map $args $v { a 1; A 2; }`, `conflicting parameter "a" in `},
		{"wildcard", `map $args $v { hostnames; a.*.b 1; }`, `invalid hostname or wildcard "a.*.b" in `},
		{"regex", `map $args $v { ~( 1; }`, `pcre2_compile() failed`},
		{"unknown variable", `map $args $v { a $b; }`, `unknown "b" variable`},
		{"builtin", `map $args $uri { a b; }`, `the duplicate "uri" variable in `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "events {} http { "+c.text+" server { listen ADDR; } }", maps.Module)
			if !strings.Contains(got, c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}
