package conf

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Paths of included files start from the main file's directory, also from
// within another included file, and show as they were put together.
func TestParseFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/conf/nginx.conf", "include sites/*.conf;\ninclude sub/../mime.types;\ninclude sites;\n")
	write(t, dir+"/conf/sites/b.conf", "b;")
	write(t, dir+"/conf/sites/a.conf", "a;\ninclude mime.types;\ninclude none;\n")
	write(t, dir+"/conf/mime.types", "m;")
	write(t, dir+"/conf/sub/x", "")

	c, err := Parse(dir+"/conf/nginx.conf", Options{})
	var files, got []string
	for _, f := range c.Files {
		files = append(files, strings.TrimPrefix(f.Name, dir))
	}
	for _, d := range c.Directives {
		got = append(got, d.Name+" "+strings.TrimPrefix(d.Pos.String(), dir))
	}
	want := []string{"/conf/nginx.conf", "/conf/sites/a.conf", "/conf/mime.types", "/conf/sites/b.conf", "/conf/sub/../mime.types"}
	if d := cmp.Diff(want, files); d != "" {
		t.Errorf("files: %s", d)
	}
	want = []string{"a /conf/sites/a.conf:1", "m /conf/mime.types:1", "b /conf/sites/b.conf:1", "m /conf/sub/../mime.types:1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("directives: %s", d)
	}
	const wantErr = `open() "/conf/none" failed (2: No such file or directory) in /conf/sites/a.conf:3
pread() "/conf/sites" failed (21: Is a directory) in /conf/nginx.conf:3`
	if d := cmp.Diff(wantErr, strings.ReplaceAll(err.Error(), dir, "")); d != "" {
		t.Errorf("error: %s", d)
	}
}

func TestParseDir(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, main, dir, include, want string }{
		{"of the main file", "conf/nginx.conf", "", "a", "conf/a"},
		{"none", "nginx.conf", "", "a", "a"},
		{"given", "conf/nginx.conf", "/etc", "a", "/etc/a"},
		{"given with slash", "nginx.conf", "/etc/", "a", "/etc/a"},
		{"absolute", "nginx.conf", "/etc", "/a", "/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got string
			_, err := ParseBytes(tt.main, []byte("include "+tt.include+";"), Options{
				Dir:      tt.dir,
				ReadFile: func(name string) ([]byte, error) { got = name; return nil, nil },
			})
			if err != nil || got != tt.want {
				t.Errorf("read %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestParseMissingMainFile(t *testing.T) {
	t.Parallel()
	c, err := Parse("none/nginx.conf", Options{})
	if want := `open() "none/nginx.conf" failed (2: No such file or directory)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if c == nil || len(c.Files) != 0 {
		t.Errorf("config %+v", c)
	}
}

func TestParseParam(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want, err string }{
		{"empty", "", "", ""},
		{"two", "daemon off; user 'a b';", "daemon@0:1 ‹off›@0:8 ;@0:11\nuser@0:13 \"a b\"@0:18 ;@0:23\n", ""},
		{"no semicolon", "daemon off", "", `unexpected end of parameter, expecting ";" in command line`},
		{"block", "a b; events {}", "a@0:1 ‹b›@0:3 ;@0:4\n", `block directives are not supported in -g option in command line`},
		{"brace", "}", "", `unexpected "}" in command line`},
		{"missing include", "include none;", "", `open() "/etc/none" failed (2: No such file or directory) in command line`},
		{"long word", "a " + strings.Repeat("x", maxWord) + ";", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := ParseParam(tt.text, Options{
				Dir:      "/etc",
				ReadFile: func(string) ([]byte, error) { return nil, syscall.ENOENT },
			})
			got := strings.ReplaceAll(printConfig(c, nil), "("+CommandLine+")", "")
			if d := cmp.Diff(tt.want, got); d != "" && tt.name != "long word" {
				t.Error(d)
			}
			var msg string
			if err != nil {
				msg = err.Error()
			}
			if msg != tt.err {
				t.Errorf("error %q, want %q", msg, tt.err)
			}
		})
	}
}

// What editors and other systems leave in files is read or refused, never a
// reason to crash.
func TestOddBytes(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, src, want string }{
		{"empty", "", ""},
		{"byte order mark", "\uFEFFa b;", "a@1:1 ‹b›@1:3 ;@1:4\n"},
		{"only a byte order mark", "\uFEFF", ""},
		{"later byte order mark", "a;\uFEFFb;", "a@1:1 ;@1:2\n\uFEFFb@1:3 ;@1:7\n"},
		{"crlf", "a\r\nb;\r\nc {\r\n}\r\n", "a@1:1 ‹b›@2:1 ;@2:2\nc@3:1 {@3:3\n}@4:1\n"},
		{"nul", "a\x00b \x00;", "a\x00b@1:1 ‹\\x00›@1:5 ;@1:6\n"},
		{"invalid utf-8", "a \xff\xfe;", "a@1:1 ‹\\xff\\xfe›@1:3 ;@1:5\n"},
		{"escaped line break", "a b\\\nc 'd\\\ne' f;", "a@1:1 ‹b\\\\\\nc›@1:3 \"d\\\\\\ne\"@2:3 ‹f›@3:4 ;@3:5\n"},
		{"line break in quotes", "a 'b\nc' d;", "a@1:1 \"b\\nc\"@1:3 ‹d›@2:4 ;@2:5\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, printConfig(ParseBytes("nginx.conf", []byte(tt.src), Options{}))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNestingLimits(t *testing.T) {
	t.Parallel()
	_, err := ParseBytes("nginx.conf", []byte(strings.Repeat("a{", 1<<20)), Options{})
	if want := "blocks are nested deeper than 1000 levels in nginx.conf:1"; err == nil || err.Error() != want {
		t.Errorf("blocks: %v", err)
	}
	_, err = ParseBytes("nginx.conf", []byte(strings.Repeat("{", 1<<20)), Options{})
	list := ErrorList(nil)
	if !errors.As(err, &list) || len(list) != maxErrors+1 || list[maxErrors].Msg != "too many errors" {
		t.Errorf("nameless blocks: %d errors", len(list))
	}

	// Each file includes another one, which no cycle check can see.
	n := 0
	_, err = ParseBytes("0", []byte("include *;"), Options{
		Glob: func(string) ([]string, error) { n++; return []string{strings.Repeat("x", n)}, nil },
		ReadFile: func(name string) ([]byte, error) {
			return []byte("include *;"), nil
		},
	})
	if err == nil || !strings.HasPrefix(err.Error(), "files are included deeper than 1000 levels in xxx") {
		t.Errorf("files: %.100v", err)
	}
}

func TestDump(t *testing.T) {
	t.Parallel()
	c, err := parseFiles(map[string]string{
		"nginx.conf": "\uFEFFinclude a;\ninclude b;\ninclude a;",
		"a":          "x;\n",
		"b":          "# nothing\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Dump(&b); err != nil {
		t.Fatal(err)
	}
	const want = "# configuration file nginx.conf:\n\uFEFFinclude a;\ninclude b;\ninclude a;\n" +
		"# configuration file a:\nx;\n\n# configuration file b:\n# nothing\n\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if err := c.Dump(failingWriter{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestErrorList(t *testing.T) {
	t.Parallel()
	var l ErrorList
	if err := l.Err(); err != nil {
		t.Errorf("empty list: %v", err)
	}
	d := &Directive{Name: "foo", Term: Pos{File: "a.conf", Line: 12, Col: 3}}
	l.Add(nil)
	l.Add(d.Errorf("unknown directive %q", d.Name))
	l.Add(os.ErrClosed)
	l.Addf(Pos{File: CommandLine}, "%d", 1)
	l.Add(l.Err())
	first := "unknown directive \"foo\" in a.conf:12\nfile already closed\n1 in command line"
	if got, want := l.Error(), first+"\n"+first; got != want {
		t.Errorf("got %s", got)
	}
	var e *Error
	if !errors.As(l.Err(), &e) || e.Pos.Line != 12 {
		t.Errorf("errors.As: %v", e)
	}
}

func TestParseDefault(t *testing.T) {
	t.Parallel()
	c, err := ParseDefault()
	if err != nil {
		t.Fatal(err)
	}
	extensions := map[string]string{}
	var walk func([]*Directive)
	walk = func(list []*Directive) {
		for _, d := range list {
			if d.Name == "types" {
				for _, m := range d.Block {
					for _, a := range m.Args {
						if other, ok := extensions[a.Value]; ok {
							t.Errorf("%s is both %s and %s", a.Value, other, m.Name)
						}
						extensions[a.Value] = m.Name
					}
				}
				continue
			}
			walk(d.Block)
		}
	}
	walk(c.Directives)
	for ext, want := range map[string]string{"html": "text/html", "js": "application/javascript", "txt": "text/plain", "wasm": "application/wasm"} {
		if extensions[ext] != want {
			t.Errorf("%s is %q", ext, extensions[ext])
		}
	}
}
