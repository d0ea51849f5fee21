package vm

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// layout is where gopher-lua keeps what the host must reach and cannot by its exported API: the call stack (replaced by
// ours), the value stack (so that a state is made in one allocation of 3.5 KB, not in 21 of 11 KB), the running frame and the
// flag that keeps errors from closing upvalues too early. It is read once by reflection and checked, so that another version of gopher-lua stops
// NewGroup with an error and does nothing worse.
type layout struct {
	stack, reg, currentFrame, hasErrorFunc, uvcache uintptr
	stackItab                                       unsafe.Pointer
}

type iface struct{ itab, data unsafe.Pointer }

// registry has the layout of gopher-lua's type of that name.
type registry struct {
	array   []lua.LValue
	top     int
	growBy  int
	maxSize int
	alloc   unsafe.Pointer
	handler iface
}

var lay layout

var checkLayout = sync.OnceValue(func() error {
	state := reflect.TypeFor[lua.LState]()
	var missing error
	field := func(name, typ string) (uintptr, reflect.Type) {
		f, ok := state.FieldByName(name)
		if !ok || f.Type.String() != typ {
			missing = fmt.Errorf("gopher-lua: LState has no field %s of type %s: this version is not supported", name, typ)
			return 0, reflect.TypeFor[*struct{}]()
		}
		return f.Offset, f.Type
	}
	var stackType, regType, frameType reflect.Type
	lay.stack, stackType = field("stack", "lua.callFrameStack")
	lay.reg, regType = field("reg", "*lua.registry")
	lay.currentFrame, frameType = field("currentFrame", "*lua.callFrame")
	lay.hasErrorFunc, _ = field("hasErrorFunc", "bool")
	lay.uvcache, _ = field("uvcache", "*lua.Upvalue")
	if missing != nil {
		return missing
	}
	if err := sameLayout(frameType.Elem(), reflect.TypeFor[frame]()); err != nil {
		return err
	}
	if err := sameLayout(regType.Elem(), reflect.TypeFor[registry]()); err != nil {
		return err
	}
	var L lua.LState
	s := newStackOf(L.RemoveCallerFrame)
	if !reflect.TypeOf(s).Implements(stackType) {
		return fmt.Errorf("gopher-lua: %v has other methods: this version is not supported", stackType)
	}
	stack := reflect.NewAt(stackType, unsafe.Add(unsafe.Pointer(&L), lay.stack)).Elem()
	stack.Set(reflect.ValueOf(s))
	lay.stackItab = (*iface)(stack.Addr().UnsafePointer()).itab
	return nil
})

func sameLayout(theirs, ours reflect.Type) error {
	if theirs.Kind() != reflect.Struct || theirs.NumField() != ours.NumField() || theirs.Size() != ours.Size() {
		return fmt.Errorf("gopher-lua: %v has another layout: this version is not supported", theirs)
	}
	for i := range ours.NumField() {
		a, b := theirs.Field(i), ours.Field(i)
		if a.Name != b.Name || a.Offset != b.Offset || a.Type.Size() != b.Type.Size() {
			return fmt.Errorf("gopher-lua: %v.%s is not where it was: this version is not supported", theirs, a.Name)
		}
	}
	return nil
}

// body is a Lua state with all that it needs at first: what a thread or coroutine runs on.
type body struct {
	L     lua.LState
	stack frameStack
	reg   registry
	slots [registrySlots]lua.LValue
}

// init makes b a state of from's VM, with from's options and context.
func (b *body) init(from *lua.LState, maxFrames int) {
	b.L = *from
	b.stack.limit = maxFrames
	b.stack.chunk = b.stack.first[:]
	b.stack.reg = &b.reg
	theirs := registryOf(from)
	b.reg = registry{
		array:   b.slots[:],
		growBy:  registryStep,
		maxSize: theirs.maxSize,
		alloc:   theirs.alloc, // a worker's states never run at once
		handler: iface{theirs.handler.itab, unsafe.Pointer(&b.L)},
	}
	p := unsafe.Pointer(&b.L)
	*(*iface)(unsafe.Add(p, lay.stack)) = iface{lay.stackItab, unsafe.Pointer(&b.stack)}
	*(*unsafe.Pointer)(unsafe.Add(p, lay.reg)) = unsafe.Pointer(&b.reg)
	*(*unsafe.Pointer)(unsafe.Add(p, lay.uvcache)) = nil
	*currentFrame(&b.L) = nil
	*hasErrorFunc(&b.L) = true
	b.L.Panic = raise
}

// stackOfState returns L's call stack, or nil when L is not one of this package's states.
func stackOfState(L *lua.LState) *frameStack {
	i := (*iface)(unsafe.Add(unsafe.Pointer(L), lay.stack))
	if i.itab != lay.stackItab || i.itab == nil {
		return nil
	}
	return (*frameStack)(i.data)
}

func currentFrame(L *lua.LState) **frame {
	return (**frame)(unsafe.Add(unsafe.Pointer(L), lay.currentFrame))
}

func hasErrorFunc(L *lua.LState) *bool {
	return (*bool)(unsafe.Add(unsafe.Pointer(L), lay.hasErrorFunc))
}

func openUpvalues(L *lua.LState) bool {
	return *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(L), lay.uvcache)) != nil
}

func registryOf(L *lua.LState) *registry {
	return *(**registry)(unsafe.Add(unsafe.Pointer(L), lay.reg))
}

// closeUpvalues detaches the closures that captured L's stack slots from idx on.
//
//go:linkname closeUpvalues github.com/yuin/gopher-lua.(*LState).closeUpvalues
func closeUpvalues(L *lua.LState, idx int)
