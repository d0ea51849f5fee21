package variable_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
	"moongate/phases/setmisc"
)

func TestVariables(t *testing.T) {
	tests := []struct{ name, conf, lua, want string }{
		{"read", `set $a 1;`, `ngx.say(ngx.var.a, ngx.var.A, ngx.var.uri, ngx.var.arg_x, ngx.var.nothing)`, "11/t/yzqnil\n"},
		{"write", `set $a 1;`, `ngx.var.a = 2.5 ngx.say(ngx.var.a) ngx.var.a = nil ngx.say(ngx.var.a)`, "2.5\nnil\n"},
		{"handled by the engine", ``, `ngx.var.args = "k=v" ngx.say(ngx.var.arg_k, ngx.var.args)`, "vk=v\n"},
		{"handled by the engine, taken away", ``, `ngx.var.args = "k=v" ngx.var.args = nil ngx.say(ngx.var.args) ngx.var.args = "" ngx.say(ngx.var.args)`, "nil\n\n"},
		{"undefined", ``, `local _, e = pcall(function() ngx.var.x = 1 end) ngx.say(e)`,
			"content_by_lua(nginx.conf:2):2: variable \"x\" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use \"set $x '';\" in the config file to define it first\n"},
		{"not changeable", ``, `local _, e = pcall(function() ngx.var.query_string = 1 end) ngx.say(e)`, "content_by_lua(nginx.conf:2):2: variable \"query_string\" not changeable\n"},
		{"captures", `if ($uri ~ "(t)(x)?(/)") { set $z 1; }`, `ngx.say(ngx.var[0], ngx.var[1], "[", ngx.var[2], "]", ngx.var[3], ngx.var[4])`, "nilt[]/nil\n"},
		{"bad name", ``, `local _, e = pcall(function() return ngx.var[true] end) ngx.say(e)`, "content_by_lua(nginx.conf:2):2: bad variable name\n"},
		{"bad name for writing", ``, `local _, e = pcall(function() ngx.var[1] = 1 end) ngx.say(e)`, "content_by_lua(nginx.conf:2):2: bad variable name\n"},
		{"set_var", ``, `ngx.say(ndk.set_var.set_escape_uri("a b"), ndk.set_var.set_md5(1), require("ndk") == ndk)`, "a%20bc4ca4238a0b923820dcc509a6f75849btrue\n"},
		{"set_var unknown", ``, `local _, e = pcall(function() return ndk.set_var.set_x end) ngx.say(e)`,
			"content_by_lua(nginx.conf:2):2: ndk.set_var: directive \"set_x\" not found or does not use ndk_set_var_value\n"},
		{"set_var failing", ``, `local _, e = pcall(function() return (ndk.set_var.set_decode_hex("x")) end) ngx.say(e)`,
			"content_by_lua(nginx.conf:2):2: calling directive set_decode_hex failed with code -1\n"},
		{"set_var write", ``, `local _, e = pcall(function() ndk.set_var.a = 1 end) ngx.say(e)`, "content_by_lua(nginx.conf:2):2: not allowed\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { `+tt.conf+" content_by_lua_block {\n"+tt.lua+"\n} } } }",
				rewrite.Module, setmisc.Module, luastd.Complete())
			if got := s.Get("/t/y?x=zq"); got.Body != tt.want {
				t.Errorf("got %q\nwant %q\n%s", got.Body, tt.want, s.ErrorLog())
			}
		})
	}
}
