package lualib

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/syntax"
)

func (l *library) openIO(L *lua.LState) {
	fs := &l.files
	fs.written = map[*file]struct{}{}
	fs.meta = L.CreateTable(0, 12)
	fill(L, fs.meta, map[string]lua.LGFunction{
		"close": fileClose, "read": fileRead, "write": fileWrite, "lines": fileLines, "seek": fileSeek, "flush": fileFlush,
		"setvbuf": fileSetvbuf, "__tostring": fileToString, "__gc": fileCollect,
	})
	fs.meta.RawSetString("__index", fs.meta)
	L.G.Registry.RawSetString("FILE*", fs.meta)
	t := fill(L, L.CreateTable(0, 16), map[string]lua.LGFunction{
		"open": l.ioOpen, "popen": l.ioPopen, "tmpfile": l.ioTmpfile, "type": ioType, "input": l.ioInput, "output": l.ioOutput,
		"read": l.ioRead, "write": l.ioWrite, "lines": l.ioLines, "close": l.ioClose, "flush": l.ioFlush,
	})
	fs.input = fs.handle(L, &file{r: bufio.NewReader(l.Stdin)})
	fs.output = fs.handle(L, &file{direct: l.Stdout})
	t.RawSetString("stdin", fs.input)
	t.RawSetString("stdout", fs.output)
	t.RawSetString("stderr", fs.handle(L, &file{direct: l.Stderr}))
	l.provide("io", t)
}

// checkFile is the open file in argument n.
func checkFile(L *lua.LState, n int) *file {
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		if h, ok := ud.Value.(*file); ok {
			if h.closed {
				machine.Errorf(L, "attempt to use a closed file")
			}
			return h
		}
	}
	machine.TypeError(L, n, "FILE*")
	return nil
}

func (l *library) push(L *lua.LState, h *file, err error, name string) int {
	if err != nil {
		return fileResult(L, err, name)
	}
	if h.w != nil {
		l.files.written[h] = struct{}{}
		for old := range l.files.written {
			if old.closed {
				delete(l.files.written, old)
			}
		}
	}
	L.Push(l.files.handle(L, h))
	return 1
}

// f, err, errno = io.open(file [, mode])
func (l *library) ioOpen(L *lua.LState) int {
	name := checkString(L, 1)
	h, err := openFile(name, optString(L, 2, "r"))
	return l.push(L, h, err, name)
}

// f, err, errno = io.popen(command [, mode])
func (l *library) ioPopen(L *lua.LState) int {
	command := checkString(L, 1)
	h, err := l.popen(command, optString(L, 2, "r"))
	return l.push(L, h, err, command)
}

// f, err, errno = io.tmpfile()
func (l *library) ioTmpfile(L *lua.LState) int {
	h, err := tmpfile()
	return l.push(L, h, err, "")
}

// kind = io.type(v)
func ioType(L *lua.LState) int {
	if ud, ok := checkAny(L, 1).(*lua.LUserData); ok {
		if h, ok := ud.Value.(*file); ok {
			if h.closed {
				return pushString(L, "closed file")
			}
			return pushString(L, "file")
		}
	}
	L.Push(lua.LNil)
	return 1
}

// f = io.input([f])
func (l *library) ioInput(L *lua.LState) int { return l.standard(L, &l.files.input, "r") }

// f = io.output([f])
func (l *library) ioOutput(L *lua.LState) int { return l.standard(L, &l.files.output, "w") }

func (l *library) standard(L *lua.LState, which **lua.LUserData, mode string) int {
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
	case *lua.LUserData:
		checkFile(L, 1)
		*which = v
	default:
		name := checkString(L, 1)
		h, err := openFile(name, mode)
		if err != nil {
			machine.ArgError(L, 1, name+": "+errnoText(err))
		}
		l.push(L, h, nil, name)
		*which, _ = L.Get(-1).(*lua.LUserData)
	}
	L.Push(*which)
	return 1
}

// current is the file that io.read or io.write works on.
func current(L *lua.LState, ud *lua.LUserData) *file {
	h, ok := ud.Value.(*file)
	if !ok || h.closed {
		machine.Errorf(L, "standard file is closed")
	}
	return h
}

