package setmisc_test

import (
	"regexp"
	"testing"

	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/setmisc"
)

func TestDirectives(t *testing.T) {
	tests := []struct{ name, conf, want string }{
		{"escape", `set_escape_uri $v "a b/c?~é";`, "a%20b%2Fc%3F~%C3%A9"},
		{"in written order", `set $v "a b"; set_escape_uri $v; set $w $v; set $v "$w!";`, "a%20b!"},
		{"unescape", `set_unescape_uri $v "a%20b+c%zz%4";`, "a b czz"},
		{"sql quotes", `set_quote_sql_str $v "a'b";`, `'a\'b'`},
		{"sql nothing", `set_quote_sql_str $v "";`, `''`},
		{"pgsql", `set_quote_pgsql_str $v "a'b";`, `E'a\'b'`},
		{"json", `set_quote_json_str $v "a\"b\tc";`, `"a\"b\tc"`},
		{"json nothing", `set_quote_json_str $v "";`, "null"},
		{"md5", `set_md5 $v hello;`, "5d41402abc4b2a76b9719d911017c592"},
		{"sha1", `set_sha1 $v hello;`, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"},
		{"hmac", `set_hmac_sha1 $v thisisverysecretstuff "some string we want to sign"; set_encode_base64 $v;`, "R/pvxzHC4NLtj7S+kXFg/NePTmk="},
		{"hmac sha256", `set_hmac_sha256 $v k d; set_encode_hex $v;`, "e7ea21c3bcb63a4da3ad78503168d36bdca0be622382ea60a108fad4e4966679"},
		{"hex", `set_encode_hex $v "a1"; set $w $v; set_decode_hex $w; set $v "$v $w";`, "6131 a1"},
		{"base64", `set_encode_base64 $v ab; set_decode_base64 $w "YWI=rest"; set $v "$v $w";`, "YWI= ab"},
		{"base64url", `set_encode_base64url $v "?>?>"; set_decode_base64url $w $v; set $v "$v $w";`, "Pz4_Pg ?>?>"},
		{"base32", `set_encode_base32 $v "hello"; set_encode_base32 $w "a"; set $v "$v $w"; set_decode_base32 $w; set $v "$v $w";`, "d1imor3f c4====== a"},
		{"base32 alphabet", `set_base32_alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; set_base32_padding off; set_encode_base32 $v "a";`, "ME"},
		{"if_empty", `set $v ""; set_if_empty $v x; set_if_empty $v y;`, "x"},
		{"rotate from a value", `set $v 2; set_rotate $v 1 3;`, "3"},
		{"rotate wraps", `set $v 3; set_rotate $v 3 1;`, "1"},
		{"random of one", `set_random $v 7 7;`, "7"},
		{"hashed", `set_hashed_upstream $v one x; set_hashed_upstream $w two a; set $v "$v $w";`, "u1 u3"},
		{"formatted", `set_formatted_gmt_time $v "100%%";`, "100%"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `events {} http { upstream_list one u1; upstream_list two u2 u3; server { listen ADDR; location / { `+tt.conf+` return 200 $v; } } }`,
				rewrite.Module, setmisc.Module)
			if got := s.Get("/").Body; tt.want != "" && got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, s.ErrorLog())
			}
		})
	}
}

func TestShapes(t *testing.T) {
	tests := []struct{ name, conf, want string }{
		{"today", `set_local_today $v;`, `^\d{4}-\d\d-\d\d$`},
		{"gmt", `set_formatted_gmt_time $v "%a, %d %b %Y %H:%M:%S %Z %j %u %U";`, `^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT \d{3} [1-7] \d\d$`},
		{"alphanum", `set_secure_random_alphanum $v 32;`, `^[a-zA-Z0-9]{32}$`},
		{"lcalpha", `set_secure_random_lcalpha $v 64;`, `^[a-z]{64}$`},
		{"random", `set_random $v 1 9;`, `^[1-9]$`},
		{"too long", `set_secure_random_lcalpha $v 65;`, `500 Internal`},
		{"bad hex", `set_decode_hex $v abc;`, `500 Internal`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { `+tt.conf+` return 200 $v; } } }`, rewrite.Module, setmisc.Module)
			if got := s.Get("/").Body; !regexp.MustCompile(tt.want).MatchString(got) {
				t.Errorf("got %q\n%s", got, s.ErrorLog())
			}
		})
	}
}

func TestRotateKeepsItsTurn(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { set $v ""; set_rotate $v 0 2; return 200 $v; } } }`, rewrite.Module, setmisc.Module)
	got := ""
	for range 5 {
		got += s.Get("/").Body
	}
	if got != "01201" {
		t.Errorf("got %s", got)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ name, conf, want string }{
		{"alphabet", `set_base32_alphabet abc;`, "\"set_base32_alphabet\" directive takes an alphabet of 3 bytes but 32 expected in conf/nginx.conf:1"},
		{"list", `set_hashed_upstream $v none x;`, "set_hashed_upstream: upstream list \"none\" not defined yet in conf/nginx.conf:1"},
		{"variable", `set_md5 v x;`, "invalid variable name \"v\" in conf/nginx.conf:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, `error_log stderr; events {} http { server { listen ADDR; location / { `+tt.conf+` } } }`, rewrite.Module, setmisc.Module)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
