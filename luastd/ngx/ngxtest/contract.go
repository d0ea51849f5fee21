package ngxtest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/phases"
	"moongate/phases/phasetest"
)

var update = flag.Bool("contract", false, "ask the installed nginx and write its answers into the contracts")

// Contracts are files testdata/*.contract of small Lua scripts with what they print in OpenResty. A file is a
// row of sections:
//
//	=== name {directives}
//	script
//	---
//	what it prints
//
// Each script is the content handler of a location of its own, with the directives. It has p, which prints its
// arguments in a line, and e, which calls a function protected and prints what it returns or raises. With ask it
// sends bytes to its own server, with get a request for a URI with fields, and with run it has a script run by
// the location of a phase: all answer with the response, its fields in order.
type Contracts struct {
	// HTTP is put into the http block, Server into the server block, Init into init_by_lua_block.
	HTTP, Server, Init string
	// Prepare fills the prefix and answers with what names in the scripts stand for; nil for nothing.
	Prepare func(t *testing.T, dir string) *strings.Replacer
	// Modules are those of the engine; nil for Modules().
	Modules []*phases.Module
}

// Show is a location for Contracts.Server that prints the request it gets.
const Show = `
	location = /show { content_by_lua_block {
		ngx.req.read_body()
		local h, t = ngx.req.get_headers(), {}
		for k, v in pairs(h) do t[#t + 1] = k .. "=" .. (type(v) == "table" and table.concat(v, "+") or v) end
		table.sort(t)
		p(ngx.req.get_method(), ngx.var.uri, ngx.var.args, "[" .. table.concat(t, ";") .. "]", ngx.req.get_body_data(), ngx.is_subrequest)
	} }`

// newer is in the name of a section whose answer the installed nginx is too old to know.
const newer = "newer than the installed nginx"

type section struct{ name, lua, want string }

// Run runs the contracts of the package. With the flag -contract the answers are those of the installed nginx,
// and are written into the files.
func (x Contracts) Run(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.contract")
	if err != nil || len(files) == 0 {
		t.Fatal("no contracts: ", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".contract"), func(t *testing.T) { x.run(t, file) })
	}
}

func (x Contracts) run(t *testing.T, file string) {
	sections := readSections(t, file)
	dir := phasetest.Dir(t)
	text := x.conf(sections)
	if x.Prepare != nil {
		text = x.Prepare(t, dir).Replace(text)
	}
	modules := x.Modules
	if modules == nil {
		modules = Modules()
	}
	s := phasetest.StartIn(t, dir, text, modules...)
	var oracle func(string) string
	if *update {
		const from = "/usr/lib/nginx/modules/"
		oracle = phasetest.Oracle(t, dir, "load_module "+from+"ndk_http_module.so; load_module "+from+"ngx_http_echo_module.so; load_module "+from+"ngx_http_lua_module.so; "+text)
	}
	for i := range sections {
		c := &sections[i]
		request := "GET /" + strconv.Itoa(i) + " HTTP/1.0\r\nHost: x\r\n\r\n"
		if *update && !strings.Contains(c.name, newer) {
			c.want = settled(oracle(request), dir)
		}
		t.Run(c.name, func(t *testing.T) {
			got := settled(s.Raw(request), dir)
			if *update && strings.TrimSpace(c.want) == "" {
				c.want = got // to be read before it is committed
			}
			if d := cmp.Diff(strings.TrimRight(c.want, "\n"), strings.TrimRight(got, "\n")); d != "" {
				t.Error(d)
			}
		})
	}
	if *update {
		writeSections(t, file, sections)
	}
}

const (
	sectionMark = "=== "
	wantMark    = "\n---\n"
)

