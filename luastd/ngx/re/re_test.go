package re_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// TestMatchLimit: lua_regex_match_limit counts for pcre_exec, not for pcre_dfa_exec (option d).
func TestMatchLimit(t *testing.T) {
	s := phasetest.Start(t, `events {} http { lua_regex_match_limit 1; server { listen ADDR; location / { content_by_lua_block {
		local s = "a <b> <c> d"
		ngx.say(ngx.re.find(s, "<.*>", "d"))
		ngx.say(ngx.re.find(("a"):rep(30) .. "b", "(a+)+$"))
	} } } }`, luastd.Complete())
	if got, want := s.Get("/").Body, "39\nnilnilpcre_exec() failed: -47\n"; got != want {
		t.Errorf("%q, want %q\n%s", got, want, s.ErrorLog())
	}
}
