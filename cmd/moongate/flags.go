package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// options are nginx's command line.
type options struct {
	prefix      string // -p, ends with a slash
	conf        string // -c, absolute
	errorLog    string // -e
	globals     string // -g
	signal      string // -s
	test        bool   // -t
	dump        bool   // -T
	quiet       bool   // -q
	showVersion bool   // -v
	configure   bool   // -V
	help        bool   // -h, -?
	embedded    bool   // no configuration file: the one in the binary serves
}

// parseFlags reads nginx's flags: single letters that may stand together, their values attached or in
// the next argument.
func parseFlags(args []string) (*options, error) {
	o := &options{}
	confGiven := false
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			return nil, fmt.Errorf("invalid option: \"%s\"", a)
		}
	letters:
		for j := 1; j < len(a); j++ {
			value := func(what string) (string, error) {
				if v := a[j+1:]; v != "" {
					return v, nil
				}
				if i++; i < len(args) {
					return args[i], nil
				}
				return "", fmt.Errorf("option \"-%c\" requires %s", a[j], what)
			}
			var err error
			switch a[j] {
			case '?', 'h':
				o.showVersion, o.help = true, true
			case 'v':
				o.showVersion = true
			case 'V':
				o.showVersion, o.configure = true, true
			case 't':
				o.test = true
			case 'T':
				o.test, o.dump = true, true
			case 'q':
				o.quiet = true
			case 'p':
				o.prefix, err = value("directory name")
				if err == nil {
					break letters
				}
			case 'e':
				o.errorLog, err = value("file name")
				if err == nil {
					break letters
				}
			case 'c':
				o.conf, err = value("file name")
				confGiven = true
				if err == nil {
					break letters
				}
			case 'g':
				o.globals, err = value("parameter")
				if err == nil {
					break letters
				}
			case 's':
				o.signal, err = value("parameter")
				if err != nil {
					return nil, err
				}
				switch o.signal {
				case "stop", "quit", "reopen", "reload", "status":
				default:
					return nil, fmt.Errorf("invalid option: \"-s %s\"", o.signal)
				}
				break letters
			default:
				return nil, fmt.Errorf("invalid option: \"%c\"", a[j])
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return o, o.resolve(confGiven)
}

// resolve makes the paths absolute. Without -p the working directory is the prefix.
func (o *options) resolve(confGiven bool) error {
	wd, err := os.Getwd()
	if err != nil {
		return err
	}
	switch {
	case o.prefix == "":
		o.prefix = wd
	case !filepath.IsAbs(o.prefix):
		o.prefix = filepath.Join(wd, o.prefix)
	}
	if !strings.HasSuffix(o.prefix, "/") {
		o.prefix += "/"
	}
	if o.conf == "" {
		o.conf = "conf/nginx.conf"
	}
	if !filepath.IsAbs(o.conf) {
		o.conf = o.prefix + o.conf
	}
	if !confGiven {
		if _, err := os.Stat(o.conf); os.IsNotExist(err) {
			o.embedded = true
		}
	}
	return nil
}
