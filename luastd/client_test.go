package luastd_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/runtime/machine"
)

// TestHTTPModule drives require "http" (gluahttp) from a content handler.
func TestHTTPModule(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		w.WriteHeader(201)
		io.WriteString(w, r.URL.Path+"|"+r.Header.Get("X-A")+"|"+string(b))
	}))
	defer back.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := gone.Addr().String()
	gone.Close()
	text := `events {} http { server { listen ADDR;
	location /get { content_by_lua_block {
		local http = require "http"
		local res, err = http.post("BACK/x", {headers = {["X-A"] = "1"}, body = "hi", timeout = 5})
		ngx.say(res.status_code, " ", res.body, " ", res.headers["X-Method"])
	} }
	location /dead { content_by_lua_block {
		local res, err = require("http").get("http://DEAD/")
		ngx.say(res == nil, " ", (err:find("refused", 1, true) ~= nil))
	} }
	location /batch { content_by_lua_block {
		local res, errs = require("http").request_batch({{"get", "BACK/1"}, {"get", "http://DEAD/"}, {"put", "BACK/3", {body = "b"}}})
		ngx.say(res[1].body, " ", res[2] == nil, " ", errs[2] ~= nil, " ", res[3].body)
	} }
	location /filter {
		content_by_lua_block { ngx.say("x") }
		header_filter_by_lua_block { ngx.header["X-Code"] = require("http").get("BACK/f").status_code }
	}
	} }`
	text = strings.NewReplacer("BACK", back.URL, "DEAD", dead).Replace(text)
	s := phasetest.Start(t, text, luastd.Complete())
	for _, c := range []struct{ name, path, want string }{
		{"options", "/get", "201 /x|1|hi POST\n"},
		{"an error is a value", "/dead", "true true\n"},
		{"batch", "/batch", "/1|| true true /3||b\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Get(c.path).Body; got != c.want {
				t.Errorf("%q, want %q\n%s", got, c.want, s.ErrorLog())
			}
		})
	}
	if got := s.Get("/filter").Header.Get("X-Code"); got != "201" {
		t.Errorf("in a header filter: %q\n%s", got, s.ErrorLog())
	}
}

// TestGatewayModule reads the configuration through require "moongate" (gopher-luar).
func TestGatewayModule(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"live/hello.content.lua", `ngx.say("hello")`)
	s := phasetest.StartIn(t, dir, `worker_processes 2; events {} http { server { listen ADDR; server_name a.example b.example; lua_script_dir live;
	location = /info { content_by_lua_block {
		local g = require "moongate"
		local servers = g:Servers()
		local one = servers[1]
		ngx.say(#servers, " ", one.Name, " ", one.Names[2], " ", one.Locations[1].Modifier, one.Locations[1].Name, " ", one.Scripts[1], " ", g:Workers())
	} } } }`, luastd.Complete())
	written := phasetest.Start(t, `events {} http { server { listen ADDR; location / { content_by_lua_block {
		local servers = require("moongate"):Servers()
		servers[1] = {Name = "x", Locations = {{Modifier = "=", Name = "/a"}}}
		ngx.say(servers[1].Name, " ", servers[1].Locations[1].Name)
	} } } }`, luastd.Complete())
	if got := written.Get("/").Body; got != "x /a\n" {
		t.Errorf("a table in place of a server: %q\n%s", got, written.ErrorLog())
	}
	bare := phasetest.Start(t, `events {} http { server { listen ADDR; location / { content_by_lua_block {
		local server = require("moongate"):Servers()[1]
		ngx.say(#server.Scripts, " ", #server.Names, " ", #server.Listens)
	} } } }`, luastd.Complete())
	if got := bare.Get("/").Body; got != "0 1 1\n" {
		t.Errorf("a server without drop-in scripts: %q\n%s", got, bare.ErrorLog())
	}
	if got := s.Get("/info", "Host: a.example").Body; got != "1 a.example b.example =/info /hello 2\n" {
		t.Errorf("%q\n%s", got, s.ErrorLog())
	}
}

// TestMemoryLimit: a script that takes ever more memory ends in an error, and the worker lives on.
func TestMemoryLimit(t *testing.T) {
	t.Cleanup(func() { machine.SetMemoryLimit(0) })
	// The limit of time is for the tests that follow, should this one fail.
	s := phasetest.Start(t, `worker_processes 1; events {} http { lua_worker_memory_limit 128m; lua_cpu_limit 60s; server { listen ADDR;
	location /list { content_by_lua_block { local t = {} while true do t[#t + 1] = {} end } }
	location /string { content_by_lua_block { local s = "x" while true do s = s .. s end } }
	location /keys { content_by_lua_block { local t = {} for i = 1, 1e9 do t["k" .. i] = i end } }
	location /caught { content_by_lua_block { ngx.say(pcall(string.rep, "x", 1e9)) } }
	location /ok { content_by_lua_block { ngx.say("ok") } } } }`, luastd.Complete())
	for _, path := range []string{"/list", "/string", "/keys"} {
		if res := s.Get(path); res.Status != 500 {
			t.Errorf("%s: status %d", path, res.Status)
		}
	}
	if !strings.Contains(s.ErrorLog(), "not enough memory") {
		t.Errorf("the log does not say why:\n%s", s.ErrorLog())
	}
	if got := s.Get("/caught").Body; got != "falsenot enough memory\n" {
		t.Errorf("caught: %q", got)
	}
	if got := s.Get("/ok").Body; got != "ok\n" {
		t.Errorf("afterwards: %q", got)
	}
}

// TestCPULimit: a script that never ends is ended, and the worker lives on.
func TestCPULimit(t *testing.T) {
	s := phasetest.Start(t, `worker_processes 1; events {} http { lua_cpu_limit 100ms; server { listen ADDR;
	location /loop { content_by_lua_block { while true do pcall(function() while true do end end) end } }
	location /ok { content_by_lua_block { ngx.say("ok") } } } }`, luastd.Complete())
	if res := s.Get("/loop"); res.Status != 500 {
		t.Errorf("status %d", res.Status)
	}
	if !strings.Contains(s.ErrorLog(), "cpu limit exceeded") {
		t.Errorf("the log does not say why:\n%s", s.ErrorLog())
	}
	if got := s.Get("/ok").Body; got != "ok\n" {
		t.Errorf("afterwards: %q", got)
	}
}
