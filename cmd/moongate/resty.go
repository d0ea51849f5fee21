package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"moongate/luastd"
	"moongate/phases"
)

const restyUsage = `Usage: moongate resty [options] [lua-file [args]]

Options:
  -e CODE               run the inlined Lua code
  -I DIR                add DIR to the module search path (may be given several times)
  --shdict 'NAME SIZE'  create a shared dictionary
  --ns IP               use a name server
  --main-conf TEXT      add a directive outside the http block
  --http-conf TEXT      add a directive to the http block
  --errlog-level LEVEL  log level of standard error (default: warn)
  -V                    print the version
  -h                    print this help
`

// restyOptions are the flags of OpenResty's resty tool.
type restyOptions struct {
	code     []string
	dirs     []string
	dicts    []string
	ns       []string
	mainConf []string
	httpConf []string
	level    string
	file     string
	args     []string
}

func parseResty(args []string) (*restyOptions, int) {
	o := &restyOptions{level: "warn"}
	for i := 0; i < len(args); i++ {
		a := args[i]
		name, value, attached := strings.Cut(a, "=")
		if !strings.HasPrefix(a, "--") {
			name, attached = a, false
		}
		if strings.HasPrefix(a, "-I") && len(a) > 2 {
			name, value, attached = "-I", a[2:], true
		}
		next := func() bool {
			if attached {
				return true
			}
			i++
			if i >= len(args) {
				fmt.Fprintf(os.Stderr, "ERROR: option %s takes an argument but found none.\n", name)
				return false
			}
			value = args[i]
			return true
		}
		switch name {
		case "-h", "--help":
			fmt.Print(restyUsage)
			return nil, 0
		case "-V", "-v":
			fmt.Fprintln(os.Stderr, versionLine())
			return nil, 0
		case "-e", "-I", "--shdict", "--ns", "--main-conf", "--http-conf", "--errlog-level":
			if !next() {
				return nil, 2
			}
			switch name {
			case "-e":
				o.code = append(o.code, value)
			case "-I":
				o.dirs = append(o.dirs, value)
			case "--shdict":
				o.dicts = append(o.dicts, value)
			case "--ns":
				o.ns = append(o.ns, value)
			case "--main-conf":
				o.mainConf = append(o.mainConf, value)
			case "--http-conf":
				o.httpConf = append(o.httpConf, value)
			default:
				o.level = value
			}
		case "--":
			i++
			o.rest(args[i:])
			return o, -1
		default:
			if strings.HasPrefix(a, "-") && a != "-" {
				fmt.Fprintf(os.Stderr, "ERROR: unknown option: %s\n", a)
				return nil, 2
			}
			o.rest(args[i:])
			return o, -1
		}
	}
	return o, -1
}

func (o *restyOptions) rest(args []string) {
	if len(args) == 0 {
		return
	}
	if len(o.code) > 0 {
		o.args = args
		return
	}
	o.file, o.args = args[0], args[1:]
}

// config is the configuration that the program runs under: no server, one worker.
func (o *restyOptions) config(prefix string) string {
	var b strings.Builder
	b.WriteString("daemon off; master_process off; worker_processes 1;\nerror_log stderr " + o.level + ";\n")
	for _, c := range o.mainConf {
		b.WriteString(strings.TrimSuffix(c, ";") + ";\n")
	}
	b.WriteString("events {}\nhttp {\n  access_log off;\n  lua_live_reload off;\n  lua_socket_log_errors off;\n")
	var path []string
	for _, d := range o.dirs {
		d = strings.TrimSuffix(d, "/")
		path = append(path, d+"/?.lua", d+"/?/init.lua")
	}
	if len(path) > 0 {
		b.WriteString("  lua_package_path \"" + strings.Join(path, ";") + ";;\";\n")
	}
	for _, d := range o.dicts {
		b.WriteString("  lua_shared_dict " + d + ";\n")
	}
	ns := o.ns
	if len(ns) == 0 {
		ns = systemNameServers()
	}
	if len(ns) > 0 {
		b.WriteString("  resolver " + strings.Join(ns, " ") + ";\n")
	}
	for _, c := range o.httpConf {
		b.WriteString("  " + strings.TrimSuffix(c, ";") + ";\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func systemNameServers() []string {
	b, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "nameserver" {
			if strings.Contains(f[1], ":") {
				f[1] = "[" + f[1] + "]"
			}
			out = append(out, f[1])
		}
	}
	return out
}

// load reads the configuration, in the working directory.
func (o *restyOptions) load() (*phases.Tree, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return phases.LoadConfig(phases.LoadOptions{
		Prefix: wd + "/", ConfFile: filepath.Join(wd, "resty.conf"), Source: []byte(o.config(wd)), Modules: modules(),
	})
}

func runResty(args []string) int {
	o, code := parseResty(args)
	if o == nil {
		return code
	}
	s := luastd.Script{Args: o.args, Stdout: os.Stdout, Stderr: os.Stderr}
	switch {
	case len(o.code) > 0:
		s.Name, s.Chunk, s.Source = "resty", "=(command line -e)", strings.Join(o.code, "; ")
	case o.file == "":
		fmt.Fprint(os.Stderr, "ERROR: no Lua input file or -e option specified.\n")
		return 2
	default:
		b, err := os.ReadFile(o.file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "ERROR: failed to open input file %s: %s\n", o.file, phases.Errno(err))
			return 2
		}
		s.Name, s.Chunk, s.Source = o.file, "@"+o.file, string(b)
	}
	t, err := o.load()
	e := phases.NewEngine(nil)
	if err == nil {
		err = e.Apply(t)
	}
	if err != nil {
		for _, msg := range problems(err) {
			fmt.Fprintln(os.Stderr, "ERROR: "+msg)
		}
		return 1
	}
	return luastd.RunScript(t, s)
}
