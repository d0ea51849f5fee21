package phases

import (
	"sync/atomic"

	"moongate/conf"
)

// Context says where a directive stands; a directive lists those that it may stand in.
type Context uint32

// The contexts of nginx's configuration. CtxServerIf and CtxLocationIf are the bodies of the rewrite module's "if".
const (
	CtxMain Context = 1 << iota
	CtxEvents
	CtxHTTP
	CtxServer
	CtxLocation
	CtxServerIf
	CtxLocationIf
	CtxLimitExcept
	CtxUpstream

	// CtxAll is http, server and location: where most directives may stand.
	CtxAll = CtxHTTP | CtxServer | CtxLocation
	// CtxAllIf adds "if in location" to CtxAll.
	CtxAllIf = CtxAll | CtxLocationIf
)

// Arity bounds a directive's arguments. Max below zero means any number.
type Arity struct {
	Min, Max int
	Block    bool // a { … } block follows
	Flag     bool // the one argument is on or off
}

// The usual arities, named as nginx names them.
var (
	NoArgs  = Arity{}
	Take1   = Arity{Min: 1, Max: 1}
	Take2   = Arity{Min: 2, Max: 2}
	Take3   = Arity{Min: 3, Max: 3}
	Take12  = Arity{Min: 1, Max: 2}
	Take23  = Arity{Min: 2, Max: 3}
	Take123 = Arity{Min: 1, Max: 3}
	OneMore = Arity{Min: 1, Max: -1}
	TwoMore = Arity{Min: 2, Max: -1}
	AnyArgs = Arity{Min: 0, Max: -1}
	OnOff   = Arity{Min: 1, Max: 1, Flag: true}
	Block   = Arity{Block: true}
)

// Level says which of a module's three configurations a directive writes to.
type Level uint8

// The levels of nginx's ngx_http_conf_ctx_t.
const (
	NoConf Level = iota
	MainConf
	ServerConf
	LocationConf
)

// SetFunc carries out one directive while a configuration loads. c is the module's configuration at
// the directive's Level (nil for NoConf). An error without a position is given the directive's.
type SetFunc func(l *Load, d *conf.Directive, c any) error

// Directive is one word of a module's configuration language.
type Directive struct {
	Name  string
	Ctx   Context
	Args  Arity
	Level Level
	Set   SetFunc
}

// Module is the contract that every nginx-like module of the engine fulfils. The functions that are
// nil are skipped. Modules are package-level variables made by NewModule and listed by the program
// (the order is nginx's: filters of later modules run before those of earlier ones).
type Module struct {
	Name       string
	Directives []Directive

	// NewMain, NewServer and NewLocation make the empty configurations of the three levels: pointers to one type each.
	NewMain     func() any
	NewServer   func() any
	NewLocation func() any

	// ShareServers and ShareLocations say that servers, and locations, may have one configuration together. Those that
	// say nothing to the module within one outer level are then merged once for all of them, and those whose merged
	// contents are the same, byte for byte, have the first one's. So it costs next to nothing to have many of them, in
	// memory and in a request's time, which the processor spends waiting for memory.
	//
	// They are for modules that
	//   - write to a configuration in their setters and in the merge only: not when the tree starts or serves, or from
	//     Postconfigure; what a configuration points to may have a state where it is no single location's,
	//   - do not take a configuration, or the address of a part of it, for the location's identity,
	//   - merge by what is in parent and child alone: Load.Server and Load.Location are of no account to a child in
	//     which nothing was set.
	ShareServers, ShareLocations bool

	// InitMain completes the main configuration once the http block is read.
	InitMain func(l *Load, main any) error
	// MergeServer and MergeLocation fill what child leaves open from parent, and then with defaults.
	// Each child is merged exactly once, parents first.
	MergeServer   func(l *Load, parent, child any) error
	MergeLocation func(l *Load, parent, child any) error

	// OutsideServers says that the http level's own configuration is used too, by what belongs to no
	// server (timers): once the servers have inherited from it, what it leaves open gets the defaults.
	OutsideServers bool

	// Preconfigure runs before the http block is read: the place to add variables.
	Preconfigure func(l *Load) error
	// Postconfigure runs after the merge: the place to add phase handlers and filters.
	Postconfigure func(l *Load) error

	// Check runs instead of Start where a configuration is only tested (-t).
	Check func(t *Tree) error
	// Start runs when the tree is about to serve (nginx's init_module and init_process); an error
	// keeps the old tree. Stop runs after the tree's last request.
	Start func(t *Tree) error
	Stop  func(t *Tree)
	// Drain runs when another tree takes over while requests of this one are still in flight.
	Drain func(t *Tree)

	id          int
	serverPlace int  // among those that have configurations of servers
	page        int  // of a location's, that its configuration is on, and
	line        uint // where
}

var moduleCount, serverPlaces, locationPlaces atomic.Int32

// NewModule gives m its slot in every configuration and request.
func NewModule(m Module) *Module {
	m.id = int(moduleCount.Add(1)) - 1
	if m.NewServer != nil {
		m.serverPlace = int(serverPlaces.Add(1)) - 1
	}
	if m.NewLocation != nil {
		place := int(locationPlaces.Add(1)) - 1
		m.page, m.line = place/len(page{}), uint(place%len(page{}))
	}
	return &m
}

// Opt is a configuration value that knows whether it was set, as nginx's NGX_CONF_UNSET.
type Opt[T any] struct {
	V   T
	Set bool
}

// Merge takes the parent's value, or def, where none was set here.
func (o *Opt[T]) Merge(parent Opt[T], def T) {
	if o.Set {
		return
	}
	if parent.Set {
		*o = parent
		return
	}
	o.V, o.Set = def, true
}

// MainOf is m's main configuration in t.
func MainOf[T any](t *Tree, m *Module) *T { return t.main[m.id].(*T) }

// ServerOf is m's configuration of the server s.
func ServerOf[T any](s *Server, m *Module) *T { return (*s.at(m)).(*T) }

// LocationOf is m's configuration of the location loc.
func LocationOf[T any](loc *Location, m *Module) *T { return (*loc.at(m)).(*T) }
