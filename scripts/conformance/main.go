// Conformance runs a test suite that is written for Test::Nginx, block by block, against a server that takes nginx's
// command line, and counts. It also turns its results into docs/conformance.md.
//
//	go run ./scripts/conformance -suite lua-nginx-module -harness test-nginx -binary bin/moongate -out results.json
//	go run ./scripts/conformance -report results.json [-baseline other.json] > docs/conformance.md
//
// The suite and the harness are checkouts, or git directories, of openresty/lua-nginx-module (or a like one) and
// openresty/test-nginx. Nothing of them is changed or kept.
//
// A block passes when all of its assertions do. A block whose configuration is refused makes the harness end; the
// file then goes on with the next block. Files run one after the other, since the suites use fixed ports; memcached and
// redis-server run beside them where they are installed.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// results is what a run writes and the report reads.
type results struct {
	Suite  string           `json:"suite"`
	Server string           `json:"server"`
	Files  map[string]*file `json:"files"`
}

// file is one test file; its blocks go by their numbers.
type file struct {
	Pass []int           `json:"pass"`
	Skip []int           `json:"skip,omitempty"`
	Fail map[int]*failed `json:"fail,omitempty"`
}

// failed is why a block does not pass: the assertions that failed with what the harness says of each, or what kept
// the server from starting.
type failed struct {
	Why    string   `json:"why,omitempty"`
	Detail []string `json:"detail,omitempty"`
}

func main() {
	suite := flag.String("suite", "", "checkout or git directory of the suite")
	harness := flag.String("harness", "", "checkout or git directory of openresty/test-nginx")
	binary := flag.String("binary", "bin/moongate", "the server")
	pattern := flag.String("files", "*", "glob over the names of the files below t/")
	out := flag.String("out", "", "where the results go (default: standard output)")
	patience := flag.Duration("patience", 5*time.Minute, "how long a file may take")
	report := flag.String("report", "", "results to make a report of, on standard output")
	baseline := flag.String("baseline", "", "results of the server to compare with, for the report")
	reasons := flag.String("reasons", "scripts/conformance/deviations.json", "areas and known deviations, for the report")
	flag.Parse()
	var err error
	if *report != "" {
		err = writeReport(os.Stdout, *report, *baseline, *reasons)
	} else {
		err = run(*suite, *harness, *binary, *pattern, *out, *patience)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(suite, harness, binary, pattern, out string, patience time.Duration) error {
	if suite == "" || harness == "" {
		return fmt.Errorf("two checkouts are needed, which are not part of this repository:\n" +
			"  git clone https://github.com/openresty/lua-nginx-module\n" +
			"  git clone https://github.com/openresty/test-nginx\n" +
			"  make conformance SUITE=lua-nginx-module HARNESS=test-nginx\n" +
			"and, on Debian:\n" +
			"  apt-get install libtest-base-perl libtext-diff-perl libipc-run-perl libipc-run3-perl liblist-moreutils-perl \\\n" +
			"    libwww-perl libtest-longstring-perl curl memcached redis-server")
	}
	work, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for name, from := range map[string]string{"suite": suite, "harness": harness} {
		if err := unpack(from, filepath.Join(work, name)); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	if binary, err = exec.LookPath(binary); err != nil {
		return err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	r := &runner{work: work, binary: binary, patience: patience}
	if err := r.prepare(); err != nil {
		return err
	}
	defer r.stopFixtures()
	var names []string
	root := filepath.Join(work, "suite", "t")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".t") {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if ok, err := filepath.Match(pattern, name); ok || pattern == "*" || err != nil {
			names = append(names, name)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	all := results{Suite: commit(suite), Server: version(binary), Files: map[string]*file{}}
	total := [3]int{}
	for i, name := range names {
		f, err := r.file(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all.Files[name] = f
		for j, n := range []int{len(f.Pass), len(f.Fail), len(f.Skip)} {
			total[j] += n
		}
		fmt.Fprintf(os.Stderr, "[%d/%d] %s: %d pass, %d fail, %d skipped\n", i+1, len(names), name, len(f.Pass), len(f.Fail), len(f.Skip))
	}
	fmt.Fprintf(os.Stderr, "%d blocks pass, %d fail, %d are skipped\n", total[0], total[1], total[2])
	text, err := json.MarshalIndent(&all, "", " ")
	if err != nil {
		return err
	}
	if out == "" {
		_, err = fmt.Println(string(text))
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o644)
}

// unpack copies the newest commit of a repository; a folder that is none is copied as it is.
func unpack(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	script := `if git -C "$1" rev-parse >/dev/null 2>&1; then git -C "$1" archive HEAD | tar -x -C "$2"; else cp -R "$1/." "$2"; fi`
	text, err := exec.Command("sh", "-c", script, "unpack", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}

func commit(dir string) string {
	name := strings.TrimSuffix(filepath.Base(strings.TrimSuffix(dir, "/")), ".git")
	text, err := exec.Command("git", "-C", dir, "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return name
	}
	return name + " " + strings.TrimSpace(string(text))
}

func version(binary string) string {
	text, _ := exec.Command(binary, "-v").CombinedOutput() //nolint:errcheck // the harness will complain
	line, _, _ := strings.Cut(string(text), "\n")
	return cmp.Or(strings.TrimPrefix(line, "nginx version: "), filepath.Base(binary))
}

// sorted are the keys of m in order.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
