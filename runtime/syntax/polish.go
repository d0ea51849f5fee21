package syntax

import (
	"reflect"
	"strings"
	"sync"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// polish does what is done best when a function is complete: jumps to jumps go straight to the end, runs of moves
// become one instruction, and the names that instructions look up are laid out as the interpreter wants them.
func polish(proto *lua.FunctionProto) {
	code := proto.Code
	moves := 0
	for pc := 0; pc < len(code); pc++ {
		i := code[pc]
		op := opOf(i)
		if op == lua.OP_MOVE {
			moves++
			continue
		}
		mergeMoves(code, pc, moves)
		moves = 0
		switch op {
		case lua.OP_JMP:
			code[pc] = straighten(code, pc)
		case lua.OP_CLOSURE:
			pc += int(proto.FunctionPrototypes[i&maxBx].NumUpvalues)
		case lua.OP_SETLIST:
			if cOf(i) == 0 {
				pc++
			}
		}
	}
	setNames(proto)
}

func mergeMoves(code []uint32, end, n int) {
	if n > 1 && n <= constBit {
		first := &code[end-n]
		*first = abc(lua.OP_MOVEN, aOf(*first), bOf(*first), n-1)
	}
}

// straighten follows a chain of jumps. The number of steps is bounded, for a loop may jump to itself.
func straighten(code []uint32, pc int) uint32 {
	target := pc + 1 + sbxOf(code[pc])
	for range 16 {
		if target >= len(code) || opOf(code[target]) != lua.OP_JMP {
			break
		}
		target += 1 + sbxOf(code[target])
	}
	if offset := target - pc - 1; offset <= maxSBx && offset >= -maxSBx {
		return abx(lua.OP_JMP, 0, offset+maxSBx)
	}
	return code[pc]
}

// namesOffset is where a prototype keeps its constants as plain strings. gopher-lua's compiler alone can set that
// field, hence the detour.
var namesOffset = func() uintptr {
	f, ok := reflect.TypeFor[lua.FunctionProto]().FieldByName("stringConstants")
	if !ok || f.Type != reflect.TypeFor[[]string]() {
		panic("syntax: this version of gopher-lua is not supported")
	}
	return f.Offset
}()

func setNames(proto *lua.FunctionProto) {
	names := make([]string, len(proto.Constants))
	for i, v := range proto.Constants {
		if s, ok := v.(lua.LString); ok {
			names[i] = shared(string(s))
		}
	}
	*(*[]string)(unsafe.Add(unsafe.Pointer(proto), namesOffset)) = names
}

// names are the constants that are likely field names, so that the same name is the same piece of memory in all code.
var names struct {
	sync.Mutex
	known map[string]string
}

const (
	longestName = 32
	mostNames   = 8192
)

func shared(s string) string {
	if len(s) > longestName {
		return s
	}
	names.Lock()
	defer names.Unlock()
	if known, ok := names.known[s]; ok {
		return known
	}
	if names.known == nil {
		names.known = make(map[string]string)
	}
	if len(names.known) < mostNames {
		s = strings.Clone(s)
		names.known[s] = s
	}
	return s
}
