package vm

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// layout is where gopher-lua keeps what the host must reach and cannot by its exported API: the call stack (replaced by
// ours), the running frame and the flag that keeps errors from closing upvalues too early. It is read once by reflection
// and checked, so that another version of gopher-lua stops NewGroup with an error and does nothing worse.
type layout struct {
	stack, reg, currentFrame, hasErrorFunc, uvcache uintptr
	regTop, regArray, regGrowBy, regMaxSize         uintptr
	stackType                                       reflect.Type
	itab                                            unsafe.Pointer
}

type iface struct{ itab, data unsafe.Pointer }

var lay layout

var checkLayout = sync.OnceValue(func() (err error) {
	state := reflect.TypeFor[lua.LState]()
	offset := func(t reflect.Type, name, typ string) (uintptr, reflect.Type) {
		f, ok := t.FieldByName(name)
		if !ok || f.Type.String() != typ {
			if err == nil {
				err = fmt.Errorf("gopher-lua: %v has no field %s of type %s: this version is not supported", t, name, typ)
			}
			return 0, reflect.TypeFor[struct{}]()
		}
		return f.Offset, f.Type
	}
	lay.stack, lay.stackType = offset(state, "stack", "lua.callFrameStack")
	var regType, frameType reflect.Type
	lay.reg, regType = offset(state, "reg", "*lua.registry")
	lay.currentFrame, frameType = offset(state, "currentFrame", "*lua.callFrame")
	lay.hasErrorFunc, _ = offset(state, "hasErrorFunc", "bool")
	lay.uvcache, _ = offset(state, "uvcache", "*lua.Upvalue")
	if err != nil {
		return err
	}
	lay.regTop, _ = offset(regType.Elem(), "top", "int")
	lay.regArray, _ = offset(regType.Elem(), "array", "[]lua.LValue")
	lay.regGrowBy, _ = offset(regType.Elem(), "growBy", "int")
	lay.regMaxSize, _ = offset(regType.Elem(), "maxSize", "int")
	if err != nil {
		return err
	}
	theirs, ours := frameType.Elem(), reflect.TypeFor[frame]()
	if theirs.NumField() != ours.NumField() || theirs.Size() != ours.Size() {
		return fmt.Errorf("gopher-lua: %v has another layout: this version is not supported", theirs)
	}
	for i := range ours.NumField() {
		a, b := theirs.Field(i), ours.Field(i)
		if a.Name != b.Name || a.Offset != b.Offset || a.Type.Kind() != b.Type.Kind() {
			return fmt.Errorf("gopher-lua: %v.%s is not where it was: this version is not supported", theirs, a.Name)
		}
	}
	var L lua.LState
	s, _ := newStackOf(L.RemoveCallerFrame, 1)
	if !reflect.TypeOf(s).Implements(lay.stackType) {
		return fmt.Errorf("gopher-lua: %v has other methods: this version is not supported", lay.stackType)
	}
	stack := reflect.NewAt(lay.stackType, unsafe.Add(unsafe.Pointer(&L), lay.stack)).Elem()
	stack.Set(reflect.ValueOf(s))
	lay.itab = (*iface)(stack.Addr().UnsafePointer()).itab
	return err
})

// installStack gives L a call stack of ours.
func installStack(L *lua.LState, limit int) *frameStack {
	_, s := newStackOf(L.RemoveCallerFrame, limit)
	*(*iface)(unsafe.Add(unsafe.Pointer(L), lay.stack)) = iface{lay.itab, unsafe.Pointer(s)}
	return s
}

// stackOfState returns L's call stack, or nil when L is not one of this package's states.
func stackOfState(L *lua.LState) *frameStack {
	i := (*iface)(unsafe.Add(unsafe.Pointer(L), lay.stack))
	if i.itab != lay.itab || lay.itab == nil {
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

// registrySlots returns how many value slots L's stack has grown to.
func registrySlots(L *lua.LState) int {
	reg := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(L), lay.reg))
	return cap(*(*[]lua.LValue)(unsafe.Add(reg, lay.regArray)))
}

// setGrowBy sets by how many slots L's stack grows at a time.
func setGrowBy(L *lua.LState, slots int) {
	reg := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(L), lay.reg))
	*(*int)(unsafe.Add(reg, lay.regGrowBy)) = slots
}

// addMaxSlots moves the limit of L's stack by n slots.
func addMaxSlots(L *lua.LState, n int) {
	reg := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(L), lay.reg))
	*(*int)(unsafe.Add(reg, lay.regMaxSize)) += n
}

// closeUpvalues detaches the closures that captured L's stack slots from idx on.
//
//go:linkname closeUpvalues github.com/yuin/gopher-lua.(*LState).closeUpvalues
func closeUpvalues(L *lua.LState, idx int)
