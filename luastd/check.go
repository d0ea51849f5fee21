package luastd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// MissingModule is the error of LoadFile where a file, or one that it requires, wants a module that is nowhere to be found.
type MissingModule struct {
	Module string
	// Where is the file and line that wants it: "FILE:LINE", or empty.
	Where string
}

func (e *MissingModule) Error() string {
	text := "module '" + e.Module + "' not found"
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	return text
}

var notFound = regexp.MustCompile(`^(?:(\S+:\d+): )?module '([^']+)' not found:`)

// loadTime bounds how long LoadFile waits for a file.
const loadTime = 10 * time.Second

// LoadFile runs a Lua file as require runs a module of that name, in a VM of its own with the libraries and the lua_package_path of t,
// which has started, in a timer's context. What it prints is dropped. The error is a *MissingModule or what the file raised, with its
// position but without a traceback. A file that has not returned after ten seconds is left to itself.
func LoadFile(t *phases.Tree, file, module string) error {
	m := phases.MainOf[mainConf](t, Module)
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	w, err := newWorkers(t, m, 1)
	if err != nil {
		return err
	}
	v := w.vms[0]
	proto, err := w.group.Compile(strings.TrimPrefix(string(b), "\ufeff"), "@"+file)
	if err != nil {
		w.group.Drain()
		return err
	}
	var fn *lua.LFunction
	err = v.W.Do(func(*lua.LState) error {
		toStdout(v, io.Discard)
		fn = v.W.Function(proto, nil)
		return nil
	})
	if err != nil {
		w.group.Drain()
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer w.group.Drain()
		c := &handler.Ctx{Tree: t, VM: v, Phase: handler.Timer, Settings: httpSettings(t)}
		_, err := v.W.Run(c, fn, 0, lua.LString(module))
		if vm.ControlOf(err) != nil {
			err = nil
		}
		done <- err
	}()
	timer := time.NewTimer(loadTime)
	defer timer.Stop()
	select {
	case err = <-done:
	case <-timer.C:
		return fmt.Errorf("%s: has not returned after %s", file, loadTime)
	}
	if err == nil {
		return nil
	}
	text, _, _ := strings.Cut(handler.ErrorText(err), "\nstack traceback:")
	if found := notFound.FindStringSubmatch(text); found != nil {
		return &MissingModule{Module: found[2], Where: found[1]}
	}
	return errors.New(text)
}

// CheckFile parses a script and lists the globals that it uses and that no worker defines, with the
// lines that use them first. The error is the parser's.
func CheckFile(name string) ([]string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	proto, err := syntax.Compile(strings.TrimPrefix(string(b), "\ufeff"), "@"+name)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []string
	globalsOf(proto, seen, func(global string, line int) {
		if !knownGlobals[global] {
			out = append(out, fmt.Sprintf("%s:%d: undefined global '%s'", name, line, global))
		}
	})
	return out, nil
}

// globalsOf calls found for each global that the code reads or writes, once.
func globalsOf(p *lua.FunctionProto, seen map[string]bool, found func(name string, line int)) {
	for pc, inst := range p.Code {
		op := int(inst >> 26)
		if op != lua.OP_GETGLOBAL {
			continue
		}
		k, ok := p.Constants[int(inst&0x3ffff)].(lua.LString)
		if !ok || seen[string(k)] {
			continue
		}
		seen[string(k)] = true
		line := 0
		if pc < len(p.DbgSourcePositions) {
			line = p.DbgSourcePositions[pc]
		}
		found(string(k), line)
	}
	for _, f := range p.FunctionPrototypes {
		globalsOf(f, seen, found)
	}
}

var knownGlobals = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields("_G _VERSION arg assert bit collectgarbage coroutine debug dofile error gcinfo getfenv getmetatable io ipairs jit " +
		"load loadfile loadstring math module ndk newproxy next ngx os package pairs pcall print rawequal rawget rawset rawlen require " +
		"select setfenv setmetatable string table tonumber tostring type unpack xpcall") {
		m[n] = true
	}
	return m
}()