// asking are the functions with which a script is a client of its own server.
const asking = `
	function ask(request)
		local sock = ngx.socket.tcp()
		sock:settimeout(5000)
		local host, port = ("ADDR"):match("^(.+):(%d+)$")
		assert(sock:connect(host, tonumber(port)))
		sock:send(request)
		local raw = sock:receive("*a") or ""
		sock:close()
		local head, body = raw:match("^(.-)\r\n\r\n(.*)$")
		if not head then return raw end
		local lines, status = {}, head:match("^[^\r]*")
		for name, value in head:gmatch("\r\n([^:]*): ?([^\r]*)") do
			local page = name == "Content-Length" and body:find("<center>", 1, true) -- with the server's name
			if name ~= "Server" and name ~= "Date" and name ~= "Connection" and not page then lines[#lines + 1] = name .. ": " .. value end
		end
		table.sort(lines)
		table.insert(lines, 1, status)
		return table.concat(lines, "\n") .. "\n" .. body
	end
	function get(uri, fields) return ask("GET " .. uri .. " HTTP/1.0\r\nHost: x\r\n" .. (fields or "") .. "\r\n") end
	function post(uri, body, fields)
		return ask("POST " .. uri .. " HTTP/1.0\r\nHost: x\r\nContent-Length: " .. #body .. "\r\n" .. (fields or "") .. "\r\n" .. body)
	end
	function run(phase, script, fields) return get("/" .. phase .. "?s=" .. ngx.escape_uri(script), fields) end
	function script() return assert(loadstring(ngx.unescape_uri(ngx.var.arg_s), "=script"))() end
`

// running are the locations whose phases run the script in the argument s.
const running = `
	location = /set { set_by_lua_block $of_set { return script() } content_by_lua_block { ngx.say("[", ngx.var.of_set, "]") } }
	location = /rewrite { rewrite_by_lua_block { script() } content_by_lua_block { ngx.say("content of ", ngx.var.uri) } }
	location = /access { access_by_lua_block { script() } content_by_lua_block { ngx.say("content") } }
	location = /content { content_by_lua_block { script() } }
	location = /header_filter { header_filter_by_lua_block { script() } content_by_lua_block { ngx.print("body") } }
	location = /body_filter { header_filter_by_lua_block { ngx.header.content_length = nil } body_filter_by_lua_block { script() } content_by_lua_block { ngx.print("one two") } }
	location = /log { log_by_lua_block { script() } content_by_lua_block { ngx.print("body") } }
`

func readSections(t *testing.T, file string) []section {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []section
	for part := range strings.SplitSeq("\n"+string(data), "\n"+sectionMark) {
		name, rest, ok := strings.Cut(part, "\n")
		if !ok || strings.TrimSpace(part) == "" {
			continue
		}
		lua, want, _ := strings.Cut("\n"+rest+"\n", wantMark)
		out = append(out, section{name, strings.Trim(lua, "\n"), strings.TrimSuffix(want, "\n")})
	}
	return out
}

func writeSections(t *testing.T, file string, sections []section) {
	t.Helper()
	var b bytes.Buffer
	for _, c := range sections {
		b.WriteString(sectionMark + c.name + "\n" + c.lua + wantMark + strings.TrimRight(c.want, "\n") + "\n")
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil { //nolint:gosec // a file of the repository
		t.Fatal(err)
	}
}

func (x Contracts) conf(sections []section) string {
	var b strings.Builder
	b.WriteString("events {} http { " + x.HTTP + `
init_by_lua_block {
	function p(...)
		local t = {}
		for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end
		ngx.say(table.concat(t, " "))
	end
	function e(f, ...) return p(select(2, pcall(f, ...))) end
	` + asking + x.Init + `
}
server { listen ADDR; default_type text/plain;
` + running + x.Server + "\n")
	for i, c := range sections {
		directives := ""
		if _, d, ok := strings.Cut(c.name, "{"); ok {
			directives = strings.TrimSuffix(d, "}") + " "
		}
		b.WriteString("location = /" + strconv.Itoa(i) + " { " + directives + "content_by_lua_block {\n" + c.lua + "\n} }\n")
	}
	b.WriteString("}}\n")
	return b.String()
}

var (
	chunk   = regexp.MustCompile(`\w+_by_lua\(\w+\.conf:\d+\):`)
	lualib  = regexp.MustCompile(`/usr/share/lua/5\.1/[a-z/]+\.lua:\d+: `)
	address = regexp.MustCompile(`0x[0-9a-f]{6,}`)
	long    = regexp.MustCompile(`\d{5,}`)
)

// settled is an answer's body without what differs from run to run, and without the places of errors in
// libraries that are Lua there and Go here.
func settled(raw, dir string) string {
	_, body, _ := strings.Cut(raw, "\r\n\r\n")
	body = strings.ReplaceAll(chunk.ReplaceAllString(body, "chunk:"), dir, "PREFIX")
	body = lualib.ReplaceAllString(phasetest.Unsigned(body), "")
	return long.ReplaceAllString(address.ReplaceAllString(body, "ADDRESS"), "N")
}
