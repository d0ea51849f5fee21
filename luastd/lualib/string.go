package lualib

import (
	"encoding/binary"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// maxString bounds the strings that string.rep makes.
const maxString = 1<<31 - 1

func (l *library) openString(L *lua.LState) {
	t := fill(L, L.CreateTable(0, 16), map[string]lua.LGFunction{
		"len": stringLen, "sub": stringSub, "upper": stringUpper, "lower": stringLower, "rep": stringRep,
		"reverse": stringReverse, "byte": stringByte, "char": stringChar, "find": stringFind, "match": stringMatch,
		"gmatch": stringGMatch, "gsub": stringGSub, "format": stringFormat, "dump": stringDump,
	})
	hasten(L, t, map[string]machine.Quick{"len": quickLen, "sub": quickSub, "byte": quickByte})
	hastenSeveral(L, t, map[string]machine.Several{"find": l.quickFind, "match": l.quickMatch})
	l.provide("string", t)
	mt := L.CreateTable(0, 1)
	mt.RawSetString("__index", t)
	machine.SetTypeMetatable(L, lua.LTString, mt)
}

// takeString makes a string of bytes that nobody else will change.
func takeString(b []byte) lua.LString {
	return lua.LString(unsafe.String(unsafe.SliceData(b), len(b)))
}

// n = string.len(s)
func stringLen(L *lua.LState) int {
	declare(L, 1)
	return pushNumber(L, float64(len(checkString(L, 1))))
}

// span turns the positions of sub and byte into a slice's bounds.
func span(n, i, j int) (from, to int) {
	if j < 0 {
		j += n + 1
	} else if j > n {
		j = n
	}
	if i < 0 {
		i = max(i+n+1, 1)
	} else if i == 0 {
		i = 1
	}
	if i > j {
		return 0, 0
	}
	return i - 1, j
}

// s = string.sub(s, i [, j])
func stringSub(L *lua.LState) int {
	s := checkString(L, 1)
	from, to := span(len(s), checkInt(L, 2), optInt(L, 3, -1))
	return pushString(L, s[from:to])
}

// s = string.upper(s)
func stringUpper(L *lua.LState) int { return mapBytes(L, 'a', 'z') }

// s = string.lower(s)
func stringLower(L *lua.LState) int { return mapBytes(L, 'A', 'Z') }

// mapBytes changes the case of the letters from first to last. Other bytes stay as they are.
func mapBytes(L *lua.LState, first, last byte) int {
	s := checkString(L, 1)
	i := 0
	for i < len(s) && (s[i] < first || s[i] > last) {
		i++
	}
	if i == len(s) {
		return pushString(L, s)
	}
	b := []byte(s)
	i &^= 7
	// eight letters at once: the highest bit of each byte of hit says that it is from first to last
	const ones = 0x0101010101010101
	from, to := (0x80-uint64(first))*ones, (0x7f-uint64(last))*ones
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		low := x & (0x7f * ones)
		hit := ^x & (0x80 * ones) & ((low + from) ^ (low + to))
		binary.LittleEndian.PutUint64(b[i:], x^hit>>2)
	}
	for ; i < len(b); i++ {
		if b[i] >= first && b[i] <= last {
			b[i] ^= 0x20
		}
	}
	L.Push(takeString(b))
	return 1
}

// repRoom holds a short result of string.rep.
type repRoom [48]byte

// s = string.rep(s, n [, sep])
func stringRep(L *lua.LState) int {
	s := checkString(L, 1)
	n := checkInt(L, 2)
	sep := optString(L, 3, "")
	if n <= 0 || len(s)+len(sep) == 0 {
		return pushString(L, "")
	}
	if int64(len(s)+len(sep))*int64(n) > maxString {
		machine.Throw(L, lua.LString("not enough memory"))
	}
	machine.NeedString((len(s) + len(sep)) * n)
	if sep == "" && len(s)*n <= len(repRoom{}) {
		var room repRoom
		out := room[:0]
		for range n {
			out = append(out, s...)
		}
		L.Push(machine.CopyString(out))
		return 1
	}
	if sep == "" {
		return pushString(L, strings.Repeat(s, n))
	}
	return pushString(L, strings.Repeat(s+sep, n-1)+s)
}

