package machine

import lua "github.com/yuin/gopher-lua"

func getGlobal(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	key := protoOf(cf.Fn.Proto).stringConstants[bxOf(inst)]
	env := tableOf(cf.Fn.Env)
	v, ok := env.strdict[key]
	if !ok {
		v = lua.LNil
		if _, meta := env.Metatable.(*lua.LTable); meta {
			v = s.index(L, cf.Fn.Env, cf.Fn.Proto.Constants[bxOf(inst)], -1)
		}
	}
	s.set(cf.LocalBase+aOf(inst), v)
	return 0
}

func setGlobal(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	v := s.reg.array[cf.LocalBase+aOf(inst)]
	if _, meta := cf.Fn.Env.Metatable.(*lua.LTable); !meta {
		setString(cf.Fn.Env, protoOf(cf.Fn.Proto).stringConstants[bxOf(inst)], cf.Fn.Proto.Constants[bxOf(inst)], v)
		return 0
	}
	s.setIndex(L, cf.Fn.Env, cf.Fn.Proto.Constants[bxOf(inst)], v, -1)
	return 0
}

func getField(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	obj := s.reg.array[cf.LocalBase+bOf(inst)]
	if t, ok := obj.(*lua.LTable); ok {
		if v, ok := tableOf(t).strdict[s.name(cf, cOf(inst))]; ok {
			s.set(cf.LocalBase+aOf(inst), v)
			return 0
		}
		mt, meta := t.Metatable.(*lua.LTable)
		if !meta {
			s.set(cf.LocalBase+aOf(inst), lua.LNil)
			return 0
		}
		if v, ok := quickly(mt, s.operand(cf, cOf(inst))); ok {
			s.set(cf.LocalBase+aOf(inst), v)
			return 0
		}
	}
	v := s.index(L, obj, s.operand(cf, cOf(inst)), bOf(inst))
	s.set(cf.LocalBase+aOf(inst), v)
	return 0
}

func self(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	obj := s.reg.array[cf.LocalBase+bOf(inst)]
	var v lua.LValue
	if t, ok := obj.(*lua.LTable); ok {
		name := s.name(cf, cOf(inst))
		for range maxChain {
			if v, ok = tableOf(t).strdict[name]; ok {
				break
			}
			mt, ok := t.Metatable.(*lua.LTable)
			if !ok {
				break
			}
			if t, ok = tableOf(mt).strdict["__index"].(*lua.LTable); !ok {
				break
			}
		}
	}
	if v == nil {
		v = s.index(L, obj, s.operand(cf, cOf(inst)), bOf(inst))
	}
	target := cf.LocalBase + aOf(inst)
	s.set(target, v)
	s.set(target+1, obj)
	return 0
}

func getTable(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	obj, key := s.reg.array[cf.LocalBase+bOf(inst)], s.operand(cf, cOf(inst))
	if t, ok := obj.(*lua.LTable); ok {
		v := Get(t, key)
		mt, meta := t.Metatable.(*lua.LTable)
		if !meta || !isNil(v) {
			s.set(cf.LocalBase+aOf(inst), v)
			return 0
		}
		if v, ok := quickly(mt, key); ok {
			s.set(cf.LocalBase+aOf(inst), v)
			return 0
		}
	}
	v := s.index(L, obj, key, bOf(inst))
	s.set(cf.LocalBase+aOf(inst), v)
	return 0
}

func setTable(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	obj, key, v := s.reg.array[cf.LocalBase+aOf(inst)], s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if t, ok := obj.(*lua.LTable); ok {
		mt, meta := t.Metatable.(*lua.LTable)
		if !meta {
			s.store(L, t, key, v)
			return 0
		}
		if isNil(Get(t, key)) && storeQuickly(mt, key, v) {
			return 0
		}
	}
	s.setIndex(L, obj, key, v, aOf(inst))
	return 0
}

func setField(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	obj, v := s.reg.array[cf.LocalBase+aOf(inst)], s.operand(cf, cOf(inst))
	if t, ok := obj.(*lua.LTable); ok {
		mt, meta := t.Metatable.(*lua.LTable)
		if !meta {
			setString(t, s.name(cf, bOf(inst)), s.operand(cf, bOf(inst)), v)
			return 0
		}
		if _, there := tableOf(t).strdict[s.name(cf, bOf(inst))]; !there && storeQuickly(mt, s.operand(cf, bOf(inst)), v) {
			return 0
		}
	}
	s.setIndex(L, obj, s.operand(cf, bOf(inst)), v, aOf(inst))
	return 0
}

// index is obj[key] in full; reg is where obj is, for messages.
func (s *state) index(L *lua.LState, obj, key lua.LValue, reg int) lua.LValue {
	for range maxChain {
		var handler lua.LValue
		if t, ok := obj.(*lua.LTable); ok {
			if v := Get(t, key); !isNil(v) {
				return v
			}
			mt, ok := t.Metatable.(*lua.LTable)
			if !ok {
				return lua.LNil
			}
			if handler = tableOf(mt).strdict["__index"]; handler == nil {
				return lua.LNil
			}
		} else if handler = s.metamethod(obj, "__index"); isNil(handler) {
			failOperand(L, reg, obj, "index")
		}
		if fn, ok := handler.(*lua.LFunction); ok {
			if a := accessorOf(fn); a != nil && a.get != nil {
				if v, ok := a.get(key); ok {
					return v
				}
			}
			return s.apply(L, handler, obj, key)
		}
		obj, reg = handler, -1
	}
	fail(L, "loop in gettable")
	return nil
}

// setIndex is obj[key] = v in full.
func (s *state) setIndex(L *lua.LState, obj, key, v lua.LValue, reg int) {
	for range maxChain {
		var handler lua.LValue
		if t, ok := obj.(*lua.LTable); ok {
			mt, ok := t.Metatable.(*lua.LTable)
			if ok {
				handler = tableOf(mt).strdict["__newindex"]
			}
			if handler == nil || !isNil(Get(t, key)) {
				s.store(L, t, key, v)
				return
			}
		} else if handler = s.metamethod(obj, "__newindex"); isNil(handler) {
			failOperand(L, reg, obj, "index")
		}
		if _, ok := handler.(*lua.LFunction); ok {
			L.Push(handler)
			L.Push(obj)
			L.Push(key)
			L.Push(v)
			Invoke(L, 3, 0)
			return
		}
		obj, reg = handler, -1
	}
	fail(L, "loop in settable")
}

// store is a raw assignment, which refuses nil and nan as keys.
func (s *state) store(L *lua.LState, t *lua.LTable, key, v lua.LValue) {
	if problem := Set(t, key, v); problem != "" {
		fail(L, "%s", problem)
	}
}

// Index is obj[key], metamethods included.
func Index(L *lua.LState, obj, key lua.LValue) lua.LValue { return stateOf(L).index(L, obj, key, -1) }

// SetIndex is obj[key] = v, metamethods included.
func SetIndex(L *lua.LState, obj, key, v lua.LValue) { stateOf(L).setIndex(L, obj, key, v, -1) }
