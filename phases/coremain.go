package phases

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"moongate/conf"
)

func setHTTP(l *Load, d *conf.Directive, _ any) error {
	t := l.Tree
	if t.httpSeen {
		return l.Duplicate(d)
	}
	t.httpSeen = true
	t.addCoreVariables()
	for _, m := range t.modules {
		if m.Preconfigure != nil {
			if err := m.Preconfigure(l); err != nil {
				return err
			}
		}
	}
	l.Within(d, CtxHTTP, t.http, t.http.Root())
	return nil
}

// setThreadPool checks a thread_pool directive. Go's scheduler takes the place of the threads; the names
// are kept for ngx.run_worker_thread.
func setThreadPool(_ *Load, d *conf.Directive, c *CoreMain) error {
	name := d.Args[0].Value
	if c.ThreadPools[name] {
		return fmt.Errorf("duplicate thread pool %q", name)
	}
	threads := 0
	for _, a := range d.Args[1:] {
		key, v, _ := strings.Cut(a.Value, "=")
		n, ok := ParseNumber(v)
		switch {
		case key == "threads" && ok && n > 0:
			threads = n
		case key == "max_queue" && ok:
		case key == "threads":
			return fmt.Errorf("invalid threads value %q", a.Value)
		case key == "max_queue":
			return fmt.Errorf("invalid max_queue value %q", a.Value)
		default:
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
	}
	if threads == 0 {
		return fmt.Errorf("\"%s\" must have \"threads\" parameter", d.Name)
	}
	if c.ThreadPools == nil {
		c.ThreadPools = map[string]bool{}
	}
	c.ThreadPools[name] = true
	return nil
}

func setEvents(l *Load, d *conf.Directive, _ any) error {
	if l.Tree.Core.eventsSet {
		return l.Duplicate(d)
	}
	l.Tree.Core.eventsSet = true
	l.Block(d, CtxEvents)
	return nil
}

func setServer(l *Load, d *conf.Directive, _ any) error {
	t := l.Tree
	s := t.newServer()
	s.pos = d.Pos
	t.Servers = append(t.Servers, s)
	l.Within(d, CtxServer, s, s.Root())
	if len(s.Core.listens) == 0 {
		ls, err := parseListen(l, &conf.Directive{Name: "listen", Args: []conf.Arg{{Value: defaultListen()}}, Pos: d.Pos})
		if err != nil {
			return err
		}
		s.Core.listens = ls
	}
	if !s.Core.nameSet {
		s.Names = append(s.Names, ServerName{})
	}
	return nil
}

func defaultListen() string {
	if os.Geteuid() == 0 {
		return "80"
	}
	return "8000"
}

func setWorkers(l *Load, d *conf.Directive, c *CoreMain) error {
	if c.workersSet {
		return l.Duplicate(d)
	}
	c.workersSet = true
	if d.Args[0].Value == "auto" {
		c.Workers = runtime.NumCPU()
		return nil
	}
	n, ok := ParseNumber(d.Args[0].Value)
	if !ok || n == 0 {
		return Reject("invalid value")
	}
	c.Workers = n
	return nil
}

func setNoFile(_ *Load, d *conf.Directive, _ any) error {
	if _, ok := ParseNumber(d.Args[0].Value); !ok {
		return Reject("invalid number")
	}
	return nil // the Go runtime raises the limit to the hard one by itself
}
