package conf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// nginx is the original, for tests that compare with it.
type nginx struct {
	path   string
	param  string // text for -g
	prefix string
}

// newNginx skips the test where nginx is not installed.
func newNginx(t *testing.T) nginx {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	n := nginx{path: path, prefix: t.TempDir()}
	n.param = fmt.Sprintf("pid %s/pid;", n.prefix)
	out, _ := exec.Command(path, "-V").CombinedOutput()
	if m := regexp.MustCompile(`--modules-path=(\S+)`).FindSubmatch(out); m != nil {
		for _, module := range []string{"ngx_http_lua_module.so", "ndk_http_module.so"} {
			file := filepath.Join(string(m[1]), module)
			if _, err := os.Stat(file); err != nil {
				t.Skip("nginx has no Lua module")
			}
			n.param = fmt.Sprintf("load_module %s; %s", file, n.param)
		}
	}
	return n
}

var emerg = regexp.MustCompile(`(?s)\[(?:emerg|crit)\] \d+#\d+: (.*?)\nnginx: configuration file`)

// check runs nginx -t and returns its message, or "" if all is well.
func (n nginx) check(t *testing.T, src string) string {
	t.Helper()
	file := filepath.Join(n.prefix, "nginx.conf")
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(n.path, "-t", "-e", "stderr", "-p", n.prefix, "-c", file, "-g", n.param).CombinedOutput()
	if m := emerg.FindSubmatch(out); m != nil {
		return strings.ReplaceAll(string(m[1]), n.prefix+"/", "")
	}
	if err != nil {
		t.Fatalf("nginx -t: %v\n%s", err, out)
	}
	return ""
}

// TestOracleErrors compares the first error with that of nginx -t.
func TestOracleErrors(t *testing.T) {
	n := newNginx(t)
	if err := os.WriteFile(filepath.Join(n.prefix, "open.conf"), []byte("server {\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := strings.Repeat
	word := func(size int) string { return a("x", size) }
	http := func(body string) string { return "events {}\nhttp {\n" + body + "\n}\n" }
	lua := func(body string) string { return http("init_by_lua_block {\n" + body + "\n}") }
	tests := []struct{ name, src string }{
		{"empty block", http("")},
		{"no semicolon at end", "events {}\nuser x"},
		{"no semicolon in block", "events {\n worker_connections 5 }\n"},
		{"no closing brace", "events {\n\n"},
		{"no closing brace, no line break", "events {"},
		{"second closing brace", "events {}\n }"},
		{"lone semicolon", "events {}\n;\n"},
		{"lone brace", "events {}\n{\n"},
		{"letter after quote", "events {}\nuser \"x\"y;\n"},
		{"quote after quote", "events {}\nuser 'x''y';\n"},
		{"brace after quote", "events {}\nuser 'x'};\n"},
		{"comment after quote", "events {}\nuser 'x'# a\n;\n"},
		{"high byte after quote", "events {}\nuser 'x'\xc3\xa9;\n"},
		{"quote open", "events {}\nuser 'x;\n\n"},
		{"quote closed, file ends", "events {}\nuser 'x'"},
		{"backslash at the end", "events {}\nuser x\\"},
		{"comment at the end", "events {} # {"},
		{"comment before the end of a statement", "events {}\nuser # x"},
		{"carriage returns", "events {}\r\nuser\r\nx }\r\n"},
		{"missing include", "events {}\n\ninclude none.conf;\n"},
		{"include without match", "events {}\n\ninclude none*.conf;\n"},
		{"include without name", "events {}\ninclude;\n"},
		{"include with block", "events {}\ninclude x {\n}\n"},
		{"include with open block", http("include open.conf;\n}")},
		{"block in types", http("types { a {\n } }")},
		{"block in map", http("map $a $b {\n c d\n {\n } }")},
		{"include in types", http("types { include none; }")},
		{"include in map", http("map $a $b { include none; }")},
		{"bare word at the limit, semicolon", "events {}\nerror_log /" + word(4094) + ";\n\n\n\n}"},
		{"bare word one over, semicolon", "events {}\nerror_log\n\n/" + word(4095) + ";\n\n\n\n"},
		{"bare word below the limit, space", "events {}\nerror_log /" + word(4093) + " ;\n\n\n\n}"},
		{"bare word at the limit, space", "events {}\nerror_log /" + word(4094) + " ;\n\n\n\n}"},
		{"bare word to the end", "events {}\nuser /" + word(4095)},
		{"bare word beyond the end", "events {}\nuser /" + word(4096)},
		{"quoted word below the limit", "events {}\nerror_log '/" + word(4093) + "';\n\n\n}"},
		{"quoted word at the limit", "events {}\nerror_log '/" + word(4094) + "';\n\n\n}"},
		{"quoted word over the limit", "events {}\nerror_log '/" + word(4095) + "';\n\n\n}"},
		{"double quoted word far over the limit", "events {}\nerror_log\n \"/" + word(9999) + "\";\n\n\n}"},
		{"escape over the limit", "events {}\nerror_log\n \"/" + word(4094) + "\\\"\";\n\n\n}"},
		{"escape at the limit", "events {}\nerror_log\n \"/" + word(4093) + "\\\"\";\n\n\n}"},
		{"escape in a bare word at the limit", "events {}\nerror_log\n /" + word(4093) + "\\;\n;\n\n\n}"},
		{"comment at the limit", "events {}\n#" + word(4094) + "\nx }"},
		{"comment over the limit", "events {}\n#" + word(4095) + "\nx }"},
		{"comment well over the limit", "events {}\n\n#" + word(4096) + "\nx }"},
		{"comment at the file's end", "events {}\n#" + word(4095)},
		{"spaces", "events {}\n" + a(" ", 9999) + "\nx }"},

		{"lua", lua("x = {} -- }")},
		{"lua strings", lua(`x = "}" y = '\'}' z = [[}]] -- }`)},
		{"lua comment", lua("--[==[ }]]\n} ]==]")},
		{"lua without closing brace", "events {}\nhttp {\n init_by_lua_block {\n x = 1\n"},
		{"lua with an open brace", lua("x = {\n { }\n\n y = {\n\n")},
		{"lua with an open long string", lua("x = \n [=[ ]]")},
		{"lua with an open long comment", lua("x = \n --[[ ]=]\n\n")},
		{"lua with a long string over the limit", lua("x = \n [[" + a("x\n", 3000) + "]]")},
		{"lua with a long comment of a thousand bytes", lua("x = 1\n --[["+a("x\n", 500)+"]]") + "}"},
		{"lua with a closing brace too many", lua("x = {} }") + "\n"},
		{"lua block closed by the file's end", "events {}\nhttp {\ninit_by_lua_block {x = 1}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := n.check(t, tt.src)
			_, err := ParseBytes(filepath.Join(n.prefix, "nginx.conf"), []byte(tt.src), Options{})
			var got string
			if err != nil {
				got = strings.ReplaceAll(err.(ErrorList)[0].Error(), n.prefix+"/", "") //nolint:errorlint // Parse promises the type
			}
			if got != want {
				if got == "" && !strings.Contains(want, "unexpected") && !strings.Contains(want, "too long") {
					return // the directive's own complaint, which is not ours to make
				}
				t.Errorf("got  %.300s\nwant %.300s", got, want)
			}
		})
	}
}

// TestOracleWords compares the values of random words with what nginx makes of
// them. It shows when it complains that the word is neither on nor off.
func TestOracleWords(t *testing.T) {
	n := newNginx(t)
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{
		"a", "b", "\\", "\\", `"`, `'`, "$", "{", "}", ";", "#", " ", "\t", "\n", "\r", "t", "r", "n", "$", "(", ")", "\xff",
	}
	for range 150 {
		var b bytes.Buffer
		for range 1 + r.IntN(9) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		src := "daemon " + b.String() + ";\nevents {}\n"
		want := n.check(t, src)
		c, err := ParseBytes(filepath.Join(n.prefix, "nginx.conf"), []byte(src), Options{})
		got := firstComplaint(c, err)
		got = strings.ReplaceAll(got, n.prefix+"/", "")
		if got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", src, got, want)
		}
	}
}

