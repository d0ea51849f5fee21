package shdict

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// Register installs ngx.shared with the given zones by name into the ngx table of L. As in
// OpenResty, a dictionary is a table whose [1] is a userdata and whose methods come from a
// metatable that all dictionaries of a Lua state have in common. now is the time that entries expire by.
func Register(L *lua.LState, ngx *lua.LTable, zones map[string]*Zone, now func() time.Time) {
	l := &library{now: now}
	shared := L.CreateTable(0, len(zones))
	ngx.RawSetString("shared", shared)
	methods := L.CreateTable(0, 32)
	for name, fn := range map[string]lua.LGFunction{
		"get_stale":     luaGetStale,
		"delete":        luaDelete,
		"lpush":         pusher("lpush", (*Zone).LPush),
		"rpush":         pusher("rpush", (*Zone).RPush),
		"lpop":          popper("lpop", (*Zone).LPop),
		"rpop":          popper("rpop", (*Zone).RPop),
		"llen":          luaLLen,
		"ttl":           luaTTL,
		"expire":        luaExpire,
		"flush_all":     luaFlushAll,
		"flush_expired": luaFlushExpired,
		"get_keys":      luaGetKeys,
		"capacity":      sizer((*Zone).Capacity),
		"free_space":    sizer((*Zone).FreeSpace),
	} {
		methods.RawSetString(name, L.NewFunction(fn))
	}
	methods.RawSetString("get", machine.NewSeveral(L, l.get, l.quickGet))
	methods.RawSetString("incr", machine.NewSeveral(L, l.incr, l.quickIncr))
	for name, op := range map[string]storeOp{"set": 0, "add": opAdd, "replace": opReplace, "safe_set": opSafe, "safe_add": opAdd | opSafe} {
		methods.RawSetString(name, machine.NewSeveral(L, l.storer(op), l.quickStore(op)))
	}
	methods.RawSetString("__index", methods)
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		dict := L.CreateTable(1, 0)
		ud := L.NewUserData()
		ud.Value = zones[name]
		dict.RawSetInt(1, ud)
		dict.Metatable = methods
		shared.RawSetString(name, dict)
	}
}

// library is this package's side of one worker.
type library struct{ now func() time.Time }

// zoneOf returns the zone of the dictionary v, nil where v is none.
func zoneOf(v lua.LValue) *Zone {
	if dict, ok := v.(*lua.LTable); ok {
		if ud, ok := machine.GetInt(dict, 1).(*lua.LUserData); ok {
			z, _ := ud.Value.(*Zone)
			return z
		}
	}
	return nil
}

// checkZone returns the zone of the first argument or raises an error.
func checkZone(L *lua.LState) *Zone {
	z := zoneOf(L.Get(1))
	if z == nil {
		codec.Raise(L, `bad "zone" argument`)
	}
	return z
}

// fail pushes nil, message.
func fail(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}

// keyArg returns the second argument as a key; problem is what the caller must fail with.
func keyArg(L *lua.LState) (key, problem string) {
	switch v := L.Get(2).(type) {
	case lua.LString:
		key = string(v)
	case *lua.LNilType:
		return "", "nil key"
	default:
		key = codec.ToString(L, v)
	}
	return key, keyProblem(key)
}

func keyProblem(key string) string {
	switch {
	case key == "":
		return "empty key"
	case len(key) > MaxKeyLen:
		return ErrKeyLong.Error()
	}
	return ""
}

func pushValue(L *lua.LState, v Value) {
	switch v.Kind {
	case Boolean:
		L.Push(lua.LBool(v.Num != 0))
	case Number:
		L.Push(machine.Number(L, v.Num))
	case String:
		L.Push(lua.LString(v.Text))
	default:
		L.Push(lua.LNil)
	}
}

// get is value, flags = ngx.shared.DICT:get(key).
func (l *library) get(L *lua.LState) int {
	z := checkZone(L)
	key, problem := keyArg(L)
	if problem != "" {
		return fail(L, problem)
	}
	var room [256]byte
	v, text, err := z.appendGet(key, room[:0], l.now().UnixMilli())
	if err != nil {
		return fail(L, err.Error())
	}
	if v.Kind == String {
		L.Push(machine.CopyString(text))
	} else {
		pushValue(L, v)
	}
	if v.Flags == 0 {
		return 1
	}
	L.Push(lua.LNumber(v.Flags))
	return 2
}

