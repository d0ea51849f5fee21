package splitclients_test

import (
	"strings"
	"testing"

	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/splitclients"
)

const program = `events {} http {
	split_clients $arg_k $v { 10% a; 20.5% b; 0.01% c; 33.3% d; * e; }
	split_clients $arg_k $part { 10% a; }
	split_clients $arg_k $all { 50% a; 50% b; }
	server { listen ADDR; location / { return 200 $v; } location /part { return 200 "[$part]"; } location /all { return 200 $all; } }
}`

// The shares are what nginx 1.22 answers for the same configuration and keys.
func TestSharesAsNginx(t *testing.T) {
	s := phasetest.Start(t, program, rewrite.Module, splitclients.Module)
	for _, c := range []struct{ key, want string }{
		{"", "a"}, {"a", "d"}, {"ab", "b"}, {"abc", "a"}, {"abcd", "b"}, {"abcde", "d"}, {"127.0.0.1AAA", "e"}, {"10.1.2.3", "a"},
		{"hello", "e"}, {"user-42", "e"}, {"x1", "d"}, {"x2", "a"}, {"x3", "e"}, {"x4", "e"}, {"x5", "d"}, {"x6", "e"}, {"x7", "d"}, {"x8", "b"}, {"x9", "a"},
	} {
		t.Run(c.key, func(t *testing.T) {
			if res := s.Get("/?k=" + c.key); res.Body != c.want {
				t.Fatalf("%q, want %q", res.Body, c.want)
			}
		})
	}
	if res := s.Get("/part?k=x1"); res.Body != "[]" {
		t.Errorf("outside of all shares: %q", res.Body)
	}
	if res := s.Get("/all?k=hello"); res.Body != "b" {
		t.Errorf("the last of a full hundred takes the rest: %q", res.Body)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"name", `split_clients $args v { }`, `invalid variable name "v" in `},
		{"no percent sign", `split_clients $args $v { 10 a; }`, `invalid percent value "10" in `},
		{"zero", `split_clients $args $v { 0% a; }`, `invalid percent value "0%" in `},
		{"three decimals", `split_clients $args $v { 0.001% a; }`, `invalid percent value "0.001%" in `},
		{"too much", `split_clients $args $v { 60% a; 50% b; }`, `percent total is greater than 100% in `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "events {} http { "+c.text+" server { listen ADDR; } }", splitclients.Module)
			if !strings.Contains(got, c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}
