package log

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// Module is the access log module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "log",
		NewMain:        func() any { return &mainConf{formats: map[string]*format{}, files: map[string]*file{}} },
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
	})
	a := phases.Arity{Min: 1, Max: -1}
	m.Directives = []phases.Directive{
		{Name: "log_format", Ctx: phases.CtxHTTP, Args: phases.TwoMore, Level: phases.MainConf, Set: phases.Set(setFormat)},
		{Name: "access_log", Ctx: phases.CtxAllIf | phases.CtxLimitExcept, Args: a, Level: phases.LocationConf,
			Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
				return setLog(l, d, l.MainOf(m).(*mainConf), c)
			})},
		{Name: "open_log_file_cache", Ctx: phases.CtxAll, Args: phases.Arity{Min: 1, Max: 4}, Level: phases.NoConf, Set: phases.Ignore},
	}
	m.Preconfigure = func(l *phases.Load) error {
		f, err := compileFormat(l, []conf.Arg{{Value: combined}})
		l.MainOf(m).(*mainConf).formats["combined"] = f
		return err
	}
	m.MergeLocation = func(l *phases.Load, parent, child any) error {
		p, c := parent.(*location), child.(*location)
		if len(c.logs) > 0 || c.off {
			return nil
		}
		c.logs, c.off = p.logs, p.off
		if len(c.logs) == 0 && !c.off {
			main := l.MainOf(m).(*mainConf)
			c.logs = []*output{{file: main.file(l.Path("logs/access.log")), format: main.formats["combined"]}}
		}
		return nil
	}
	m.Postconfigure = func(l *phases.Load) error {
		l.HandleWhere(phases.PhaseLog, phases.Where(m, func(c *location) bool { return !c.off }), func(r *phases.Request) phases.Status {
			phases.LocationOf[location](r.Loc, m).write(r)
			return phases.OK
		})
		return nil
	}
	m.Start = func(t *phases.Tree) error { return phases.MainOf[mainConf](t, m).open() }
	m.Stop = func(t *phases.Tree) { phases.MainOf[mainConf](t, m).close() }
	return m
}

const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

type mainConf struct {
	formats map[string]*format
	files   map[string]*file // by path
}

func (c *mainConf) file(path string) *file {
	f := c.files[path]
	if f == nil {
		f = &file{path: path}
		c.files[path] = f
	}
	return f
}

type location struct {
	off  bool
	logs []*output
}

// output is one access_log line: a file, or a path with variables.
type output struct {
	file   *file
	path   *phases.Value
	format *format
	filter *phases.Value
}

func setLog(l *phases.Load, d *conf.Directive, main *mainConf, c *location) error {
	path := d.Args[0].Value
	if path == "off" {
		c.off = true
		if len(d.Args) > 1 {
			return fmt.Errorf("invalid parameter %q", d.Args[1].Value)
		}
		return nil
	}
	if strings.HasPrefix(path, "syslog:") {
		return phases.NotBuilt("an access log is a file")(l, d, c)
	}
	v, err := l.CompileValue(l.Path(path), d.Args[0].Pos)
	if err != nil {
		return err
	}
	o := &output{}
	if v.IsConstant() {
		o.file = main.file(v.Text())
	} else {
		o.path = v
	}
	name := "combined"
	if len(d.Args) > 1 {
		name = d.Args[1].Value
	}
	if o.format = main.formats[strings.ToLower(name)]; o.format == nil {
		return fmt.Errorf("unknown log format %q", name)
	}
	if len(d.Args) > 2 {
		if err := o.options(l, d); err != nil {
			return err
		}
	}
	c.logs = append(c.logs, o)
	return nil
}

func (o *output) options(l *phases.Load, d *conf.Directive) error {
	var size int64
	var flush time.Duration
	for _, a := range d.Args[2:] {
		name, value, _ := strings.Cut(a.Value, "=")
		var ok bool
		var err error
		switch name {
		case "buffer":
			if size, ok = conf.ParseSize(value); !ok || size == 0 {
				return fmt.Errorf("invalid buffer size %q", value)
			}
		case "flush":
			if flush, ok = conf.ParseMsec(value); !ok || flush == 0 {
				return fmt.Errorf("invalid flush time %q", value)
			}
		case "if":
			if o.filter, err = l.CompileValue(value, a.Pos); err != nil {
				return err
			}
		case "gzip":
			return fmt.Errorf("the parameter %q of \"access_log\" is not supported by moongate yet", a.Value)
		default:
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
	}
	switch {
	case flush != 0 && size == 0:
		return fmt.Errorf("no buffer is defined for access_log %q", d.Args[0].Value)
	case size == 0:
		return nil
	case o.file == nil:
		return errors.New("buffered logs cannot have variables in name")
	case o.file.size != 0 && (o.file.size != int(size) || o.file.flushAfter != flush):
		return fmt.Errorf("access_log %q already defined with conflicting parameters", d.Args[0].Value)
	}
	o.file.size, o.file.flushAfter = int(size), flush
	return nil
}

func setFormat(l *phases.Load, d *conf.Directive, c *mainConf) error {
	name := strings.ToLower(d.Args[0].Value)
	if c.formats[name] != nil {
		return fmt.Errorf("duplicate \"log_format\" name %q", d.Args[0].Value)
	}
	f, err := compileFormat(l, d.Args[1:])
	if err != nil {
		return err
	}
	c.formats[name] = f
	return nil
}
