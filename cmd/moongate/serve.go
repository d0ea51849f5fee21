package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"moongate/luastd/reload"
	"moongate/phases"
	"moongate/phases/http1"
)

// gateway is the running server.
type gateway struct {
	o       *options
	engine  *phases.Engine
	watcher *reload.Watcher
	pidFile string
	env     environment
}

func serve(o *options) int {
	if code, done := daemonize(o); done {
		return code
	}
	g := &gateway{o: o, engine: phases.NewEngine(http1.New), env: environment{}}
	sigs := make(chan os.Signal, 8)
	signal.Notify(sigs, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	signal.Ignore(syscall.SIGPIPE)
	t, err := o.load()
	if err == nil {
		for _, w := range t.Warnings() {
			fmt.Fprintf(os.Stderr, "nginx: [%s] %s\n", w.Level, w.Msg)
			o.startLog(w.Level, w.Msg)
		}
		g.env.apply(t)
		tune()
		err = g.engine.Apply(t)
	}
	if err == nil {
		err = g.writePid(t)
	}
	if err != nil {
		o.complain(err)
		reportStart(nil)
		return 1
	}
	defer profile()()
	t.Announce(phases.Product)
	t.Announce("start worker processes")
	g.watcher = reload.Watch(g.engine, g.load, reload.Options{Config: o.configFiles})
	reportStart(t)
	if o.embedded {
		greet(t)
	}
	return g.loop(sigs)
}

// configFiles are the files whose change means a new configuration.
func (o *options) configFiles(t *phases.Tree) []string {
	if t.Source == nil || o.embedded {
		return nil
	}
	var out []string
	for _, f := range t.Source.Files {
		out = append(out, f.Name)
	}
	return out
}

func greet(t *phases.Tree) {
	for _, l := range t.Listens {
		addr := strings.Replace(l.Text, "0.0.0.0", "localhost", 1)
		fmt.Fprintf(os.Stderr, "%s serves on http://%s\n", phases.Product, addr)
	}
}

// load reads the configuration again, and the environment that it gives.
//
// Deviation: there is one process, so that what still runs of the configuration before sees the new environment too.
func (g *gateway) load() (*phases.Tree, error) {
	t, err := g.o.load()
	if err == nil {
		g.env.apply(t)
	}
	return t, err
}

// environment carries out env NAME=VALUE; its values are those from before, to go back to when a reload
// leaves a name out. nil: there was no such variable.
type environment map[string]*string

func (e environment) apply(t *phases.Tree) {
	given := map[string]bool{}
	for _, v := range t.Core.Env {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			continue
		}
		given[name] = true
		if _, known := e[name]; !known {
			e[name] = nil
			if was, there := os.LookupEnv(name); there {
				e[name] = &was
			}
		}
		os.Setenv(name, value) //nolint:errcheck // the name was checked by the cut
	}
	for name, was := range e {
		switch {
		case given[name]:
			continue
		case was == nil:
			os.Unsetenv(name) //nolint:errcheck // never fails
		default:
			os.Setenv(name, *was) //nolint:errcheck // it was there
		}
		delete(e, name)
	}
}

func (g *gateway) writePid(t *phases.Tree) error {
	path := t.PidFile()
	if g.pidFile == path {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("mkdir() %q failed %s", filepath.Dir(path), phases.Errno(err))
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil { //nolint:gosec // others read it
		return fmt.Errorf("open() %q failed %s", path, phases.Errno(err))
	}
	if g.pidFile != "" {
		os.Remove(g.pidFile)
	}
	g.pidFile = path
	return nil
}

// loop obeys nginx's signals until one of them ends the server.
func (g *gateway) loop(sigs <-chan os.Signal) int {
	for s := range sigs {
		t := g.engine.Tree()
		t.Log(phases.LogNotice, "signal %d (%s) received", int(s.(syscall.Signal)), signalName(s))
		switch s {
		case syscall.SIGHUP:
			if err := g.reload(); err == nil {
				g.writePid(g.engine.Tree()) //nolint:errcheck // the old one stays
				redirectStderr(g.engine.Tree())
			}
		case syscall.SIGUSR1:
			if err := reopenLogs(t); err != nil {
				t.Log(phases.LogEmerg, "%v", err)
			}
		case syscall.SIGUSR2:
			t.Log(phases.LogErr, "upgrading the binary in place is not supported by moongate yet")
		case syscall.SIGWINCH:
			t.Log(phases.LogNotice, "there are no worker processes to shut down: use QUIT")
		case syscall.SIGQUIT:
			return g.stop(true)
		default:
			return g.stop(false)
		}
	}
	return 0
}

func (g *gateway) stop(graceful bool) int {
	t := g.engine.Tree()
	if g.watcher != nil {
		g.watcher.Close()
	}
	if graceful {
		t.Log(phases.LogNotice, "gracefully shutting down")
	}
	g.engine.Stop(graceful, t.Core.ShutdownTimeout.V)
	os.Remove(g.pidFile)
	t.Log(phases.LogNotice, "exit")
	return 0
}

func (g *gateway) reload() error {
	t := g.engine.Tree()
	t.Log(phases.LogNotice, "reconfiguring")
	err := reload.Now(g.engine, g.load, false)
	if err != nil {
		for _, msg := range problems(err) {
			t.Log(phases.LogEmerg, "%s", msg)
		}
	} else if g.watcher != nil {
		g.watcher.Refresh()
	}
	return err
}

func signalName(s os.Signal) string {
	switch s {
	case syscall.SIGHUP:
		return "SIGHUP"
	case syscall.SIGUSR1:
		return "SIGUSR1"
	case syscall.SIGUSR2:
		return "SIGUSR2"
	case syscall.SIGQUIT:
		return "SIGQUIT"
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGINT:
		return "SIGINT"
	case syscall.SIGWINCH:
		return "SIGWINCH"
	}
	return s.String()
}

// sendSignal is -s: it finds the running server by its pid file.
func sendSignal(o *options) int {
	t, err := o.load()
	if err != nil {
		o.complain(err)
		return 1
	}
	path := t.PidFile()
	b, err := os.ReadFile(path)
	if err != nil {
		o.say(phases.LogErr, "open() %q failed %s", path, phases.Errno(err))
		return 1
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 0 {
		o.say(phases.LogErr, "invalid PID number %q in %q", strings.TrimSpace(string(b)), path)
		return 1
	}
	if o.signal == "status" {
		return printStatus(t, pid)
	}
	sig := map[string]syscall.Signal{"stop": syscall.SIGTERM, "quit": syscall.SIGQUIT, "reopen": syscall.SIGUSR1, "reload": syscall.SIGHUP}[o.signal]
	if err := syscall.Kill(pid, sig); err != nil {
		o.say(phases.LogAlert, "kill(%d, %d) failed %s", pid, int(sig), phases.Errno(err))
		return 1
	}
	return 0
}

// printStatus is -s status: what the last reload said.
func printStatus(t *phases.Tree, pid int) int {
	state := reload.ReadStatus(t)
	alive := "running"
	if syscall.Kill(pid, 0) != nil {
		alive = "not running"
	}
	fmt.Printf("pid %d, %s\n%s", pid, alive, state)
	if alive != "running" {
		return 1
	}
	return 0
}
