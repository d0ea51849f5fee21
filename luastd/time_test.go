package luastd_test

import "testing"

// TestTime: the time that scripts are told stands still while they compute, as in nginx, but goes on when they ask for it or have waited.
func TestTime(t *testing.T) {
	s := serve(t, "", `
		location /asked { content_by_lua_block {
			local begin = ngx.now()
			repeat ngx.update_time() until ngx.now() > begin
			ngx.say("later")
		} }
		location /waited { content_by_lua_block {
			local begin = ngx.now()
			ngx.sleep(0.003)
			ngx.say(ngx.now() > begin and "later" or "the same")
		} }
		location /thread { content_by_lua_block {
			local begin = ngx.now()
			ngx.thread.wait(ngx.thread.spawn(function() ngx.sleep(0.003) end))
			ngx.say(ngx.now() > begin and "later" or "the same")
		} }
		location /timer { content_by_lua_block {
			local begin, done = ngx.now(), false
			ngx.timer.at(0.003, function() done = ngx.now() > begin end)
			while not done do ngx.sleep(0.001) end
			ngx.say("later")
		} }`)
	for _, path := range []string{"/asked", "/waited", "/thread", "/timer"} {
		t.Run(path[1:], func(t *testing.T) {
			if got := s.Get(path).Body; got != "later\n" {
				t.Errorf("got %q\n%s", got, s.ErrorLog())
			}
		})
	}
}
