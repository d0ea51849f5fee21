package phases

import (
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"

	"moongate/conf"
)

// Tree is one configuration, built and checked. It is immutable once it serves; requests in flight
// keep the tree they began with.
type Tree struct {
	errorLog string // LoadOptions.ErrorLog
	Prefix   string
	ConfFile string
	Source   *conf.Config // the files only
	Servers  []*Server
	Listens  []*Listen
	Core     *CoreMain

	// TLSConfig makes the TLS configuration of an address; set by the ssl module.
	TLSConfig func(l *Listen) (*tls.Config, error)

	// Careful asks the modules to refuse what they would otherwise only report when a request meets it:
	// a configuration serves already, and a change must not break it.
	Careful bool

	modules  []*Module
	main     []any
	http     *Server // the http level, which servers inherit from
	httpSeen bool

	offers offers

	vars     map[string]*Variable // what can be looked up by name
	prefixes []*Variable          // arg_ and its like
	indexed  []*indexedVar
	varIndex map[string]int
	logs     []*ErrorLog
	warnings []Warning
	engine   *Engine
	held     holds
	draining atomic.Bool
	stopOnce atomic.Bool
	stopped  chan struct{} // closed when the modules have stopped
}

// Server is a server block. What requests read of it lies together; the size is a multiple of a cache line's.
type Server struct {
	root  Location // the server's own level of location configuration
	inner inside   // root's
	conf  [4]any   // by the modules' places
	more  []any    // the other modules'
	Core  *CoreServer
	Tree  *Tree
	named map[string]*Location
	Names []ServerName
	pos   conf.Pos
	_     [56]byte
}

// Root is the server's own level of location configuration, where requests begin.
func (s *Server) Root() *Location { return &s.root }

// Listens lists the addresses that the server listens on.
func (s *Server) Listens() []*Listen { return s.Core.listens }

// Pos is the place of the server block.
func (s *Server) Pos() conf.Pos { return s.pos }

// Name is $server_name: the first of the names.
func (s *Server) Name() string { return s.Core.Name }

func newTree(o LoadOptions) *Tree {
	return &Tree{
		Prefix: o.Prefix, ConfFile: o.ConfFile, errorLog: o.ErrorLog,
		modules:  append([]*Module{coreModule}, o.Modules...),
		vars:     map[string]*Variable{},
		stopped:  make(chan struct{}),
		varIndex: map[string]int{},
	}
}

func (t *Tree) createMain() {
	t.main = make([]any, moduleCount.Load())
	for _, m := range t.modules {
		if m.NewMain != nil {
			t.main[m.id] = m.NewMain()
		}
	}
	t.Core = t.main[coreModule.id].(*CoreMain)
	t.http = t.newServer()
	for _, m := range t.modules { // the level that the others are merged with has all of its own
		if m.NewServer != nil {
			t.http.own(m)
		}
		if m.NewLocation != nil {
			t.http.Root().own(m)
		}
	}
}

// newServer makes a server that has nothing of its own yet but what may not be shared.
func (t *Tree) newServer() *Server {
	s := &Server{Tree: t, named: map[string]*Location{}}
	if n := int(serverPlaces.Load()) - len(s.conf); n > 0 {
		s.more = make([]any, n)
	}
	for _, m := range t.modules {
		if m.NewServer != nil && !m.ShareServers {
			s.own(m)
		}
	}
	s.Core = (*s.at(coreModule)).(*CoreServer)
	s.root.start(nil, s)
	return s
}

// at is where s's configuration of m is.
func (s *Server) at(m *Module) *any {
	if m.serverPlace < len(s.conf) {
		return &s.conf[m.serverPlace]
	}
	return &s.more[m.serverPlace-len(s.conf)]
}

// own is s's own configuration of m while it is filled, made where it is first asked for.
func (s *Server) own(m *Module) any {
	c := s.at(m)
	if *c == nil {
		*c = m.NewServer()
	}
	return *c
}

