package ffi

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"moongate/runtime/machine"
)

// function is a C function: one with a Go counterpart, or a name that cannot be called.
type function struct {
	name string
	call func(lib *library, L *lua.LState, args int) lua.LValue
}

// libc is what can be called. Arguments stand at 1 and up.
var libc = map[string]func(lib *library, L *lua.LState, args int) lua.LValue{
	"strlen": func(lib *library, L *lua.LState, _ int) lua.LValue {
		return box64(uint64(len(lib.textArg(L, 1))), true)
	},
	"strcmp": func(lib *library, L *lua.LState, _ int) lua.LValue {
		return lua.LNumber(bytes.Compare(lib.textArg(L, 1), lib.textArg(L, 2)))
	},
	"strncmp": func(lib *library, L *lua.LState, _ int) lua.LValue {
		n := max(intArg(L, 3), 0)
		a, b := lib.textArg(L, 1), lib.textArg(L, 2)
		return lua.LNumber(bytes.Compare(a[:min(n, len(a))], b[:min(n, len(b))]))
	},
	"memcmp": func(lib *library, L *lua.LState, _ int) lua.LValue {
		n := intArg(L, 3)
		return lua.LNumber(bytes.Compare(lib.bytesArg(L, 1, n), lib.bytesArg(L, 2, n)))
	},
	"memcpy":  moveMemory,
	"memmove": moveMemory,
	"memset": func(lib *library, L *lua.LState, _ int) lua.LValue {
		d := lib.pointerArg(L, 1, voidStar, false)
		c := byte(intArg(L, 2))
		b := lib.room(L, d.mem, d.off, intArg(L, 3), d.bits)
		writable(L, d.mem)
		for i := range b {
			b[i] = c
		}
		return lib.wrap(d)
	},
	"clock_gettime": func(lib *library, L *lua.LState, _ int) lua.LValue {
		var at unix.Timespec
		if err := unix.ClockGettime(int32(intArg(L, 1)), &at); err != nil {
			lib.errno = int(unix.EINVAL)
			return lua.LNumber(-1)
		}
		d := lib.pointerArg(L, 2, voidStar, false)
		lib.store(L, typeInt64, d.mem, d.off, d.bits, lua.LNumber(at.Sec))
		lib.store(L, typeInt64, d.mem, d.off+wordSize, d.bits, lua.LNumber(at.Nsec))
		return lua.LNumber(0)
	},
	// nginx's: digits of len bytes at src are written to dst, where the pointer behind them is the result.
	"ngx_hex_dump": func(lib *library, L *lua.LState, _ int) lua.LValue {
		src := lib.bytesArg(L, 2, intArg(L, 3))
		d := lib.pointerArg(L, 1, typeBytePointer, false)
		writable(L, d.mem)
		n := hex.Encode(lib.room(L, d.mem, d.off, hex.EncodedLen(len(src)), d.bits), src)
		d.off += n
		return lib.wrap(d)
	},
	"RAND_bytes":        randomBytes,
	"RAND_pseudo_bytes": randomBytes,
	"getppid":           func(*library, *lua.LState, int) lua.LValue { return lua.LNumber(os.Getppid()) },
	"gethostname": func(lib *library, L *lua.LState, _ int) lua.LValue {
		name, err := os.Hostname()
		d := lib.pointerArg(L, 1, voidStar, false)
		b := lib.room(L, d.mem, d.off, intArg(L, 2), d.bits)
		writable(L, d.mem)
		if err != nil || len(name) >= len(b) {
			lib.errno = int(unix.ENAMETOOLONG)
			return lua.LNumber(-1)
		}
		b[copy(b, name)] = 0
		return lua.LNumber(0)
	},
	"getpid": func(*library, *lua.LState, int) lua.LValue { return lua.LNumber(os.Getpid()) },
	"time": func(lib *library, L *lua.LState, args int) lua.LValue {
		now := time.Now().Unix()
		if args > 0 && L.Get(1) != lua.LNil {
			d := lib.pointerArg(L, 1, voidStar, false)
			if d.mem != nil || d.bits != 0 {
				lib.store(L, typeInt64, d.mem, d.off, d.bits, lua.LNumber(now))
			}
		}
		return box64(uint64(now), false)
	},
	"gettimeofday": func(lib *library, L *lua.LState, _ int) lua.LValue {
		now := time.Now()
		d := lib.pointerArg(L, 1, voidStar, false)
		lib.store(L, typeInt64, d.mem, d.off, d.bits, lua.LNumber(now.Unix()))
		lib.store(L, typeInt64, d.mem, d.off+wordSize, d.bits, lua.LNumber(now.Nanosecond()/1000))
		return lua.LNumber(0)
	},
	"strerror": func(lib *library, L *lua.LState, _ int) lua.LValue {
		s := syscall.Errno(intArg(L, 1)).Error()
		return lib.wrap(data{typ: pointerTo(typeChar), mem: stringBlock(strings.ToUpper(s[:1]) + s[1:])})
	},
}

// randomBytes is OpenSSL's: n bytes at a pointer, 1 for success.
func randomBytes(lib *library, L *lua.LState, _ int) lua.LValue {
	d := lib.pointerArg(L, 1, typeBytePointer, false)
	b := lib.room(L, d.mem, d.off, intArg(L, 2), d.bits)
	writable(L, d.mem)
	rand.Read(b) //nolint:errcheck // it never fails
	return lua.LNumber(1)
}

