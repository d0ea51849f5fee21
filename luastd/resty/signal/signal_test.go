package signal_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

func TestSignal(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR;
	location / { content_by_lua_block {
		local signal = require "resty.signal"
		ngx.say(signal.signum("TERM"), signal.signum("USR1"), signal.signum("NONE"), signal.signum(9), " ", signal.signum("NOSUCH"))
		ngx.say(signal.kill(ngx.worker.pid(), "NONE"), signal.kill(ngx.worker.pid(), 0))
		ngx.say(signal.kill(2^22 + 1, "NONE"))
		ngx.say(signal.kill(ngx.worker.pid(), "TERMINATE"))
		ngx.say(pcall(signal.kill, "x", "NONE"))
	} } } }`, luastd.Complete())
	want := "151009 nilunknown signal name\ntruetrue\nnilNo such process\nnilunknown signal name\n" +
		"falseassertion failed!\n"
	if got := s.Get("/").Body; got != want {
		t.Errorf("%q, want %q\n%s", got, want, s.ErrorLog())
	}
}