// Path makes p absolute: relative paths start at the prefix.
func (t *Tree) Path(p string) string {
	if p == "" || strings.HasPrefix(p, "/") {
		return p
	}
	return filepath.Join(t.Prefix, p)
}

// Modules lists the tree's modules in their order.
func (t *Tree) Modules() []*Module { return t.modules }

// HTTP is the http level of location configuration, which timers and the like obey.
func (t *Tree) HTTP() *Location { return t.http.Root() }

// Engine is the engine that serves the tree; nil until Start.
func (t *Tree) Engine() *Engine { return t.engine }

// seal builds the look-up structures; its error is a conf.ErrorList.
func (t *Tree) seal(l *Load) error {
	var errs conf.ErrorList
	p := planner{offers: &t.offers, made: map[string]*plan{}}
	table := pageTable{}
	for _, s := range append([]*Server{t.http}, t.Servers...) {
		s.Root().index(&errs)
		table.share(s.Root())
		p.plan(s.Root())
	}
	t.linkVariables(&errs)
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// Check asks every module whether the tree could serve, and opens its logs; nothing stays behind.
func (t *Tree) Check() error {
	if err := t.OpenLogs(); err != nil {
		return err
	}
	for _, m := range t.modules {
		if m.Check != nil {
			if err := m.Check(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// start runs the modules' Start; on failure those started already are stopped again.
func (t *Tree) start(e *Engine) error {
	t.engine = e
	for i, m := range t.modules {
		if m.Start == nil {
			continue
		}
		if err := m.Start(t); err != nil {
			for _, done := range t.modules[:i] {
				if done.Stop != nil {
					done.Stop(t)
				}
			}
			return err
		}
	}
	return nil
}

// Retain keeps the tree alive for work that outlives a request, such as a timer. Release ends it.
func (t *Tree) Retain() { t.held.keep() }

// Release gives back one Retain; the last one of a tree that no longer serves stops its modules.
func (t *Tree) Release() { t.release(0) }

// release gives back what was taken for home.
func (t *Tree) release(home uint32) {
	if t.held.add(home, -1) == 0 && t.draining.Load() && t.held.free() {
		t.stop()
	}
}

func (t *Tree) stop() {
	if !t.stopOnce.CompareAndSwap(false, true) {
		return
	}
	for i := len(t.modules) - 1; i >= 0; i-- {
		if m := t.modules[i]; m.Stop != nil {
			m.Stop(t)
		}
	}
	close(t.stopped)
}

// Drain says that another tree has taken over: the modules learn it by Draining, and stop once the
// last request is done.
func (t *Tree) drain() {
	t.Retain()
	t.draining.Store(true)
	for _, m := range t.modules {
		if m.Drain != nil {
			m.Drain(t)
		}
	}
	t.Release()
}

// Draining reports whether another tree has taken over.
func (t *Tree) Draining() bool { return t.draining.Load() }

// ServerFor is the server of the address for a name that no request came with yet, as TLS sends it.
func (l *Listen) ServerFor(name string) *Server { return l.serverFor(strings.ToLower(name), nil) }

// serverFor picks the server of an address by the Host name (lower case, without port).
func (l *Listen) serverFor(host string, r *Request) *Server {
	if l.names == nil || host == "" {
		return l.Default
	}
	if s := l.names.find(host, r); s != nil {
		return s
	}
	return l.Default
}

func splitAddr(s string) (host, port string, err error) {
	if strings.HasPrefix(s, "[") {
		if strings.HasSuffix(s, "]") {
			return s, "", nil
		}
		i := strings.LastIndexByte(s, ']')
		if i < 0 || i+1 >= len(s) || s[i+1] != ':' {
			return "", "", fmt.Errorf("invalid address")
		}
		return s[:i+1], s[i+2:], nil
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return s[:i], s[i+1:], nil
	}
	if net.ParseIP(s) == nil {
		if _, ok := ParseNumber(s); ok {
			return "", s, nil
		}
	}
	return s, "", nil
}