// luaGetStale is value, flags, stale = ngx.shared.DICT:get_stale(key).
func luaGetStale(L *lua.LState) int {
	z := checkZone(L)
	key, problem := keyArg(L)
	if problem != "" {
		return fail(L, problem)
	}
	v, stale, err := z.GetStale(key)
	if err != nil {
		return fail(L, err.Error())
	}
	pushValue(L, v)
	if v.Kind == Nil {
		return 1
	}
	if v.Flags != 0 {
		L.Push(lua.LNumber(v.Flags))
	} else {
		L.Push(lua.LNil)
	}
	L.Push(lua.LBool(stale))
	return 3
}

// storer makes the Lua function for success, err, forcible = ngx.shared.DICT:set(key,
// value, exptime?, flags?) and its kin.
func (l *library) storer(op storeOp) lua.LGFunction {
	return func(L *lua.LState) int {
		z := checkZone(L)
		ttl := int64(0)
		switch v := L.Get(4).(type) {
		case lua.LNumber:
			if v < 0 {
				codec.Raise(L, `bad "exptime" argument`)
			}
			ttl = millis(float64(v))
		default:
			if !lua.LVIsFalse(v) {
				codec.Raise(L, "attempt to compare "+v.Type().String()+" with number")
			}
		}
		key, problem := keyArg(L)
		if problem != "" {
			return fail(L, problem)
		}
		v, ok := valueArg(L.Get(3))
		if !ok {
			return fail(L, "bad value type")
		}
		v.Flags = flagsArg(L, 5)
		forcible, err := z.store(key, v, ttl, op, l.now().UnixMilli())
		return storeResult(L, forcible, err)
	}
}

func storeResult(L *lua.LState, forcible bool, err error) int {
	L.Push(lua.LBool(err == nil))
	if err != nil {
		L.Push(lua.LString(err.Error()))
	} else {
		L.Push(lua.LNil)
	}
	L.Push(lua.LBool(forcible))
	return 3
}

// valueArg turns a Lua value into one that a zone can hold.
func valueArg(v lua.LValue) (Value, bool) {
	switch v := v.(type) {
	case lua.LString:
		return StringValue(string(v)), true
	case lua.LNumber:
		return NumberValue(float64(v)), true
	case lua.LBool:
		return BoolValue(bool(v)), true
	case *lua.LNilType:
		return Value{}, true
	}
	return Value{}, false
}

// flagsArg converts argument n to the C int that OpenResty's FFI makes of it.
func flagsArg(L *lua.LState, n int) int32 {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		return int32(int64(v))
	case lua.LBool:
		if v {
			return 1
		}
	case *lua.LNilType:
	default:
		codec.Raise(L, "bad argument #10 to 'ngx_lua_ffi_shdict_store' (cannot convert '"+v.Type().String()+"' to 'int')")
	}
	return 0
}

// millis converts seconds as OpenResty does: what a C long cannot hold never expires.
func millis(seconds float64) int64 {
	ms := seconds * 1000
	if math.IsNaN(ms) || ms >= math.MaxInt64 || ms <= math.MinInt64 {
		return 0
	}
	return int64(ms)
}

// luaDelete is ngx.shared.DICT:delete(key).
func luaDelete(L *lua.LState) int {
	z := checkZone(L)
	key, problem := keyArg(L)
	if problem != "" {
		return fail(L, problem)
	}
	z.Delete(key)
	return storeResult(L, false, nil)
}