// ... = io.read(...)
func (l *library) ioRead(L *lua.LState) int {
	return read(L, current(L, l.files.input), 1)
}

// ok = io.write(...)
func (l *library) ioWrite(L *lua.LState) int {
	return write(L, current(L, l.files.output), 1)
}

// ok = io.flush()
func (l *library) ioFlush(L *lua.LState) int {
	return result(L, current(L, l.files.output).flush())
}

// ok = io.close([f])
func (l *library) ioClose(L *lua.LState) int {
	if L.GetTop() == 0 {
		return result(L, current(L, l.files.output).close())
	}
	return fileClose(L)
}

// iterator = io.lines([file [, ...]])
func (l *library) ioLines(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		return lines(L, current(L, l.files.input), false)
	}
	name := checkString(L, 1)
	h, err := openFile(name, "r")
	if err != nil {
		machine.ArgError(L, 1, name+": "+errnoText(err))
	}
	return lines(L, h, true)
}

// ok = f:close()
func fileClose(L *lua.LState) int { return result(L, checkFile(L, 1).close()) }

// ... = f:read(...)
func fileRead(L *lua.LState) int { return read(L, checkFile(L, 1), 2) }

// ok = f:write(...)
func fileWrite(L *lua.LState) int { return write(L, checkFile(L, 1), 2) }

// iterator = f:lines(...)
func fileLines(L *lua.LState) int { return lines(L, checkFile(L, 1), false) }

// ok = f:flush()
func fileFlush(L *lua.LState) int { return result(L, checkFile(L, 1).flush()) }

// pos = f:seek([whence [, offset]])
func fileSeek(L *lua.LState) int {
	h := checkFile(L, 1)
	whence := 0
	switch s := optString(L, 2, "cur"); s {
	case "set":
		whence = io.SeekStart
	case "cur":
		whence = io.SeekCurrent
	case "end":
		whence = io.SeekEnd
	default:
		machine.ArgError(L, 2, "invalid option '"+s+"'")
	}
	offset := int64(0)
	if L.Get(3) != lua.LNil {
		offset = toInt64(checkNumber(L, 3))
	}
	n, err := h.seek(offset, whence)
	if err != nil {
		return result(L, err)
	}
	return pushNumber(L, float64(n))
}

// ok = f:setvbuf(mode [, size])
func fileSetvbuf(L *lua.LState) int {
	h := checkFile(L, 1)
	mode := checkString(L, 2)
	h.unbuffered, h.byLine = false, false
	switch mode {
	case "no":
		h.unbuffered = true
	case "line":
		h.byLine = true
	case "full":
		if n := optInt(L, 3, 0); n > 0 && h.w != nil && h.w.Buffered() == 0 {
			h.w = bufio.NewWriterSize(h.f, n)
		}
	default:
		machine.ArgError(L, 2, "invalid option '"+mode+"'")
	}
	return result(L, h.flush())
}

func fileToString(L *lua.LState) int {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if h, ok := ud.Value.(*file); ok {
			return pushString(L, h.String())
		}
	}
	machine.TypeError(L, 1, "FILE*")
	return 0
}

func fileCollect(L *lua.LState) int {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if h, ok := ud.Value.(*file); ok && !h.closed && h.direct == nil {
			_ = h.close()
		}
	}
	return 0
}

// Text is implemented by the value of a userdata that io.write takes as a string: a string.buffer.
type Text interface{ Append(dst []byte) []byte }

func write(L *lua.LState, h *file, first int) int {
	var err error
	for i := first; i <= L.GetTop(); i++ {
		if e := h.write(checkText(L, i)); e != nil && err == nil {
			err = e
		}
	}
	return result(L, err)
}

func checkText(L *lua.LState, n int) string {
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		if t, ok := ud.Value.(Text); ok {
			return string(t.Append(nil))
		}
	}
	return checkString(L, n)
}