// firstComplaint returns what nginx would say first of a file that begins with
// the directive daemon.
func firstComplaint(c *Config, err error) string {
	if list, ok := err.(ErrorList); ok { //nolint:errorlint // Parse promises the type
		before := len(c.Directives) == 0
		if !before {
			d := c.Directives[0].Term
			e := list[0].Pos
			before = e.Line < d.Line || e.Line == d.Line && e.Col <= d.Col
		}
		if before {
			return list[0].Error()
		}
	}
	d := c.Directives[0]
	switch {
	case d.Name != "daemon":
		return d.Errorf("unknown directive \"%s\"", d.Name).Error()
	case d.HasBlock:
		return d.Errorf("directive \"daemon\" is not terminated by \";\"").Error()
	case len(d.Args) != 1:
		return d.Errorf("invalid number of arguments in \"daemon\" directive").Error()
	}
	return d.Errorf("invalid value \"%s\" in \"daemon\" directive, it must be \"on\" or \"off\"", d.Args[0].Value).Error()
}

// TestOracleValues compares which random sizes and times are accepted.
func TestOracleValues(t *testing.T) {
	n := newNginx(t)
	r := rand.New(rand.NewPCG(3, 4))
	kinds := []struct {
		directive string
		accept    func(string) bool
		units     []string
	}{
		{"client_body_buffer_size", func(s string) bool { _, ok := ParseSize(s); return ok }, []string{"k", "K", "m", "M", "g", "", "-"}},
		{"client_max_body_size", func(s string) bool { _, ok := ParseOffset(s); return ok }, []string{"k", "K", "m", "M", "g", "G", "t", "", " "}},
		{"proxy_cache_valid", func(s string) bool { _, ok := ParseTime(s); return ok }, []string{"y", "M", "w", "d", "h", "m", "s", "ms", " ", "", "x"}},
		{"client_body_timeout", func(s string) bool { _, ok := ParseMsec(s); return ok }, []string{"y", "M", "w", "d", "h", "m", "s", "ms", " ", "", "x"}},
	}
	numbers := []string{"", "0", "1", "07", "60", "9223372036854775", "9223372036854775807", "9223372036854775808", "8796093022207", "8796093022208"}
	for range 40 {
		for _, kind := range kinds {
			var value string
			for range 1 + r.IntN(3) {
				value += numbers[r.IntN(len(numbers))] + kind.units[r.IntN(len(kind.units))]
			}
			out := n.check(t, fmt.Sprintf("events {}\nhttp { %s '%s'; }\n", kind.directive, value))
			if got, want := kind.accept(value), !strings.Contains(out, "invalid"); got != want {
				t.Errorf("%s %q: accepted %v, want %v (%s)", kind.directive, value, got, want, out)
			}
		}
	}
}
