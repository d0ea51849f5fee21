package workload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"moongate/bench/load"
)

func TestBuiltIn(t *testing.T) {
	all, err := Load(os.DirFS("../workloads"), ".", nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, w := range all {
		if seen[w.Title()] {
			t.Errorf("%s twice", w.Title())
		}
		seen[w.Title()] = true
		if reqs, err := w.Requests(); err != nil || len(reqs) == 0 {
			t.Errorf("%s: %v", w.Title(), err)
		}
		dir := t.TempDir()
		if err := w.Lay(dir, Values{Listen: "127.0.0.1:1", Workers: 1}, []byte("#"), nil); err != nil {
			t.Error(err)
		}
		conf, err := os.ReadFile(filepath.Join(dir, "conf/nginx.conf"))
		if err != nil || strings.Contains(string(conf), "by_lua") != w.Lua || !strings.Contains(string(conf), "include common.conf") {
			t.Errorf("%s: says that it has Lua: %v; %v", w.Title(), w.Lua, err)
		}
	}
	for _, want := range []string{"static", "gateway", "names-10000", "locations-10"} {
		if !seen[want] {
			t.Errorf("no %s", want)
		}
	}
}

func folder(json string) fstest.MapFS {
	return fstest.MapFS{
		"one/workload.json": {Data: []byte(json)},
		"one/nginx.conf":    {Data: []byte("listen {{.Listen}};{{range seq .N}} {{.}}{{end}}")},
		"one/script.lua":    {Data: []byte("return {{}}")},
		"common.conf":       {Data: []byte("# shared")},
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ json, want string }{
		"no line":       {`{"group": "basics", "requests": [{"want": ""}]}`, "stands for"},
		"no requests":   {`{"about": "x", "group": "basics"}`, "no requests"},
		"no check":      {`{"about": "x", "group": "basics", "requests": [{"path": "/"}]}`, "nothing is checked"},
		"unknown field": {`{"about": "x", "group": "basics", "request": []}`, "unknown field"},
		"unknown kind":  {`{"about": "x", "group": "basics", "kind": "odd", "requests": [{"want": ""}]}`, "no kind"},
		"unknown group": {`{"about": "x", "group": "odd", "requests": [{"want": ""}]}`, "no group"},
	} {
		if _, err := Load(folder(tt.json), ".", nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(folder(`{"about": "x", "group": "basics", "requests": [{"want": ""}]}`), ".", []string{"two"}); err == nil {
		t.Error("a workload that is not there is found")
	}
}

func TestWords(t *testing.T) {
	tests := map[string]string{
		"proxy": "proxy", "proxy/": "proxy down-1m down-1m-unbuffered up-1m up-1m-unbuffered", "hello,proxy": "hello proxy", "operations": "reload",
		"names-10": "names-10", "names": "names-10 names-100 names-1000 names-10000",
	}
	for words, want := range tests {
		ws, err := Load(os.DirFS("../workloads"), ".", strings.Split(words, ","))
		var got []string
		for _, w := range ws {
			got = append(got, w.Title())
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%s: %v %v", words, got, err)
		}
	}
}

func TestSweep(t *testing.T) {
	ws, err := Load(folder(`{"about": "x", "group": "scale", "sweep": [2, 3], "requests":
		[{"host": "h{i}", "path": "/{i}", "each": {"from": 0, "to": {{if .N}}{{add .N -1}}{{else}}0{{end}}}, "want": "{i}"}]}`), ".", []string{"one-3"})
	if err != nil || len(ws) != 1 || ws[0].Title() != "one-3" {
		t.Fatal(err, ws)
	}
	reqs, err := ws[0].Requests()
	if err != nil || len(reqs) != 3 || !strings.HasPrefix(string(reqs[2].Wire), "GET /2 HTTP/1.1\r\nHost: h2\r\n") {
		t.Fatalf("%v, %d requests", err, len(reqs))
	}
	dir := t.TempDir()
	if err := ws[0].Lay(dir, Values{Listen: "here"}, nil, map[string][]byte{"cert.pem": []byte("c")}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range []string{"nginx.conf", "script.lua", "cert.pem"} {
		b, err := os.ReadFile(filepath.Join(dir, "conf", f))
		if err != nil {
			t.Fatal(err)
		}
		got[f] = string(b)
	}
	if diff := cmp.Diff(map[string]string{"nginx.conf": "listen here; 0 1 2", "script.lua": "return {{}}", "cert.pem": "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestChecks(t *testing.T) {
	body := func(s string) *string { return &s }
	files := fstest.MapFS{"out.json": {Data: []byte(`{"a":[1,{"b":null}],"c":"é"}`)}}
	tests := []struct {
		name  string
		x     Exchange
		right []string
		wrong []string
	}{
		{"exact", Exchange{Want: body("hello\n")}, []string{"hello\n"}, []string{"hello", "Hello\n", ""}},
		{"json", Exchange{WantJSON: "out.json"}, []string{`{"c":"é","a":[1.0,{"b":null}]}`, `{"c":"\u00e9","a":[1,{"b":null}]}`}, []string{`{"c":"é","a":[1,{}]}`, `{`, `[]`}},
		{"regex", Exchange{WantRegex: "^h.+o$"}, []string{"hello"}, []string{"hell"}},
		{"size", Exchange{WantSize: 100}, []string{string(Pattern(100))}, []string{string(Pattern(101)), strings.Repeat("x", 100)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &Workload{Name: "x", files: files}
			check, err := w.checkOf(&tt.x, func(s string) string { return s })
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // what was found right once is remembered
				for _, b := range tt.right {
					if err := check(&load.Response{Status: 200, Body: []byte(b)}); err != nil {
						t.Error(err)
					}
				}
			}
			for _, b := range tt.wrong {
				if check(&load.Response{Status: 200, Body: []byte(b)}) == nil {
					t.Errorf("%q passes", b)
				}
			}
			if check(&load.Response{Status: 500, Body: []byte(tt.right[0])}) == nil {
				t.Error("another status passes")
			}
		})
	}
	w := &Workload{Name: "x"}
	check, _ := w.checkOf(&Exchange{Want: body(""), WantHeaders: map[string]string{"X-A": "1"}}, func(s string) string { return s })
	if check(&load.Response{Status: 200, Head: []byte("HTTP/1.1 200 OK\r\nx-a: 2\r\n\r\n")}) == nil {
		t.Error("another header passes")
	}
}
