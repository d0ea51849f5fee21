package conf

import (
	"fmt"
	"io"
	"strconv"
)

// Pos is a place in a configuration file. The zero Pos means "nowhere".
type Pos struct {
	File string // as given to [Parse], or as resolved by include
	Line int    // from 1; 0 in the text of the command line's -g
	Col  int    // in bytes, from 1
}

// CommandLine is the [Pos].File of what [ParseParam] reads.
const CommandLine = "command line"

// String returns "file:line", as nginx ends its messages, or the file alone
// where there are no lines.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Arg is one word of a directive after its name.
type Arg struct {
	Value  string // with nginx's escapes undone
	Quoted bool   // it was written in '…' or "…"
	Pos    Pos    // of its first byte, the quote if there is one
}

// LuaBlock is the body of a *_by_lua_block directive.
type LuaBlock struct {
	Text string // what stands between the braces, byte for byte
	Pos  Pos    // of the first byte of Text
}

// Directive is one statement. Directives are not changed after parsing and may
// be read by any number of goroutines.
type Directive struct {
	Name string
	Args []Arg
	Pos  Pos // of the first byte of the name
	// Term is the place of the ";" or "{" which ended the words. nginx names
	// this line in messages and in Lua chunk names; [Directive.Errorf] uses it.
	Term Pos

	HasBlock bool         // it was ended by "{", also if the block is empty or Lua
	Block    []*Directive // nil for Lua blocks
	End      Pos          // of the closing brace; the zero Pos without a block

	Lua *LuaBlock // set for *_by_lua_block directives that have a block, else nil
}

// Errorf returns an error at the line that nginx would name for d.
func (d *Directive) Errorf(format string, args ...any) *Error {
	return &Error{Msg: fmt.Sprintf(format, args...), Pos: d.Term}
}

// File is a configuration file as it was read.
type File struct {
	Name   string
	Source []byte
}

// Config is a parsed configuration. The directives of included files stand in
// the place of the include.
type Config struct {
	Directives []*Directive
	Files      []File // every file read, once, in the order of first reading
}

// Dump writes all files of the configuration with a heading each, as nginx -T
// does.
func (c *Config) Dump(w io.Writer) error {
	for _, f := range c.Files {
		if _, err := fmt.Fprintf(w, "# configuration file %s:\n%s\n", f.Name, f.Source); err != nil {
			return fmt.Errorf("dump configuration file %q: %w", f.Name, err)
		}
	}
	return nil
}
