package echo

import (
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the echo module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "echo",
		NewMain:        func() any { return &mainConf{} },
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
	})
	p := &program{m: m}
	m.Directives = p.directives()
	m.MergeLocation = mergeLocation
	m.Preconfigure = p.addVariables
	m.Postconfigure = p.addFilters
	return m
}

// program carries the module to the functions that look its configuration up.
type program struct{ m *phases.Module }

type mainConf struct{ filters bool }

type location struct {
	commands      []command
	before, after []command
	status        phases.Opt[int]
}

type opcode uint8

const (
	opEcho opcode = iota
	opRequestBody
	opSleep
	opFlush
	opResetTimer
	opDuplicate
	opReadRequestBody
	opLocation
	opLocationAsync
	opSubrequest
	opSubrequestAsync
	opForeachSplit
	opEnd
	opExec
)

// name is the directive's, for those that take a location.
func (c *command) name() string {
	switch c.op {
	case opLocation:
		return "echo_location"
	case opLocationAsync:
		return "echo_location_async"
	case opSubrequest:
		return "echo_subrequest"
	case opSubrequestAsync:
		return "echo_subrequest_async"
	}
	return "echo_exec"
}

type command struct {
	op      opcode
	options []string // without the dash
	args    []*phases.Value
}

func (p *program) directives() []phases.Directive {
	any0 := phases.AnyArgs
	out := []phases.Directive{
		p.handler("echo", any0, opEcho),
		p.handler("echo_request_body", phases.NoArgs, opRequestBody),
		p.handler("echo_sleep", phases.Take1, opSleep),
		p.handler("echo_blocking_sleep", phases.Take1, opSleep),
		p.handler("echo_flush", phases.NoArgs, opFlush),
		p.handler("echo_reset_timer", phases.NoArgs, opResetTimer),
		p.handler("echo_location", phases.Take12, opLocation),
		p.handler("echo_location_async", phases.Take12, opLocationAsync),
		p.handler("echo_subrequest", phases.TwoMore, opSubrequest),
		p.handler("echo_subrequest_async", phases.TwoMore, opSubrequestAsync),
		p.handler("echo_duplicate", phases.TwoMore, opDuplicate),
		p.handler("echo_read_request_body", phases.NoArgs, opReadRequestBody),
		p.handler("echo_foreach_split", phases.TwoMore, opForeachSplit),
		p.handler("echo_end", phases.NoArgs, opEnd),
		p.handler("echo_exec", phases.Take12, opExec),
		p.filter("echo_before_body", func(c *location) *[]command { return &c.before }),
		p.filter("echo_after_body", func(c *location) *[]command { return &c.after }),
	}
	const where = phases.CtxLocation | phases.CtxLocationIf
	return append(out,
		phases.Directive{Name: "echo_status", Ctx: where, Args: phases.Take1, Level: phases.LocationConf,
			Set: phases.SetNumber(func(c *location) *phases.Opt[int] { return &c.status })},
		phases.Directive{Name: "echo_abort_parent", Ctx: where, Args: phases.NoArgs, Level: phases.LocationConf,
			Set: phases.NotBuilt("it never worked in the original either")})
}

func (p *program) handler(name string, a phases.Arity, op opcode) phases.Directive {
	return phases.Directive{Name: name, Ctx: phases.CtxLocation | phases.CtxLocationIf, Args: a, Level: phases.LocationConf,
		Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
			cmd, err := compile(l, d, op)
			if err != nil {
				return err
			}
			if c.commands == nil {
				l.SetContent(p.content)
			}
			c.commands = append(c.commands, cmd)
			return nil
		})}
}

func (p *program) filter(name string, at func(*location) *[]command) phases.Directive {
	return phases.Directive{Name: name, Ctx: phases.CtxLocation | phases.CtxLocationIf, Args: phases.AnyArgs, Level: phases.LocationConf,
		Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
			cmd, err := compile(l, d, opEcho)
			if err != nil {
				return err
			}
			*at(c) = append(*at(c), cmd)
			l.MainOf(p.m).(*mainConf).filters = true
			return nil
		})}
}

// compile splits the options from the arguments: constant words that begin with a dash, until the
// first word that does not, or "--".
func compile(l *phases.Load, d *conf.Directive, op opcode) (command, error) {
	cmd := command{op: op}
	expecting := true
	for _, a := range d.Args {
		v, err := l.Value(a)
		if err != nil {
			return cmd, err
		}
		if expecting && v.IsConstant() && len(v.Text()) > 1 && v.Text()[0] == '-' {
			if strings.HasPrefix(v.Text(), "--") {
				expecting = false
				continue
			}
			cmd.options = append(cmd.options, v.Text()[1:])
			continue
		}
		expecting = false
		cmd.args = append(cmd.args, v)
	}
	return cmd, nil
}

func mergeLocation(_ *phases.Load, parent, child any) error {
	p, c := parent.(*location), child.(*location)
	if c.commands == nil {
		c.commands = p.commands
	}
	if c.before == nil {
		c.before = p.before
	}
	if c.after == nil {
		c.after = p.after
	}
	c.status.Merge(p.status, 200)
	return nil
}

// text is what echo prints for the command.
func (c *command) text(r *phases.Request) []byte {
	var b []byte
	for i, a := range c.args {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, a.Eval(r)...)
	}
	if len(c.options) == 0 || c.options[0] != "n" {
		b = append(b, '\n')
	}
	return b
}