// s = string.reverse(s)
func stringReverse(L *lua.LState) int {
	s := checkString(L, 1)
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	L.Push(takeString(b))
	return 1
}

// maxBytes bounds how many values string.byte returns.
const maxBytes = 8000

// ... = string.byte(s [, i [, j]])
func stringByte(L *lua.LState) int {
	s := checkString(L, 1)
	i := optInt(L, 2, 1)
	from, to := span(len(s), i, optInt(L, 3, i))
	if to-from > maxBytes {
		machine.Errorf(L, "string slice too long")
	}
	for k := from; k < to; k++ {
		L.Push(machine.Number(L, float64(s[k])))
	}
	return to - from
}

// singles holds all strings of one byte.
var singles = func() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}()

// s = string.char(...)
func stringChar(L *lua.LState) int {
	n := L.GetTop()
	b := make([]byte, n)
	for i := range b {
		c := checkInt(L, i+1)
		if c < 0 || c > 255 {
			machine.ArgError(L, i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	if n == 1 {
		return pushString(L, singles[b[0]:int(b[0])+1])
	}
	L.Push(takeString(b))
	return 1
}

// i, j, ... = string.find(s, pattern [, init [, plain]])
func stringFind(L *lua.LState) int { return find(L, true) }

// ... = string.match(s, pattern [, init])
func stringMatch(L *lua.LState) int { return find(L, false) }

const patternSpecials = "^$*+?.([%-"

func find(L *lua.LState, positions bool) int {
	s, pat := checkString(L, 1), checkString(L, 2)
	init := startAt(len(s), optInt(L, 3, 1))
	if positions && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(pat, patternSpecials)) {
		if i := strings.Index(s[init:], pat); i >= 0 {
			pushNumber(L, float64(init+i+1))
			return 1 + pushNumber(L, float64(init+i+len(pat)))
		}
		L.Push(lua.LNil)
		return 1
	}
	pat = upToNUL(pat)
	m := matcher{L: L, src: s, pat: pat}
	p := 0
	anchored := pat != "" && pat[0] == '^'
	if anchored {
		p = 1
	}
	l := lead{}
	if !anchored {
		l = leadOf(pat)
	}
	for at := init; ; at++ {
		if l.known {
			if at = l.next(s, at); at == len(s) {
				break
			}
		}
		m.reset()
		if e := m.match(at, p); e >= 0 {
			if positions {
				pushNumber(L, float64(at+1))
				pushNumber(L, float64(e))
				return 2 + m.push(0, 0, false)
			}
			return m.push(at, e, true)
		}
		if anchored || at >= len(s) {
			break
		}
	}
	L.Push(lua.LNil)
	return 1
}

// upToNUL is what LuaJIT sees of a pattern: it ends at the first NUL.
func upToNUL(pat string) string {
	if i := strings.IndexByte(pat, 0); i >= 0 {
		return pat[:i]
	}
	return pat
}

// iterator = string.gmatch(s, pattern)
func stringGMatch(L *lua.LState) int {
	s, pat := checkString(L, 1), upToNUL(checkString(L, 2))
	at, l := 0, leadOf(pat)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		// It is made for each call, because it is large to keep for as long as the iterator lives.
		m := matcher{L: L, src: s, pat: pat}
		for ; at <= len(s); at++ {
			if l.known {
				if at = l.next(s, at); at == len(s) {
					break
				}
			}
			m.reset()
			if e := m.match(at, 0); e >= 0 {
				start := at
				if at = e; e == start {
					at++
				}
				return m.push(start, e, true)
			}
		}
		return 0
	}))
	return 1
}

