package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"moongate/luastd"
	"moongate/phases"
)

const checkUsage = `Usage: moongate check [options] FILE|DIRECTORY...

Parses Lua files, and those below directories, and names the globals that nothing defines.

Options:
  --load   run each file as require does, each in a Lua VM of its own
  -I DIR   with --load, find modules in DIR (may be given several times); directories that are checked are searched anyway
  -q       do not name undefined globals
  -h       print this help

It exits with 1 if a file does not parse or does not load, or needs a module that is not there.
`

// checker is what moongate check was asked to do, and what it has found.
type checker struct {
	paths, dirs []string
	load, quiet bool

	tree    *phases.Tree
	files   int
	unread  int // files that cannot be read or do not parse
	broken  int
	wanting int
}

func parseCheck(args []string) (c *checker, code int) {
	c = &checker{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--load":
			c.load = true
		case a == "-q":
			c.quiet = true
		case a == "-h", a == "--help":
			fmt.Print(checkUsage)
			return nil, 0
		case a == "-I" && i+1 < len(args):
			i++
			c.dirs = append(c.dirs, args[i])
		case strings.HasPrefix(a, "-I") && len(a) > 2:
			c.dirs = append(c.dirs, a[2:])
		case strings.HasPrefix(a, "-") && a != "-":
			fmt.Fprintf(os.Stderr, "unknown option: %s\n%s", a, checkUsage)
			return nil, 2
		default:
			c.paths = append(c.paths, a)
		}
	}
	if len(c.paths) == 0 {
		fmt.Fprint(os.Stderr, checkUsage)
		return nil, 2
	}
	return c, -1
}

// runCheck is moongate check.
func runCheck(args []string) int {
	c, code := parseCheck(args)
	if c == nil {
		return code
	}
	if c.load {
		if err := c.start(); err != nil {
			for _, msg := range problems(err) {
				fmt.Fprintln(os.Stderr, msg)
			}
			return 1
		}
	}
	several := len(c.paths) > 1
	for _, path := range c.paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			c.unread++
			fmt.Fprintf(os.Stderr, "%s: %s\n", path, phases.Errno(err))
		case info.IsDir():
			several = true
			c.directory(path)
		default:
			c.file(path, strings.TrimSuffix(filepath.Base(path), ".lua"))
		}
	}
	if several {
		fmt.Println(c.summary())
	}
	if c.unread+c.broken+c.wanting > 0 {
		return 1
	}
	return 0
}

// start makes the configuration that files are loaded under.
func (c *checker) start() error {
	o := &restyOptions{level: "emerg", dirs: c.dirs}
	for _, path := range c.paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			o.dirs = append(o.dirs, path)
		}
	}
	t, err := o.load()
	if err != nil {
		return err
	}
	if err := phases.NewEngine(nil).Apply(t); err != nil {
		return err
	}
	c.tree = t
	return nil
}

// directory checks the Lua files below a directory, but those of hidden ones.
func (c *checker) directory(root string) {
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			c.unread++
			fmt.Fprintf(os.Stderr, "%s: %s\n", path, phases.Errno(err))
			return nil
		case e.IsDir() && path != root && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.IsDir() || filepath.Ext(path) != ".lua":
			return nil
		}
		c.file(path, moduleName(root, path))
		return nil
	})
	if err != nil {
		c.unread++
		fmt.Fprintln(os.Stderr, err)
	}
}

// moduleName is what require calls a file below root.
func moduleName(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		rel = path
	}
	name := strings.ReplaceAll(strings.TrimSuffix(filepath.ToSlash(rel), ".lua"), "/", ".")
	return strings.TrimSuffix(name, ".init")
}

func (c *checker) file(path, module string) {
	c.files++
	warnings, err := luastd.CheckFile(path)
	if err != nil {
		c.unread++
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if !c.quiet {
		for _, w := range warnings {
			fmt.Println(w)
		}
	}
	if !c.load {
		return
	}
	err = luastd.LoadFile(c.tree, path, module)
	var missing *luastd.MissingModule
	switch {
	case errors.As(err, &missing):
		c.wanting++
		where := missing.Where
		if where == "" {
			where = path
		}
		note := ""
		if !strings.HasPrefix(where, path) {
			note = " (needed by " + path + ")"
		}
		fmt.Fprintf(os.Stderr, "%s: missing module '%s'%s\n", where, missing.Module, note)
	case err != nil:
		c.broken++
		msg := err.Error()
		if !strings.HasPrefix(msg, path+":") {
			msg = path + ": " + msg
		}
		fmt.Fprintln(os.Stderr, msg)
	}
}

func (c *checker) summary() string {
	s := fmt.Sprintf("%d files: %d do not parse", c.files, c.unread)
	if c.load {
		s += fmt.Sprintf(", %d do not load, %d need modules that are missing", c.broken, c.wanting)
	}
	return s
}
