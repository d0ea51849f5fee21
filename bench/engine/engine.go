package engine

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Site is what an engine is asked to serve: one workload, laid out on disk.
type Site struct {
	Prefix   string // a folder with conf/nginx.conf and logs/
	Addr     string // host:port it must answer at
	Upstream string // host:port of the harness's own HTTP upstream; "" if the workload has none
	Lua      bool   // the configuration has scripts
	Nginx    bool   // the workload is a configuration that stock nginx serves
	TLS      bool
	Simple   *Answer // set where every request gets this one answer
	Relay    bool    // set where every request is passed to Upstream unchanged
	Profile  string  // file for a CPU profile; "" for none
}

// Answer is a constant answer.
type Answer struct {
	Status int
	Body   string
}

// Command is a program to start, which stays in the foreground.
type Command struct {
	Path string
	Args []string
	Env  []string // added to the environment
}

// Engine is a server under measurement. An adapter only says how it is started; see doc.go.
type Engine interface {
	// Name is the word by which the command line and the reports call it.
	Name() string
	// Version is one line about what was found, or an error that says how to install it.
	Version() (string, error)
	// Serves reports why the engine cannot serve a site; nil if it can.
	Serves(*Site) error
	// Command is how it is started.
	Command(*Site) Command
	// Reloads reports whether SIGHUP makes it load its configuration anew.
	Reloads() bool
}

// All are the adapters, in the order of the reports. moongateBin is the binary under test.
func All(moongateBin, self string) []Engine {
	return []Engine{
		&Moongate{Bin: moongateBin},
		&OpenResty{},
		&Nginx{},
		&Bare{Self: self},
		&Skipper{},
	}
}

// Find picks an adapter by name; a name with a slash is the path of another build of moongate.
func Find(all []Engine, name string) (Engine, error) {
	if strings.Contains(name, "/") {
		return &Moongate{Bin: name, As: filepath.Base(name)}, nil
	}
	var names []string
	for _, e := range all {
		if e.Name() == name {
			return e, nil
		}
		names = append(names, e.Name())
	}
	return nil, fmt.Errorf("no engine %q: there are %s", name, strings.Join(names, ", "))
}

// output is what a program prints, standard error included.
func output(path string, args ...string) (string, error) {
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", path, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return strings.TrimSpace(string(out)), nil
}
