package luastd

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"moongate/conf"
	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// code is one script of the configuration: inline, or a file whose path may hold variables.
type code struct {
	phase handler.Phase
	src   string
	chunk string // chunk name: "=content_by_lua(nginx.conf:12)"
	path  *phases.Value
	index int // into workers.functions
	pos   conf.Pos
}

// chunkNameRoom is how much of the directive, the file and the line LuaJIT shows of a chunk name.
const chunkNameRoom = 56

// chunkName is how ngx_lua names inline code: the directive without its suffix, the file and the line
// at which the code begins. A file in confDir goes by its path from there, nginx.conf by its name alone;
// of a name that is too long the end remains.
func chunkName(d *conf.Directive, confDir string) string {
	name := strings.TrimSuffix(d.Name, "_block")
	pos := d.Term
	if pos.Line == 0 {
		pos = d.Pos
	}
	line, file := strconv.Itoa(pos.Line), pos.File
	if strings.HasSuffix(file, "/nginx.conf") {
		file = "nginx.conf"
	} else {
		file = strings.TrimPrefix(file, confDir)
		if room := chunkNameRoom - len(name) - len(line); len(file) > room {
			file = "..." + file[len(file)-max(room-len("..."), 0):]
		}
	}
	return "=" + name + "(" + file + ":" + line + ")"
}

// parseCode reads the script of a *_by_lua, *_by_lua_block or *_by_lua_file directive.
func parseCode(l *phases.Load, d *conf.Directive, phase handler.Phase, variables bool) (*code, error) {
	m := l.MainOf(Module).(*mainConf)
	c := &code{phase: phase, index: len(m.codes), pos: d.Pos}
	confDir := l.ConfPath("") + "/"
	switch {
	case d.Lua != nil:
		c.src, c.chunk = d.Lua.Text, chunkName(d, confDir)
	case strings.HasSuffix(d.Name, "_file"):
		a := d.Args[0]
		if d.Name == "set_by_lua_file" {
			a = d.Args[1]
		}
		if a.Value == "" {
			return nil, phases.Reject("is given an empty file name")
		}
		v := phases.Constant(a.Value)
		if variables {
			var err error
			if v, err = l.Value(a); err != nil {
				return nil, err
			}
		}
		c.path = v
	default:
		a := d.Args[0]
		if d.Name == "set_by_lua" {
			a = d.Args[1]
		}
		c.src, c.chunk = a.Value, chunkName(d, confDir)
	}
	m.codes = append(m.codes, c)
	m.phases |= phase
	return c, nil
}

// named is how messages name the directive that c stands in.
func (c *code) named(directive string) string {
	if c.path != nil {
		return directive + "_file"
	}
	return directive
}

// workers are the Lua workers of one configuration.
type workers struct {
	group *vm.Group
	tree  *phases.Tree
	vms   []*handler.VM
	main  *mainConf
	// inline holds what the compilation of each inline script said.
	inline []compiled
	// files caches the code of script files, by path.
	files sync.Map // string → *lua.FunctionProto
	// functions are the workers' functions of inline scripts: [worker][code]
	functions [][]atomic.Pointer[lua.LFunction]
	// fileFunctions are those of files: [worker] path → function
	fileFunctions []sync.Map
	watched       sync.Map // path → struct{}
	// idle is called after the last timer of a retired group.
	idle atomic.Pointer[func()]

	threadsMu    sync.Mutex // guards what follows
	threads      []*workers // of ngx.run_worker_thread
	threadsEnded bool
}

type compiled struct {
	proto *lua.FunctionProto
	err   error
}

// compileInline compiles every inline script; errors wait until a request needs the script, as in
// OpenResty.
func (w *workers) compileInline() {
	w.inline = make([]compiled, len(w.main.codes))
	for i, c := range w.main.codes {
		if c.path == nil {
			w.inline[i].proto, w.inline[i].err = w.group.Compile(c.src, c.chunk)
		}
	}
}

// loadError is why a script could not be loaded, with the status that the request ends with.
type loadError struct {
	msg    string
	status phases.Status
	cause  string // what the compiler says; where it has spoken
}

func (e *loadError) Error() string { return e.msg }

// function is the function of c in worker v; r gives the variables of a file's path.
func (w *workers) function(v *handler.VM, c *code, r *phases.Request) (*lua.LFunction, *loadError) {
	id := v.W.ID
	if c.path == nil {
		slot := &w.functions[id][c.index]
		if fn := slot.Load(); fn != nil {
			return fn, nil
		}
		k := w.inline[c.index]
		if k.err != nil {
			return nil, &loadError{"failed to load inlined Lua code: " + k.err.Error(), 500, k.err.Error()}
		}
		fn := v.W.Function(k.proto, nil)
		slot.Store(fn)
		return fn, nil
	}
	path := c.path.Text()
	if !c.path.IsConstant() {
		path = c.path.Eval(r)
	}
	path = w.tree.Path(path)
	cache := &w.fileFunctions[id]
	if fn, ok := cache.Load(path); ok {
		return fn.(*lua.LFunction), nil
	}
	k, err := w.file(path)
	if err != nil {
		return nil, err
	}
	// the first one stays: requests that load it at the same time must not see two versions
	fn, _ := cache.LoadOrStore(path, v.W.Function(k, nil))
	return fn.(*lua.LFunction), nil
}

func (w *workers) file(path string) (*lua.FunctionProto, *loadError) {
	if k, ok := w.files.Load(path); ok {
		return k.(*lua.FunctionProto), nil
	}
	w.watched.Store(path, struct{}{})
	b, err := os.ReadFile(path)
	if err != nil {
		status := phases.Status(503)
		if os.IsNotExist(err) {
			status = 404
		}
		why := phases.Errno(err)
		if i := strings.Index(why, ": "); i > 0 {
			why = strings.TrimSuffix(why[i+2:], ")")
		}
		return nil, &loadError{fmt.Sprintf("failed to load external Lua file \"%s\": cannot open %s: %s", path, path, why), status, fmt.Sprintf("cannot open %s: %s", path, why)}
	}
	p, err := w.compileFile(string(b), path)
	if err != nil {
		return nil, &loadError{fmt.Sprintf("failed to load external Lua file \"%s\": %s", path, err), 500, err.Error()}
	}
	first, _ := w.files.LoadOrStore(path, p)
	return first.(*lua.FunctionProto), nil
}

// compileFile compiles a script file, or reads what string.dump has written.
func (w *workers) compileFile(src, path string) (*lua.FunctionProto, error) {
	if !strings.HasPrefix(src, syntax.Signature[:1]) {
		return w.group.Compile(src, "@"+path)
	}
	p, err := syntax.Undump(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", syntax.ShortSource("@"+path), err)
	}
	return p, nil
}