func moveMemory(lib *library, L *lua.LState, _ int) lua.LValue {
	d, s := lib.pointerArg(L, 1, voidStar, false), lib.pointerArg(L, 2, constVoid, false)
	n := intArg(L, 3)
	from, to := lib.room(L, s.mem, s.off, n, s.bits), lib.room(L, d.mem, d.off, n, d.bits)
	writable(L, d.mem)
	copy(to, from)
	return lib.wrap(d)
}

func (lib *library) textArg(L *lua.LState, n int) []byte {
	d := lib.pointerArg(L, n, constChar, false)
	return lib.text(L, &d)
}

func (lib *library) bytesArg(L *lua.LState, n, size int) []byte {
	d := lib.pointerArg(L, n, constVoid, false)
	return lib.room(L, d.mem, d.off, size, d.bits)
}

// hints name what to use instead of C functions; a name that ends in * is a prefix.
var hints = []struct{ name, instead string }{
	{"malloc", "ffi.new"}, {"calloc", "ffi.new"}, {"realloc", "ffi.new"}, {"free", "ffi.new, whose memory needs no free"},
	{"usleep", "ngx.sleep"}, {"sleep", "ngx.sleep"}, {"nanosleep", "ngx.sleep"}, {"poll", "ngx.sleep"}, {"select", "ngx.sleep"},
	{"ngx_http_lua_ffi_*", "the table ngx"}, {"ngx_md5*", "ngx.md5_bin"}, {"ngx_*", "the table ngx"},
	{"MD5*", "ngx.md5_bin"}, {"SHA1*", "ngx.sha1_bin"}, {"HMAC*", "ngx.hmac_sha1"}, {"crc32*", "ngx.crc32_long"},
	{"open", "module io"}, {"fopen", "module io"}, {"read", "module io"}, {"write", "module io"}, {"close", "module io"}, {"unlink", "os.remove"},
	{"rename", "os.rename"}, {"getenv", "os.getenv"}, {"setenv", "the directive env"}, {"system", "os.execute"}, {"popen", "io.popen"},
	{"printf", "print or ngx.log"}, {"puts", "print or ngx.log"}, {"syslog", "ngx.log"},
	{"socket", "ngx.socket.tcp"}, {"connect", "ngx.socket.tcp"}, {"send", "ngx.socket.tcp"}, {"recv", "ngx.socket.tcp"},
	{"getaddrinfo", "ngx.socket.tcp, which resolves names itself"},
	{"pcre*", "ngx.re"}, {"inflate*", "the directive gunzip"}, {"deflate*", "the directive gzip"},
	{"EVP_*", "ngx.hmac_sha1, ngx.sha1_bin or ngx.md5_bin"},
	{"SSL_*", "sslhandshake of a cosocket"}, {"curl_*", "module resty.http"}, {"getpwnam", "the directive user"},
}

func hint(name string) string {
	for _, h := range hints {
		prefix, isPrefix := strings.CutSuffix(h.name, "*")
		if h.name == name || isPrefix && strings.HasPrefix(name, prefix) {
			return "; use " + h.instead + " instead"
		}
	}
	return ""
}

// invoke calls a C function with the arguments behind it.
func (lib *library) invoke(L *lua.LState, d *data) int {
	L.Remove(1)
	args := L.GetTop()
	if f := d.function; f.call != nil {
		if args < len(d.typ.params) || args > len(d.typ.params) && !d.typ.variadic {
			machine.Errorf(L, "wrong number of arguments for function call")
		}
		L.Push(f.call(lib, L, args))
		return 1
	}
	machine.Errorf(L, "ffi: C function '%s' cannot be called: moongate has no native code%s", d.function.name, hint(d.function.name))
	return 0
}

// clib = ffi.load(name [, global])
//
// Deviation: any name will do, as nothing is loaded; the complaint comes with the first call.
func (lib *library) loadLibrary(L *lua.LState) int {
	name, ok := machine.ToString(L.Get(1))
	if !ok {
		machine.TypeError(L, 1, "string")
	}
	L.Push(lib.namespace(L, name))
	return 1
}

// clib is the value of ffi.C and of libraries.
type clib struct{ name string }

// namespace makes a userdata with the declared symbols.
func (lib *library) namespace(L *lua.LState, name string) *lua.LUserData {
	ud := L.NewUserData()
	ud.Value = &clib{name}
	ud.Metatable = functionTable(L, map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			L.Push(lib.symbol(L, L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			lib.symbol(L, L.Get(2))
			machine.Errorf(L, "attempt to write to constant location")
			return 0
		},
	})
	return ud
}

func (lib *library) symbol(L *lua.LState, key lua.LValue) lua.LValue {
	k, ok := key.(lua.LString)
	if !ok {
		machine.TypeError(L, 2, "string")
	}
	name := string(k)
	s := lib.decls.symbols[name]
	switch {
	case s == nil:
		machine.Errorf(L, "missing declaration for symbol '%s'", name)
	case s.constant:
		return machine.Number(L, float64(s.value))
	case s.typ.kind != kindFunction:
		machine.Errorf(L, "ffi: C variable '%s' cannot be used: moongate has no native code", name)
	}
	if ud := lib.functions[name]; ud != nil && dataOf(ud).typ == s.typ {
		return ud
	}
	external := name
	if s.external != "" {
		external = s.external
	}
	f := &function{name: external, call: libc[external]}
	ud := lib.wrap(data{typ: s.typ, mem: &block{function: f}, function: f})
	lib.functions[name] = ud
	return ud
}
