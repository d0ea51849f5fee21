package location_test

import (
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/luastd/ngx/ngxtest"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/headers"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

func modules() []*phases.Module {
	return []*phases.Module{rewrite.Module, headers.Module, echo.Module, luastd.Complete()}
}

const common = `
	location = /hello { echo -n hello; }
	location = /say {
		content_by_lua_block {
			ngx.header["X-One"] = {"a", "b"}
			ngx.status = 201
			ngx.print(ngx.var.request_method, " ", ngx.var.args or "-", " ", ngx.is_subrequest)
		}
	}
	location = /forbidden { return 403; }
	location = /plain { add_header X-Below yes; echo -n plain; }
	location = /body {
		content_by_lua_block {
			ngx.print(ngx.var.request_method, ":", ngx.var.http_content_length or "none", ":", ngx.var.request_body or "none")
		}
	}
	location = /head { content_by_lua_block { ngx.print(ngx.var.http_x_extra or "none", ngx.var.http_x_gone or "gone") } }
	location = /vars { set $dog ""; content_by_lua_block { ngx.print(ngx.var.cat or "nil") ngx.var.cat = "changed" } }
	location = /ctx { content_by_lua_block { ngx.ctx.seen = (ngx.ctx.given or "nothing") ngx.print("ok") } }
	location = /exec { content_by_lua_block { ngx.exec("/hello") } }
	location = /nested { content_by_lua_block { ngx.print("[", ngx.location.capture("/hello").body, "]") } }
	location = /fails { content_by_lua_block { error("no") } }
	location = /filtered {
		header_filter_by_lua_block { ngx.header["X-Filter"] = "on" }
		body_filter_by_lua_block { ngx.arg[1] = string.upper(ngx.arg[1]) }
		echo -n abc;
	}
`

func TestCapture(t *testing.T) {
	tests := []ngxtest.Script{
		{"body and status", `local r = ngx.location.capture("/hello") ngx.say(r.status, " ", r.body, " ", r.truncated)`, "200 hello false\n"},
		{"from Lua", `local r = ngx.location.capture("/say?a=1") ngx.say(r.status, " ", r.body, " ", table.concat(r.header["X-One"], ","))`, "201 GET a=1 true a,b\n"},
		{"args option", `local r = ngx.location.capture("/say?a=1", {args = {b = "x y"}}) ngx.say(r.body)`, "GET a=1&b=x%20y true\n"},
		{"args as string", `local r = ngx.location.capture("/say", {args = "q"}) ngx.say(r.body)`, "GET q true\n"},
		{"error status makes no page", `local r = ngx.location.capture("/forbidden") ngx.say(r.status, " [", r.body, "]")`, "403 []\n"},
		{"not found", `local r = ngx.location.capture("/nowhere") ngx.say(r.status)`, "404\n"},
		{"a failing script", `local r = ngx.location.capture("/fails") ngx.say(r.status)`, "500\n"},
		{"filters below are passed by", `local r = ngx.location.capture("/plain") ngx.say(r.body, " ", r.header["X-Below"])`, "plain nil\n"},
		{"Lua's filters see it", `local r = ngx.location.capture("/filtered") ngx.say(r.body, " ", r.header["X-Filter"])`, "ABC on\n"},
		{"method and body", `local r = ngx.location.capture("/body", {method = ngx.HTTP_PUT, body = "data"}) ngx.say(r.body)`, "GET:4:data\n"},
		{"no body", `local r = ngx.location.capture("/body") ngx.say(r.body)`, "GET:none:none\n"},
		{"headers", `local r = ngx.location.capture("/head", {headers = {["X-Extra"] = "1", ["X-Gone"] = ""}}) ngx.say(r.body)`, "1gone\n"},
		{"ctx", `local c = {given = "g"} ngx.location.capture("/ctx", {ctx = c}) ngx.say(c.seen, " ", ngx.ctx.seen)`, "g nil\n"},
		{"own ctx", `ngx.ctx.given = "parent" ngx.location.capture("/ctx") ngx.say(ngx.ctx.seen)`, "nil\n"},
		{"vars", `ngx.var.cat = "old" local r = ngx.location.capture("/vars") ngx.say("[", r.body, "] ", ngx.var.cat)`, "[] old\n"},
		{"vars option", `local r = ngx.location.capture("/vars", {vars = {cat = "x", dog = 3}}) ngx.say(r.body, " ", ngx.var.cat)`, "x mew\n"},
		{"copy_all_vars", `ngx.var.cat = "old" local r = ngx.location.capture("/vars", {copy_all_vars = true}) ngx.say(r.body, " ", ngx.var.cat)`, "old old\n"},
		{"share_all_vars", `ngx.var.cat = "old" local r = ngx.location.capture("/vars", {share_all_vars = true}) ngx.say(r.body, " ", ngx.var.cat)`, "old changed\n"},
		{"internal redirect", `ngx.say(ngx.location.capture("/exec").body)`, "hello\n"},
		{"nested", `ngx.say(ngx.location.capture("/nested").body)`, "[hello]\n"},
		{"HEAD", `local r = ngx.location.capture("/say", {method = ngx.HTTP_HEAD}) ngx.say(r.status, " [", r.body, "]")`, "201 []\n"},
		{"output before and after", `ngx.print("a ") ngx.print(ngx.location.capture("/nested").body) ngx.say(" b")`, "a [hello] b\n"},
		{"multi", `local a, b, c = ngx.location.capture_multi{{"/hello"}, {"/say", {args = "z"}}, {"/nested"}} ngx.say(a.body, "|", b.body, "|", c.body)`,
			"hello|GET z true|[hello]\n"},
		{"in a coroutine", `local co = coroutine.wrap(function() coroutine.yield(ngx.location.capture("/hello").body) end) ngx.say(co())`, "hello\n"},
		{"exit while one runs is refused", `
			local t = ngx.thread.spawn(function() return ngx.location.capture("/nested") end)
			ngx.say(select(2, pcall(ngx.exit, 200)))
			ngx.say(select(2, ngx.thread.kill(t)))
			local ok, r = ngx.thread.wait(t) ngx.say(r.body)`, "attempt to abort with pending subrequests\npending subrequests\n[hello]\n"},
		{"bad method", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {method = 3})))`, "failed to adjust the subrequest: -1\n"},
		{"bad method type", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {method = "GET"})))`, "Bad http request method\n"},
		{"bad body", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {body = true})))`, "Bad http request body\n"},
		{"bad vars", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {vars = 1})))`, "Bad vars option value\n"},
		{"bad ctx", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {ctx = 1})))`, "Bad ctx option value type number, expected a Lua table\n"},
		{"unknown variable", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {vars = {bird = "x"}})))`, "failed to adjust the subrequest: -1\n"},
		{"unchangeable variable", `ngx.say(select(2, pcall(ngx.location.capture, "/hello", {vars = {uri = "x"}})))`, "failed to adjust the subrequest: 500\n"},
		{"unsafe", `ngx.say(select(2, pcall(ngx.location.capture, "/../hello")))`, "unsafe uri in argument #1: /../hello\n"},
		{"no query", `ngx.say(select(2, pcall(ngx.location.capture_multi, {})))`, "at least one subrequest should be specified\n"},
		{"arguments", `ngx.say(select(2, pcall(ngx.location.capture)))`, "expecting one or two arguments\n"},
	}
	ngxtest.Scripts{Server: common, Location: "set $cat mew;", Modules: modules()}.Run(t, tests)
}

func TestCapturePassesBody(t *testing.T) {
	s := phasetest.Start(t, `events {} http { lua_need_request_body on; server { listen ADDR;`+common+`
		location = /get { content_by_lua_block { ngx.print(ngx.location.capture("/body").body) } }
		location = /always { content_by_lua_block { ngx.print(ngx.location.capture("/body", {always_forward_body = true}).body) } }
		location = /post { content_by_lua_block { ngx.print(ngx.location.capture("/body", {method = ngx.HTTP_POST}).body) } }
		location = /deep { content_by_lua_block {
			local n = tonumber(ngx.var.arg_n) or 0
			local r = ngx.location.capture("/deep", {args = {n = n + 1}})
			ngx.print(r.status)
		} }
		}}`, modules()...)
	for path, want := range map[string]string{"/get": "POST:none:none", "/always": "POST:4:body", "/post": "POST:4:body"} {
		if got := s.Do("POST", path, "body").Body; got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := s.Get("/deep").Body; got != "200" {
		t.Errorf("nested too deep: %q", got)
	}
	if !strings.Contains(s.ErrorLog(), `lua subrequests cycle while processing "/deep"`) {
		t.Error("no log line about the cycle")
	}
}
