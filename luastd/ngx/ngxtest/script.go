// Package ngxtest runs small scripts in a server of their own and compares what they answer: with what a test expects,
// or, as contracts, with what the installed nginx answered.
package ngxtest

import (
	"strconv"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// Modules are what most scripts need: Lua, rewrite and echo.
func Modules() []*phases.Module {
	return []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()}
}

// Script is a content handler and the body that it answers with; an alias, so that tables need no names of fields.
type Script = struct{ Name, Lua, Want string }

// Scripts serves scripts, each at a location of its own.
type Scripts struct {
	// Main is put into the main block, HTTP into the http block, Server into the server block, Location into the location of each script.
	Main, HTTP, Server, Location string
	// Dir is the server's prefix; "" for a new one.
	Dir string
	// Modules are those of the engine; nil for Modules().
	Modules []*phases.Module
}

// Run asks for each of tests in a subtest.
func (x Scripts) Run(t *testing.T, tests []Script) {
	t.Helper()
	var conf strings.Builder
	conf.WriteString(x.Main + "\nevents {}\nhttp { " + x.HTTP + " server { listen ADDR;\n" + x.Server)
	for i, c := range tests {
		conf.WriteString("location = /t" + strconv.Itoa(i) + " { " + x.Location + " content_by_lua_block { " + c.Lua + " } }\n")
	}
	conf.WriteString("}}")
	if x.Dir == "" {
		x.Dir = phasetest.Dir(t)
	}
	if x.Modules == nil {
		x.Modules = Modules()
	}
	s := phasetest.StartIn(t, x.Dir, conf.String(), x.Modules...)
	for i, c := range tests {
		t.Run(c.Name, func(t *testing.T) {
			if got := s.Get("/t" + strconv.Itoa(i)).Body; got != c.Want {
				t.Errorf("got %q, want %q\n%s", got, c.Want, s.ErrorLog())
			}
		})
	}
}
