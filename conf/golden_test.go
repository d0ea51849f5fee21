package conf

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

const (
	goldenLine = "----------\n"
	fileLine   = "=== "
)

// TestGolden parses the part of each testdata/*.txt above the line of dashes and
// compares the tree and the errors with the part below. "=== NAME" begins a
// further file that the main one, nginx.conf, can include.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			input, want := readGolden(t, file)
			got := printConfig(parseFiles(splitFiles(input)))
			if *update {
				if err := os.WriteFile(file, []byte(input+goldenLine+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func readGolden(t *testing.T, file string) (input, want string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	input, want, ok := strings.Cut(string(text), "\n"+goldenLine)
	if !ok && !*update {
		t.Fatalf("%s has no line of dashes", file)
	}
	return strings.TrimSuffix(input, "\n") + "\n", want
}

// splitFiles returns the files of an input by name.
func splitFiles(input string) map[string]string {
	files := map[string]string{}
	name := "nginx.conf"
	for line := range strings.Lines(input) {
		if next, ok := strings.CutPrefix(line, fileLine); ok {
			name = strings.TrimSpace(next)
			files[name] = ""
			continue
		}
		files[name] += line
	}
	return files
}

// parseFiles parses nginx.conf among files, which takes the place of the file
// system.
func parseFiles(files map[string]string) (*Config, error) {
	return Parse("nginx.conf", Options{
		ReadFile: func(name string) ([]byte, error) {
			text, ok := files[name]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return []byte(text), nil
		},
		Glob: func(pattern string) ([]string, error) {
			var names []string
			for name := range files {
				if matchName(pattern, name) {
					names = append(names, name)
				}
			}
			return names, nil
		},
	})
}

// printConfig writes one line per directive with the places of its words, then
// the errors.
func printConfig(c *Config, err error) string {
	var b strings.Builder
	printDirectives(&b, c.Directives, "")
	if err != nil {
		fmt.Fprintf(&b, "errors:\n%s\n", err)
	}
	return b.String()
}

func printDirectives(b *strings.Builder, list []*Directive, indent string) {
	at := func(p Pos) string { return fmt.Sprintf("%d:%d", p.Line, p.Col) }
	for _, d := range list {
		fmt.Fprintf(b, "%s%s@%s", indent, d.Name, at(d.Pos))
		if d.Pos.File != "nginx.conf" {
			fmt.Fprintf(b, "(%s)", d.Pos.File)
		}
		for _, a := range d.Args {
			value := strconv.Quote(a.Value)
			if !a.Quoted {
				value = "‹" + value[1:len(value)-1] + "›"
			}
			b.WriteString(" " + value)
			fmt.Fprintf(b, "@%s", at(a.Pos))
		}
		switch {
		case d.Lua != nil:
			fmt.Fprintf(b, " lua@%s-%s %q\n", at(d.Lua.Pos), at(d.End), d.Lua.Text)
		case d.HasBlock:
			fmt.Fprintf(b, " {@%s\n", at(d.Term))
			printDirectives(b, d.Block, indent+"  ")
			fmt.Fprintf(b, "%s}@%s\n", indent, at(d.End))
		default:
			fmt.Fprintf(b, " ;@%s\n", at(d.Term))
		}
	}
}