// lines makes an iterator that reads what the arguments from 2 on say, and closes the file at its end if it is to.
func lines(L *lua.LState, h *file, closes bool) int {
	formats := make([]lua.LValue, 0, 1)
	for i := 2; i <= L.GetTop(); i++ {
		formats = append(formats, L.Get(i))
	}
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if h.closed {
			machine.Errorf(L, "attempt to use a closed file")
		}
		L.SetTop(0)
		for _, f := range formats {
			L.Push(f)
		}
		n := read(L, h, 1)
		if L.Get(-n) == lua.LNil {
			if n > 1 {
				if msg, ok := L.Get(-n + 1).(lua.LString); ok && n == 3 && len(formats) < 3 {
					machine.Errorf(L, "%s", string(msg))
				}
			}
			if closes {
				_ = h.close()
			}
		}
		return n
	}))
	return 1
}

// read reads what the arguments from first on say, a line if there are none, and pushes the results.
func read(L *lua.LState, h *file, first int) int {
	r, err := h.reader()
	if err != nil {
		return result(L, err)
	}
	top := L.GetTop()
	n := 0
	if top < first {
		n = 1
		err = readLine(L, r, false)
	}
	for i := first; i <= top && err == nil; i++ {
		n++
		if size, ok := L.Get(i).(lua.LNumber); ok {
			n := toInt32(float64(size))
			if n < 0 {
				machine.Throw(L, lua.LString("not enough memory"))
			}
			err = readChars(L, r, n)
			continue
		}
		text, ok := L.Get(i).(lua.LString)
		if !ok {
			machine.ArgError(L, i, "invalid option")
		}
		format := strings.TrimPrefix(string(text), "*")
		kind := byte(0)
		if format != "" {
			kind = format[0]
		}
		switch kind {
		case 'n':
			err = readNumber(L, r)
		case 'l', 'L':
			err = readLine(L, r, kind == 'L')
		case 'a':
			err = readAll(L, r)
		default:
			machine.ArgError(L, i, "invalid format")
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, errNothing):
		L.Push(lua.LNil)
	default:
		return result(L, err)
	}
	return n
}

// errNothing says that there is nothing more to read; the result is nil.
var errNothing = errors.New("end of file")

func nothing(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
		return errNothing
	}
	return err
}

func readLine(L *lua.LState, r *bufio.Reader, keepEnd bool) error {
	line, err := r.ReadString('\n')
	if line == "" {
		return nothing(err)
	}
	if !keepEnd {
		line = strings.TrimSuffix(line, "\n")
	}
	pushString(L, line)
	return nil
}

func readAll(L *lua.LState, r *bufio.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil && len(b) == 0 {
		return err
	}
	L.Push(takeString(b))
	return nil
}

func readChars(L *lua.LState, r *bufio.Reader, n int) error {
	if n <= 0 {
		if _, err := r.Peek(1); err != nil {
			return nothing(err)
		}
		pushString(L, "")
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if len(b) == 0 {
		return nothing(err)
	}
	L.Push(takeString(b))
	return nil
}

// maxNumeral bounds the text of a number that "*n" reads.
const maxNumeral = 200

// readNumber reads the longest text that may begin a number, as C's scanf does.
func readNumber(L *lua.LState, r *bufio.Reader) error {
	for {
		b, err := r.Peek(1)
		if err != nil {
			return nothing(err)
		}
		if !syntax.IsSpace(b[0]) {
			break
		}
		_, _ = r.Discard(1)
	}
	var text []byte
	accept := func(set string) bool {
		b, err := r.Peek(1)
		if err != nil || strings.IndexByte(set, b[0]) < 0 || len(text) >= maxNumeral {
			return false
		}
		text = append(text, b[0])
		_, _ = r.Discard(1)
		return true
	}
	digits, exponent := "0123456789", "eE"
	accept("+-")
	if accept("0") && accept("xX") {
		digits, exponent = "0123456789abcdefABCDEF", "pP"
	}
	for accept(digits) {
	}
	if accept(".") {
		for accept(digits) {
		}
	}
	if accept(exponent) {
		accept("+-")
		for accept("0123456789") {
		}
	}
	v, ok := syntax.ParseNumber(string(text))
	if !ok {
		return errNothing
	}
	pushNumber(L, v)
	return nil
}
