package memc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/upstream"
)

// Module is the memc module. It needs package upstream's Module.
var Module = newModule()

const port = 11211

// hidden is what the server adds of its own.
var hidden = upstream.NewNameSet(upstream.DefaultHidden)

type location struct {
	group *upstream.Upstream
	value *phases.Value // of an address with variables

	connect, send, read phases.Opt[time.Duration]
	bufferSize          phases.Opt[int64]
	next                phases.Opt[upstream.Next]
	ignoreAbort         phases.Opt[bool]
	flagsToModified     phases.Opt[bool]
	allowed             phases.Opt[[]string]

	up upstream.Conf
	m  *mainConf
}

// mainConf holds the slots of the variables that make a request.
type mainConf struct{ cmd, key, value, flags, exptime int }

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "memc",
		NewMain:        func() any { return &mainConf{} },
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
	})
	m.MergeLocation = func(l *phases.Load, parent, child any) error {
		p, c := parent.(*location), child.(*location)
		c.merge(p)
		c.m = l.MainOf(m).(*mainConf)
		return nil
	}
	m.Preconfigure = func(l *phases.Load) error {
		c := l.MainOf(m).(*mainConf)
		for name, slot := range map[string]*int{"cmd": &c.cmd, "key": &c.key, "value": &c.value, "flags": &c.flags, "exptime": &c.exptime} {
			if err := l.AssignableQuiet("memc_" + name); err != nil {
				return err
			}
			*slot = l.VariableIndex("memc_"+name, conf.Pos{})
		}
		return nil
	}
	handler := func(r *phases.Request) phases.Status { return phases.LocationOf[location](r.Loc, m).handle(r) }
	loc := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAll, Args: a, Level: phases.LocationConf, Set: set}
	}
	msec := func(name string, at func(*location) *phases.Opt[time.Duration]) phases.Directive {
		return loc(name, phases.Take1, phases.SetMsec(at))
	}
	m.Directives = []phases.Directive{
		{Name: "memc_pass", Ctx: phases.CtxLocation | phases.CtxLocationIf, Args: phases.Take1, Level: phases.LocationConf,
			Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error { return c.setPass(l, d, handler) })},
		msec("memc_connect_timeout", func(c *location) *phases.Opt[time.Duration] { return &c.connect }),
		msec("memc_send_timeout", func(c *location) *phases.Opt[time.Duration] { return &c.send }),
		msec("memc_read_timeout", func(c *location) *phases.Opt[time.Duration] { return &c.read }),
		loc("memc_buffer_size", phases.Take1, phases.SetSize(func(c *location) *phases.Opt[int64] { return &c.bufferSize })),
		loc("memc_next_upstream", phases.OneMore, phases.Set(setNext)),
		loc("memc_ignore_client_abort", phases.OnOff, phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.ignoreAbort })),
		loc("memc_flags_to_last_modified", phases.OnOff, phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.flagsToModified })),
		loc("memc_cmds_allowed", phases.OneMore, phases.Set(setAllowed)),
	}
	return m
}

func (c *location) merge(p *location) {
	if c.group == nil && c.value == nil {
		c.group, c.value = p.group, p.value
	}
	c.connect.Merge(p.connect, 60*time.Second)
	c.send.Merge(p.send, 60*time.Second)
	c.read.Merge(p.read, 60*time.Second)
	c.bufferSize.Merge(p.bufferSize, 4096)
	c.next.Merge(p.next, upstream.NextError|upstream.NextTimeout)
	c.ignoreAbort.Merge(p.ignoreAbort, false)
	c.flagsToModified.Merge(p.flagsToModified, false)
	c.allowed.Merge(p.allowed, nil)
	c.up = upstream.Conf{
		ConnectTimeout: c.connect.V, SendTimeout: c.send.V, ReadTimeout: c.read.V, BufferSize: int(c.bufferSize.V),
		Next: c.next.V, IgnoreClientAbort: c.ignoreAbort.V, Hidden: hidden,
	}
}

func setNext(l *phases.Load, d *conf.Directive, c *location) error {
	if c.next.Set {
		return l.Duplicate(d)
	}
	for _, a := range d.Args {
		n, ok := map[string]upstream.Next{
			"error": upstream.NextError, "timeout": upstream.NextTimeout, "invalid_response": upstream.NextInvalidHeader,
			"not_found": upstream.Next404, "off": upstream.NextOff,
		}[a.Value]
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		c.next.V |= n
	}
	c.next.Set = true
	return nil
}

func setAllowed(l *phases.Load, d *conf.Directive, c *location) error {
	if c.allowed.Set {
		return l.Duplicate(d)
	}
	for _, a := range d.Args {
		if _, ok := commands[a.Value]; !ok {
			return fmt.Errorf("unrecognized memcached command %q", a.Value)
		}
		c.allowed.V = append(c.allowed.V, a.Value)
	}
	c.allowed.Set = true
	return nil
}

func (c *location) setPass(l *phases.Load, d *conf.Directive, handler phases.Handler) error {
	if c.group != nil || c.value != nil {
		return l.Duplicate(d)
	}
	l.SetContent(handler)
	v, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	if !v.IsConstant() {
		c.value = v
		return nil
	}
	host, n, unix, err := address(v.Text())
	if err != nil {
		return fmt.Errorf("%w in upstream %q", err, v.Text())
	}
	if unix {
		c.group = upstream.AddUnix(l, host)
		return nil
	}
	c.group, err = upstream.Add(l, d, host, n, port)
	return err
}

// address takes "host:port" or "unix:/path" apart; the port is 0 where there is none.
func address(s string) (host string, n int, unix bool, err error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return "", 0, false, errors.New("no path in the unix domain socket")
		}
		return path, 0, true, nil
	}
	host = s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		var ok bool
		if n, ok = phases.ParseNumber(s[i+1:]); !ok || n < 1 || n > 65535 {
			return "", 0, false, errors.New("invalid port")
		}
		host = s[:i]
	}
	if host == "" {
		return "", 0, false, errors.New("no host")
	}
	return host, n, false, nil
}

func (c *location) allows(cmd string) bool {
	return c.allowed.V == nil || slices.Contains(c.allowed.V, cmd)
}
