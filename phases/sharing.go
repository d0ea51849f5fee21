package phases

import (
	"reflect"
	"unsafe"
)

// page holds the configurations of some modules for a location. Once the tree is sealed, locations share the pages on
// which they do not differ.
type page [8]any

// start makes loc ready to be filled; it has nothing of its own yet but what may not be shared.
func (loc *Location) start(parent *Location, s *Server) *Location {
	loc.Server, loc.Parent = s, parent
	n := (int(locationPlaces.Load())-1)/len(page{}) + 1
	if n > len(loc.pages) {
		more := make([]*page, n-len(loc.pages))
		loc.more = &more
	}
	room := make([]page, n)
	for i := range room {
		*loc.page(i) = &room[i]
	}
	for _, m := range s.Tree.modules {
		if m.NewLocation != nil && !m.ShareLocations {
			loc.own(m)
		}
	}
	return loc
}

func (loc *Location) page(i int) **page {
	if i < len(loc.pages) {
		return &loc.pages[i]
	}
	return &(*loc.more)[i-len(loc.pages)]
}

// at is where loc's configuration of m is.
func (loc *Location) at(m *Module) *any {
	if m.page < len(loc.pages) {
		return &loc.pages[m.page][m.line%uint(len(page{}))]
	}
	return loc.beyond(m)
}

func (loc *Location) beyond(m *Module) *any { return &(*loc.page(m.page))[m.line] }

// own is loc's own configuration of m while it is filled, made where it is first asked for.
func (loc *Location) own(m *Module) any {
	c := loc.at(m)
	if *c == nil {
		*c = m.NewLocation()
		if m == coreModule {
			loc.Core = (*c).(*CoreLocation)
		}
	}
	return *c
}

// merger gives the levels of one module their final configurations, and gives those that are to have the same one the
// same: see Module.ShareLocations.
type merger struct {
	l      *Load
	create func() any
	merge  func(l *Load, parent, child any) error
	share  bool
	unset  map[any]any    // by the parent's configuration: that of the children that say nothing
	alike  map[string]any // by content
}

func (l *Load) merger(create func() any, merge func(l *Load, parent, child any) error, share bool) *merger {
	return &merger{l: l, create: create, merge: merge, share: share, unset: map[any]any{}, alike: map[string]any{}}
}

// settle is the final configuration of a level that filled in own; nil where it filled in nothing.
func (g *merger) settle(parent, own any) any {
	if own != nil {
		g.complete(parent, own)
		return g.same(own)
	}
	c, known := g.unset[parent]
	if !known {
		c = g.create()
		g.complete(parent, c)
		c = g.same(c)
		g.unset[parent] = c
	}
	return c
}

func (g *merger) complete(parent, c any) {
	if g.merge != nil {
		g.l.add(g.merge(g.l, parent, c))
	}
}

// same is the first configuration that had c's content.
func (g *merger) same(c any) any {
	if !g.share {
		return c
	}
	v := reflect.ValueOf(c)
	content := bytesOf(v.UnsafePointer(), v.Type().Elem().Size())
	if first, known := g.alike[string(content)]; known {
		return first
	}
	g.alike[string(content)] = c
	return c
}

// bytesOf is the memory at p. What is equal byte for byte means the same: equal pointers point to the same, and what
// only seems different (a hole between two fields may hold anything) is taken for different. The keys that are made of
// it keep nothing alive, so a pointer in one could come to stand for another object, were it not that the first object
// with that content stays beside its key, and keeps what it points to.
func bytesOf(p unsafe.Pointer, size uintptr) []byte { return unsafe.Slice((*byte)(p), size) }

// pageTable finds pages that are equal.
type pageTable map[page]*page

// share gives loc and all locations inside it pages that others have too, where they have. Pages of their own are kept
// apart from those that they were filled in on, which were made for a whole location.
func (t pageTable) share(loc *Location) {
	n := len(loc.pages)
	if loc.more != nil {
		n += len(*loc.more)
	}
	for i := range n {
		p := loc.page(i)
		if *p == nil {
			continue
		}
		first, known := t[**p]
		if !known {
			first = new(page)
			*first = **p
			t[*first] = first
		}
		*p = first
	}
	for _, list := range [2][]*Location{loc.children, loc.inner} {
		for _, c := range list {
			t.share(c)
		}
	}
}
