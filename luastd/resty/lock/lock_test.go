package lock_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

func TestLock(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{
			"held", `
			local a, b = lock:new("locks"), lock:new("locks", {timeout = 0.01})
			ngx.say(a:lock("k"))
			ngx.say(a:lock("other"))
			ngx.say(b:lock("k"))
			ngx.say(a:unlock())
			ngx.say(a:unlock())
			ngx.say(b:lock("k"))
			ngx.say(b:expire(5), " ", b:unlock(), " ", select(2, b:expire(5)))`,
			"0\nnillocked\nniltimeout\n1\nnilunlocked\n0\ntrue 1 unlocked\n",
		},
		{
			"waits", `
			local a, b = lock:new("locks"), lock:new("locks")
			a:lock("k")
			local waiter = ngx.thread.spawn(function() return b:lock("k") end)
			ngx.say(ngx.thread.wait(ngx.thread.spawn(function() return a:unlock() end)))
			local ok, elapsed = ngx.thread.wait(waiter)
			ngx.say(ok, " ", elapsed >= 0, " ", b:unlock())`,
			"true1\ntrue true 1\n",
		},
		{
			"bad arguments", `
			ngx.say(lock:new("nothing"))
			ngx.say(lock:new("locks"):lock(nil))`,
			"nildictionary not found\nnilnil key\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `
events {}
http {
	lua_shared_dict locks 1m;
	server { listen ADDR; location / { content_by_lua_block {
		local lock = require "resty.lock"
		`+tt.code+`
	} } }
}`, luastd.Complete())
			if diff := cmp.Diff(tt.want, s.Get("/").Body); diff != "" {
				t.Error(diff, s.ErrorLog())
			}
		})
	}
}