// incr is newval, err, forcible? = ngx.shared.DICT:incr(key, value, init?, init_ttl?).
func (l *library) incr(L *lua.LState) int {
	z := checkZone(L)
	key, problem := keyArg(L)
	if problem != "" {
		return fail(L, problem)
	}
	delta, ok := machine.ToNumber(L.Get(3))
	if !ok {
		codec.Raise(L, "cannot convert 'nil' to 'double'")
	}
	hasInit := !lua.LVIsFalse(L.Get(4))
	init := 0.0
	if hasInit {
		if init, ok = machine.ToNumber(L.Get(4)); !ok {
			codec.Raise(L, "bad init arg: number expected, got "+L.Get(4).Type().String())
		}
	}
	ttl := int64(0)
	if L.Get(5) != lua.LNil {
		seconds, ok := machine.ToNumber(L.Get(5))
		switch {
		case !ok:
			codec.Raise(L, "bad init_ttl arg: number expected, got "+L.Get(5).Type().String())
		case seconds < 0:
			codec.Raise(L, `bad "init_ttl" argument`)
		case !hasInit:
			codec.Raise(L, `must provide "init" when providing "init_ttl"`)
		}
		ttl = millis(seconds)
	}
	if !hasInit {
		sum, _, err := z.incr(key, delta, nil, 0, l.now().UnixMilli())
		if err != nil {
			return fail(L, err.Error())
		}
		L.Push(machine.Number(L, sum))
		return 1
	}
	sum, forcible, err := z.incr(key, delta, &init, ttl, l.now().UnixMilli())
	if err != nil {
		return fail(L, err.Error())
	}
	L.Push(machine.Number(L, sum))
	L.Push(lua.LNil)
	L.Push(lua.LBool(forcible))
	return 3
}

// luaTTL is ttl, err = ngx.shared.DICT:ttl(key).
func luaTTL(L *lua.LState) int {
	z := checkZone(L)
	key, problem := keyArg(L)
	if problem != "" {
		return fail(L, problem)
	}
	ttl, ok := z.TTL(key)
	if !ok {
		return fail(L, ErrNotFound.Error())
	}
	L.Push(lua.LNumber(float64(ttl) / 1000))
	return 1
}

// luaExpire is success, err = ngx.shared.DICT:expire(key, exptime).
func luaExpire(L *lua.LState) int {
	z := checkZone(L)
	exptime := L.Get(3)
	if lua.LVIsFalse(exptime) {
		codec.Raise(L, `bad "exptime" argument`)
	}
	key, problem := keyArg(L)
	if problem != "" {
		return fail(L, problem)
	}
	seconds, ok := machine.ToNumber(exptime)
	if !ok {
		codec.Raise(L, "attempt to perform arithmetic on local 'exptime' (a "+exptime.Type().String()+" value)")
	}
	if !z.Expire(key, millis(seconds)) {
		return fail(L, ErrNotFound.Error())
	}
	L.Push(lua.LTrue)
	return 1
}

// luaFlushAll is ngx.shared.DICT:flush_all().
func luaFlushAll(L *lua.LState) int {
	checkZone(L).FlushAll()
	return 0
}

// sizer makes the Lua function for ngx.shared.DICT:capacity() and :free_space().
func sizer(size func(*Zone) int) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(size(checkZone(L))))
		return 1
	}
}

// limitArgs checks the arguments of get_keys and flush_expired and returns the limit.
func limitArgs(L *lua.LState, name string, limit int) (*Zone, int) {
	n := L.GetTop()
	if n != 1 && n != 2 {
		codec.Raise(L, "expecting 1 or 2 argument(s), but saw "+strconv.Itoa(n))
	}
	codec.CheckTable(L, 1, name)
	z := zoneOf(L.Get(1))
	if z == nil {
		codec.Raise(L, "bad user data for the ngx_shm_zone_t pointer")
	}
	if n == 2 {
		f, ok := machine.ToNumber(L.Get(2))
		if !ok {
			codec.ArgError(L, 1, name, "number expected, got "+codec.TypeName(L, 2))
		}
		limit = int(f)
	}
	return z, limit
}

// luaFlushExpired is flushed = ngx.shared.DICT:flush_expired(max_count?).
func luaFlushExpired(L *lua.LState) int {
	z, limit := limitArgs(L, "flush_expired", 0)
	L.Push(lua.LNumber(z.FlushExpired(limit)))
	return 1
}

// defaultKeys is how many keys get_keys returns where no limit is given.
const defaultKeys = 1024

// luaGetKeys is keys = ngx.shared.DICT:get_keys(max_count?).
func luaGetKeys(L *lua.LState) int {
	z, limit := limitArgs(L, "get_keys", defaultKeys)
	keys := z.Keys(limit)
	tab := L.CreateTable(len(keys), 0)
	for _, key := range keys {
		tab.Append(lua.LString(key))
	}
	L.Push(tab)
	return 1
}
