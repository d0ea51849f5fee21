package codec

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Shapes remembers which names came together, in the arguments or headers of a request: most requests have those of one before. It belongs to one
// worker and is guarded by its baton. The zero value is empty.
type Shapes struct {
	entries [shapesSize]*shapeEntry
}

const (
	shapesSize = 64  // a power of two
	maxNames   = 24  // of a shape
	maxText    = 512 // bytes of a shape's names
)

type shapeEntry struct {
	names []string // as they came
	shape *machine.Shape
}

// Of returns the shape of names, which it does not keep, in lower case where lower is set. It is nil for a list with a name that comes again, or one that is too long to
// be remembered. A Shapes is asked with one value of lower only.
func (s *Shapes) Of(names []string, lower bool) *machine.Shape {
	if len(names) > maxNames {
		return nil
	}
	h := uint(len(names))
	for _, name := range names {
		if h = h*31 + uint(len(name)); name != "" {
			h += uint(name[len(name)-1] & 0x1f)
		}
	}
	e := &s.entries[(h^h>>6)%shapesSize]
	if *e == nil || !slices.Equal((*e).names, names) {
		made := newEntry(names, lower)
		if made == nil {
			return nil
		}
		*e = made
	}
	return (*e).shape
}

func newEntry(names []string, lower bool) *shapeEntry {
	size := 0
	for _, name := range names {
		size += len(name)
	}
	if size > maxText {
		return nil
	}
	e := &shapeEntry{names: make([]string, len(names))}
	boxed := make([]lua.LValue, len(names))
	for i, name := range names {
		name = strings.Clone(name) // which may be part of something large
		e.names[i] = name
		if lower {
			name = strings.ToLower(name)
		}
		boxed[i] = lua.LString(name)
	}
	if !repeated(boxed) {
		e.shape = machine.NewShape(boxed)
	}
	return e
}
