package conf

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzParse checks that any text is read without a panic, that every place lies
// in its file and holds what it says, and that a tree without errors survives
// being written and read again.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		input, _, _ := strings.Cut(string(text), "\n"+goldenLine)
		f.Add(input)
	}
	for _, seed := range []string{
		"a 'b\\", "a\x00;", "\uFEFFa;", "a \"\\\\\" ${x}{}", "a_by_lua_block { [==[ ]==] --[[ ]] '\\z \n' }", "include *; include x;",
	} {
		f.Add(seed)
	}
	o := Options{
		ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist },
		Glob:     func(string) ([]string, error) { return nil, nil },
	}
	f.Fuzz(func(t *testing.T, src string) {
		c, err := ParseBytes("f", []byte(src), o)
		checkPlaces(t, src, c.Directives)
		if err != nil {
			for _, e := range err.(ErrorList) { //nolint:errorlint // Parse promises the type
				if e.Msg == "" || e.Pos.Line < 1 || e.Pos.Col < 1 || e.Pos.Line > strings.Count(src, "\n")+1 {
					t.Errorf("error %+v", e)
				}
			}
			return
		}
		var b strings.Builder
		writeDirectives(&b, c.Directives)
		again, err := ParseBytes("f", []byte(b.String()), o)
		if err != nil {
			if strings.HasPrefix(err.Error(), "too long parameter") {
				return // the escapes did it
			}
			t.Fatalf("written as %q: %v", b.String(), err)
		}
		ignore := cmp.Options{
			cmpopts.IgnoreTypes(Pos{}), cmpopts.IgnoreFields(Arg{}, "Quoted"), cmpopts.EquateEmpty(),
		}
		if d := cmp.Diff(c.Directives, again.Directives, ignore); d != "" {
			t.Errorf("written as %q: %s", b.String(), d)
		}
	})
}

// checkPlaces looks up the places of words and Lua blocks in src.
func checkPlaces(t *testing.T, src string, list []*Directive) {
	lines := strings.SplitAfter(src, "\n")
	at := func(p Pos) string {
		if p.Line < 1 || p.Line > len(lines) || p.Col < 1 {
			t.Fatalf("place %+v", p)
		}
		col := p.Col - 1
		if p.Line == 1 && strings.HasPrefix(src, "\uFEFF") {
			col += 3
		}
		return strings.Join(lines[p.Line-1:], "")[col:]
	}
	for _, d := range list {
		term := ";"
		if d.HasBlock {
			term = "{"
		}
		if got := at(d.Term); !strings.HasPrefix(got, term) && !strings.HasPrefix(got, "}") {
			t.Errorf("%s ends at %.20q", d.Name, got)
		}
		for _, a := range d.Args {
			got := at(a.Pos)
			if a.Quoted {
				got = got[1:]
			}
			if plain, _, escaped := strings.Cut(a.Value, `\`); !escaped && !strings.ContainsAny(plain, "\"'\t\r\n") && !strings.HasPrefix(got, plain) {
				t.Errorf("%q stands at %.20q", a.Value, got)
			}
		}
		if d.Lua != nil && !strings.HasPrefix(at(d.Lua.Pos), d.Lua.Text) {
			t.Errorf("lua %q stands at %.20q", d.Lua.Text, at(d.Lua.Pos))
		}
		checkPlaces(t, src, d.Block)
	}
}

// writeDirectives writes a tree as text with every word in quotes.
func writeDirectives(b *strings.Builder, list []*Directive) {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for _, d := range list {
		fmt.Fprintf(b, `"%s"`, quote.Replace(d.Name))
		for _, a := range d.Args {
			fmt.Fprintf(b, ` "%s"`, quote.Replace(a.Value))
		}
		switch {
		case d.Lua != nil:
			fmt.Fprintf(b, "{%s}\n", d.Lua.Text)
		case d.HasBlock:
			b.WriteString("{\n")
			writeDirectives(b, d.Block)
			b.WriteString("}\n")
		default:
			b.WriteString(";\n")
		}
	}
}

// hostile are texts that make a careless reader slow, each repeated up to n bytes.
func hostile(n int) map[string]string {
	fill := func(head, s, tail string) string { return head + strings.Repeat(s, n/len(s)) + tail }
	return map[string]string{
		"statements":         fill("", "a b c;\n", ""),
		"one word":           fill("a ", "x", ";"),
		"one quoted word":    fill("a '", "x", "';"),
		"escapes":            fill("a ", `\\`, ";"),
		"line breaks":        fill("", "\n", ""),
		"comment":            fill("#", "x", ""),
		"closing braces":     fill("", "}", ""),
		"semicolons":         fill("", ";", ""),
		"quotes":             fill("", "''", ""),
		"lua quotes":         fill("a_by_lua_block {", `"\`, "}"),
		"lua mixed quotes":   fill("a_by_lua_block {", `"\'\`, "}"),
		"lua lines of quote": fill("a_by_lua_block {", "'\n", "}"),
		"lua brackets":       fill("a_by_lua_block {", "[=", "}"),
		"lua equals":         fill("a_by_lua_block {[", "=", "}"),
		"lua braces":         fill("a_by_lua_block ", "{", ""),
		"lua dashes":         fill("a_by_lua_block {", "-", "}"),
	}
}

// The time grows with the length of the text, not with its square: two megabytes
// take at most some tenths of a second, where the square would take minutes.
func TestLinearTime(t *testing.T) {
	for name, src := range hostile(2 << 20) {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				ParseBytes("f", []byte(src), Options{}) //nolint:errcheck // most of them are errors
			}()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatal("takes longer than 20 s")
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	block := "server {\n  listen 80;\n  server_name a.example b.example;\n  # the page\n" +
		"  location ~ \"^/(\\d+)$\" {\n    content_by_lua_block {\n      local t = {1, 2} -- }\n      ngx.say(\"}\", t[1])\n    }\n" +
		"    proxy_set_header Host $host;\n  }\n}\n"
	src := []byte("http {\n" + strings.Repeat(block, 1000) + "}\n")
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseBytes("f", src, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
