package scripts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	testedConf = regexp.MustCompile("(?s)<!-- test -->\n```nginx\n(.*?)```")
	testedLua  = regexp.MustCompile("(?s)```lua\n(.*?)```\n```text\n(.*?)```")
	link       = regexp.MustCompile(`\]\(([^)#:]+)(?:#([^)]*))?\)`)
)

// Each page has a configuration that loads. A page's Lua programs print what stands below them.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(err, "no pages")
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			confs := testedConf.FindAllSubmatch(text, -1)
			if name := filepath.Base(page); len(confs) == 0 && name != "architecture.md" && name != "performance.md" && name != "conformance.md" {
				t.Error("no tested configuration")
			}
			for _, m := range confs {
				checkConf(t, string(m[1]))
			}
			for _, m := range testedLua.FindAllSubmatch(text, -1) {
				out, err := command(moongate, "resty", "--shdict", "settings 1m", "-e", string(m[1]))
				if diff := cmp.Diff(string(m[2]), out); diff != "" || err != nil {
					t.Errorf("%v\n%s", err, diff)
				}
			}
			checkLinks(t, page, string(text))
		})
	}
}

func checkConf(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"conf", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "conf/nginx.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := command(moongate, "-p", dir, "-t"); err != nil || strings.Contains(out, "[warn]") {
		t.Errorf("%v: %s", err, out)
	}
}

func checkLinks(t *testing.T, page, text string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		to := filepath.Join(filepath.Dir(page), m[1])
		if st, err := os.Stat(to); err == nil && st.IsDir() && m[2] == "" {
			continue
		}
		target, err := os.ReadFile(to)
		if err != nil {
			t.Errorf("link to %s: %v", m[1], err)
			continue
		}
		if m[2] == "" {
			continue
		}
		found := false
		for line := range strings.Lines(string(target)) {
			if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
				found = found || anchor(heading) == m[2]
			}
		}
		if !found {
			t.Errorf("link to %s: no heading for #%s", m[1], m[2])
		}
	}
}

// anchor is the fragment by which a heading is linked.
func anchor(heading string) string {
	heading = strings.ToLower(strings.TrimSpace(heading))
	return strings.ReplaceAll(strings.ReplaceAll(heading, "`", ""), " ", "-")
}

// The page of the API names every module that is built in.
func TestModulesPage(t *testing.T) {
	text, err := os.ReadFile("../docs/lua-api.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := command(moongate, "resty", "-e", "for name in pairs(package.preload) do ngx.say(name) end")
	if err != nil {
		t.Fatal(out)
	}
	for _, name := range strings.Fields(out) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not on the page", name)
		}
	}
}

// What the first page tells a newcomer to do: save a script, and it answers.
func TestGettingStarted(t *testing.T) {
	text, err := os.ReadFile("../docs/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```lua\n(.*?)```").FindSubmatch(text)
	if script == nil {
		t.Fatal("no script")
	}
	p := &prefix{dir: t.TempDir(), ports: map[string]string{}}
	for name, content := range map[string]string{
		"conf/nginx.conf":                "events {} http { server { listen " + p.addr("8199") + "; lua_script_dir scripts/live; } }",
		"scripts/live/hello.content.lua": string(script[1]),
		"logs/.keep":                     "",
	} {
		file := filepath.Join(p.dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.moongate(t)
	p.get(t, "8199", "/hello?name=moon").expect(t, 200, "hello, moon\n")
}
