package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// load reads and checks the configuration that the options name.
func (o *options) load() (*phases.Tree, error) {
	lo := phases.LoadOptions{Prefix: o.prefix, ConfFile: o.conf, Globals: o.globals, Modules: modules()}
	if o.errorLog != "stderr" {
		lo.ErrorLog = o.errorLog
	}
	if o.embedded {
		lo.ConfFile = "conf/nginx.conf"
		src, err := conf.DefaultFS.ReadFile("nginx.conf")
		if err != nil {
			return nil, err
		}
		lo.Source = src
		lo.ReadFile = func(name string) ([]byte, error) {
			return conf.DefaultFS.ReadFile(strings.TrimPrefix(name, "conf/"))
		}
		lo.Glob = func(string) ([]string, error) { return nil, nil }
	}
	return phases.LoadConfig(lo)
}

// complain prints an error as nginx does: to standard error, and to the error log, a line each.
func (o *options) complain(err error) {
	level := phases.LogEmerg
	var own interface{ LogLevel() phases.LogLevel }
	if errors.As(err, &own) {
		level = own.LogLevel()
	}
	for _, msg := range problems(err) {
		o.say(level, "%s", msg)
	}
}

// say prints a message as nginx does before its error log is in force: to standard error and to the log.
func (o *options) say(level phases.LogLevel, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	fmt.Fprintf(os.Stderr, "nginx: [%s] %s\n", level, msg)
	o.startLog(level, msg)
}

// problems lists the messages of a load's error.
func problems(err error) []string {
	var list conf.ErrorList
	if errors.As(err, &list) {
		out := make([]string, len(list))
		for i, e := range list {
			out[i] = e.Error()
		}
		return out
	}
	return []string{err.Error()}
}

// startLog writes to the error log that is in force before the configuration names one.
func (o *options) startLog(level phases.LogLevel, msg string) {
	path := o.errorLog
	switch path {
	case "stderr":
		return
	case "":
		path = "logs/error.log"
	}
	if !strings.HasPrefix(path, "/") {
		path = o.prefix + path
	}
	sink := phases.SinkFor(path)
	if sink.Open() != nil {
		return // standard error has it already
	}
	phases.NewErrorLog(sink, level).Write(level, msg)
}

func testConfig(o *options) int {
	t, err := o.load()
	say := func(format string, args ...any) {
		if !o.quiet {
			fmt.Fprintf(os.Stderr, format, args...)
		}
	}
	for _, w := range t.Warnings() {
		fmt.Fprintf(os.Stderr, "nginx: [%s] %s\n", w.Level, w.Msg)
	}
	if err == nil {
		say("nginx: the configuration file %s syntax is ok\n", o.conf)
		err = t.Check()
	}
	if err != nil {
		o.complain(err)
		fmt.Fprintf(os.Stderr, "nginx: configuration file %s test failed\n", o.conf)
		return 1
	}
	say("nginx: configuration file %s test is successful\n", o.conf)
	if o.dump {
		if err := dump(os.Stdout, t); err != nil {
			return 1
		}
	}
	return 0
}

func dump(w io.Writer, t *phases.Tree) error { return t.Source.Dump(w) }