// s, n = string.gsub(s, pattern, replacement [, max])
func stringGSub(L *lua.LState) int {
	s, pat := checkString(L, 1), upToNUL(checkString(L, 2))
	repl := L.Get(3)
	switch v := repl.(type) {
	case lua.LNumber:
		repl = lua.LString(machine.FormatNumber(float64(v)))
	case lua.LString, *lua.LTable, *lua.LFunction:
	default:
		machine.ArgError(L, 3, "string/function/table expected")
	}
	limit := optInt(L, 4, len(s)+1)
	if r, ok := repl.(lua.LString); ok && isPlain(pat) && strings.IndexByte(string(r), '%') < 0 {
		return replacePlain(L, s, pat, string(r), limit)
	}
	m := matcher{L: L, src: s, pat: pat}
	p := 0
	anchored := pat != "" && pat[0] == '^'
	if anchored {
		p = 1
	}
	l := lead{}
	if !anchored {
		l = leadOf(pat)
	}
	var out []byte
	// Up to copied, the subject is in out.
	at, copied, n := 0, 0, 0
	for n < limit {
		if l.known {
			if at = l.next(s, at); at == len(s) {
				break
			}
		}
		m.reset()
		e := m.match(at, p)
		if e >= 0 {
			if n++; n == 1 {
				out = make([]byte, 0, len(s)+len(s)/4+16)
			}
			out = append(out, s[copied:at]...)
			out = m.replace(out, repl, at, e)
			copied = e
		}
		switch {
		case e > at:
			at = e
		case at < len(s):
			at++
		default:
			anchored = true
		}
		if anchored {
			break
		}
	}
	if n == 0 {
		pushString(L, s)
	} else {
		L.Push(takeString(append(out, s[copied:]...)))
	}
	return 1 + pushNumber(L, float64(n))
}

// special are the characters that mean something in a pattern.
var special = func() (t [256]bool) {
	for _, c := range []byte("^$*+?.()[]%-") {
		t[c] = true
	}
	return t
}()

// isPlain reports whether a pattern is text that stands for itself.
func isPlain(pat string) bool {
	for i := range len(pat) {
		if special[pat[i]] {
			return false
		}
	}
	return pat != ""
}

// replacePlain is gsub without anything special in pattern and replacement.
func replacePlain(L *lua.LState, s, pat, repl string, limit int) int {
	var out []byte
	copied, n := 0, 0
	for n < limit {
		i := strings.Index(s[copied:], pat)
		if i < 0 {
			break
		}
		if n++; n == 1 {
			out = make([]byte, 0, len(s)+len(s)/4+16)
		}
		out = append(append(out, s[copied:copied+i]...), repl...)
		copied += i + len(pat)
	}
	if n == 0 {
		pushString(L, s)
	} else {
		L.Push(takeString(append(out, s[copied:]...)))
	}
	return 1 + pushNumber(L, float64(n))
}

// replace appends what stands for the match src[s:e].
func (m *matcher) replace(out []byte, repl lua.LValue, s, e int) []byte {
	L := m.L
	var v lua.LValue
	switch r := repl.(type) {
	case lua.LString:
		return m.expand(out, string(r), s, e)
	case *lua.LTable:
		v = machine.Index(L, r, m.value(0, s, e))
	case *lua.LFunction:
		L.Push(r)
		machine.Invoke(L, m.push(s, e, true), 1)
		v = L.Get(-1)
		L.Pop(1)
	}
	switch v := v.(type) {
	case lua.LString:
		return append(out, v...)
	case lua.LNumber:
		return machine.AppendNumber(out, float64(v))
	}
	if lua.LVAsBool(v) {
		machine.Errorf(L, "invalid replacement value (a %s)", machine.TypeName(v))
	}
	return append(out, m.src[s:e]...)
}

// expand appends a replacement string, with %0 to %9 replaced by captures.
func (m *matcher) expand(out []byte, repl string, s, e int) []byte {
	for {
		i := strings.IndexByte(repl, '%')
		if i < 0 {
			return append(out, repl...)
		}
		out = append(out, repl[:i]...)
		if i+1 >= len(repl) {
			// The C string's final NUL stands for the missing character.
			return append(out, 0)
		}
		c := repl[i+1]
		repl = repl[i+2:]
		switch {
		case c < '0' || c > '9':
			out = append(out, c)
		case c == '0':
			out = append(out, m.src[s:e]...)
		default:
			switch v := m.value(int(c-'1'), s, e).(type) {
			case lua.LString:
				out = append(out, v...)
			case lua.LNumber:
				out = machine.AppendNumber(out, float64(v))
			}
		}
	}
}
