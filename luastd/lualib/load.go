package lualib

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// load compiles a chunk and pushes the function, or nil and a message.
func (l *library) load(L *lua.LState, src, chunkname, mode string, env *lua.LTable) int {
	proto, err := l.compile(src, chunkname, mode)
	if err != nil {
		L.Push(lua.LNil)
		return 1 + pushString(L, messageOf(err))
	}
	fn := L.NewFunctionFromProto(proto)
	for i := range fn.Upvalues {
		// Only code of string.dump's has any.
		uv := &lua.Upvalue{}
		uv.Close()
		uv.SetValue(lua.LNil)
		fn.Upvalues[i] = uv
	}
	if env != nil {
		fn.Env = env
	}
	L.Push(fn)
	return 1
}

var errWrongMode = errors.New("attempt to load chunk with wrong mode")

func (l *library) compile(src, chunkname, mode string) (*lua.FunctionProto, error) {
	if isDumped(src) {
		if !strings.Contains(mode, "b") {
			return nil, errWrongMode
		}
		return undump(src, chunkname)
	}
	if !strings.Contains(mode, "t") {
		return nil, errWrongMode
	}
	return l.Compile(src, chunkname)
}

func messageOf(err error) string {
	var e *syntax.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// environment is the optional table argument n. Other values count as none.
func environment(L *lua.LState, n int) *lua.LTable {
	t, _ := L.Get(n).(*lua.LTable)
	return t
}

// f, err = load(chunk [, chunkname [, mode [, env]]]), and loadstring: they are the same
func (l *library) baseLoad(L *lua.LState) int {
	mode := optString(L, 3, "bt")
	env := environment(L, 4)
	if s, ok := machine.ToString(L.Get(1)); ok {
		return l.load(L, s, optString(L, 2, s), mode, env)
	}
	fn := checkFunction(L, 1)
	name := optString(L, 2, "=(load)")
	src, problem := readPieces(L, fn)
	if problem != nil {
		L.Push(lua.LNil)
		L.Push(problem)
		return 2
	}
	return l.load(L, src, name, mode, env)
}

// maxSource bounds what a function that gives a chunk piece by piece may give.
const maxSource = 1 << 28

// readPieces calls fn until it gives nil or an empty string, and joins what it gave. problem is what was raised, or nil.
func readPieces(L *lua.LState, fn *lua.LFunction) (text string, problem lua.LValue) {
	var src strings.Builder
	for src.Len() < maxSource {
		L.Push(fn)
		if err := vm.PCall(L, 0, 1, nil); err != nil {
			return "", errorObject(err)
		}
		piece := L.Get(-1)
		L.Pop(1)
		s, ok := machine.ToString(piece)
		if piece == lua.LNil || ok && s == "" {
			return src.String(), nil
		}
		if !ok {
			return "", lua.LString(machine.Where(L, 1) + "reader function must return a string")
		}
		src.WriteString(s)
	}
	return "", lua.LString("not enough memory")
}

// f, err = loadfile([file [, mode [, env]]])
func (l *library) baseLoadFile(L *lua.LState) int {
	file := optString(L, 1, "")
	mode := optString(L, 2, "bt")
	env := environment(L, 3)
	src, name, err := l.readFile(file)
	if err != "" {
		L.Push(lua.LNil)
		return 1 + pushString(L, err)
	}
	return l.load(L, src, name, mode, env)
}

// ... = dofile([file])
func (l *library) baseDoFile(L *lua.LState) int {
	file := optString(L, 1, "")
	src, name, problem := l.readFile(file)
	if problem != "" {
		machine.Throw(L, lua.LString(problem))
	}
	top := L.GetTop()
	if l.load(L, src, name, "bt", nil) != 1 {
		machine.Throw(L, L.Get(-1))
	}
	L.Call(0, lua.MultRet)
	return L.GetTop() - top
}

// readFile reads a Lua file, standard input if the name is empty.
func (l *library) readFile(file string) (src, chunkname, problem string) {
	if file == "" {
		b, err := io.ReadAll(l.Stdin)
		if err != nil {
			return "", "", "cannot read stdin: " + errnoText(err)
		}
		return string(b), "=stdin", ""
	}
	b, err := os.ReadFile(file)
	if err != nil {
		what := "cannot open "
		if errors.Is(err, syscall.EISDIR) {
			what = "cannot read "
		}
		return "", "", what + file + ": " + errnoText(err)
	}
	if l.Loaded != nil {
		l.Loaded(file)
	}
	return string(b), "@" + file, ""
}
