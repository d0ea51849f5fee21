package phases

import "slices"

// plan is what the requests of a location go through: the phases' handlers and the filters, without those of modules
// that have nothing to do there. Locations with the same ones share a plan.
type plan struct {
	handlers [phaseCount][]planned
	header   HeaderHandler
	body     BodyHandler
	mainBody BodyHandler // of the whole answer, that of subrequests included
}

// planned is a handler at its place among all of its phase.
type planned struct {
	place int
	run   Handler
}

// offer is what a module adds to plans; active says where, nil everywhere.
type offer[T any] struct {
	do     T
	active func(loc *Location) bool
}

func (o offer[T]) in(loc *Location) bool { return o.active == nil || o.active(loc) }

// offers are what the modules of a tree have to add.
type offers struct {
	handlers [phaseCount][]offer[Handler]
	header   []offer[HeaderFilter]
	body     []offer[BodyFilter]
	mainBody []offer[BodyFilter]
}

// planner makes the plans of a tree's locations.
type planner struct {
	offers *offers
	made   map[string]*plan // by what was chosen
	choice []byte
}

// plan gives loc and all locations inside it their plans.
func (p *planner) plan(loc *Location) {
	p.choice = p.choice[:0]
	o := p.offers
	for _, list := range o.handlers {
		choose(p, list, loc)
	}
	choose(p, o.header, loc)
	choose(p, o.body, loc)
	choose(p, o.mainBody, loc)
	if loc.plan = p.made[string(p.choice)]; loc.plan == nil {
		loc.plan = o.plan(loc)
		p.made[string(p.choice)] = loc.plan
	}
	for _, c := range loc.children {
		p.plan(c)
	}
	for _, c := range loc.inner {
		p.plan(c)
	}
}

func choose[T any](p *planner, list []offer[T], loc *Location) {
	for _, o := range list {
		c := byte('-')
		if o.in(loc) {
			c = '+'
		}
		p.choice = append(p.choice, c)
	}
}

func (o *offers) plan(loc *Location) *plan {
	p := &plan{header: writeHeader, body: joinBody, mainBody: writeBody}
	for phase, list := range o.handlers {
		for place, x := range list {
			if x.in(loc) {
				p.handlers[phase] = append(p.handlers[phase], planned{place, x.do})
			}
		}
	}
	for _, x := range o.header {
		if x.in(loc) {
			p.header = x.do(p.header)
		}
	}
	chain := func(list []offer[BodyFilter], h BodyHandler) BodyHandler {
		for _, x := range list {
			if x.in(loc) {
				h = x.do(h)
			}
		}
		return h
	}
	p.body, p.mainBody = chain(o.body, p.body), chain(o.mainBody, p.mainBody)
	return p
}

// handlersOf goes through the handlers of a phase. One that changes the request's location (an if) brings that
// location's handlers into play behind it.
type handlersOf struct {
	phase Phase
	plan  *plan
	next  int // in the plan's list
}

// start is the way through phase p for r.
func (r *Request) start(p Phase) handlersOf { return handlersOf{p, r.Loc.plan, 0} }

// take gives the next handler; nil at the end.
func (w *handlersOf) take(r *Request) Handler {
	list := w.plan.handlers[w.phase]
	if r.Loc.plan != w.plan {
		last := -1
		if w.next > 0 {
			last = list[w.next-1].place
		}
		w.plan = r.Loc.plan
		list = w.plan.handlers[w.phase]
		if w.next = slices.IndexFunc(list, func(x planned) bool { return x.place > last }); w.next < 0 {
			w.next = len(list)
		}
	}
	if w.next >= len(list) {
		return nil
	}
	w.next++
	return list[w.next-1].run
}

// Handle adds a handler to a phase; handlers of one phase run in the order of the module list,
// but as in nginx those added last run last within their module.
func (l *Load) Handle(p Phase, h Handler) { l.HandleWhere(p, nil, h) }

// HandleWhere is Handle for a handler that declines in all locations but those that active names. It is asked when
// the levels are merged.
func (l *Load) HandleWhere(p Phase, active func(loc *Location) bool, h Handler) {
	o := &l.Tree.offers.handlers[p]
	*o = append(*o, offer[Handler]{h, active})
}

// HandleFirst adds a handler before those that the phase has so far.
func (l *Load) HandleFirst(p Phase, h Handler) {
	o := &l.Tree.offers.handlers[p]
	*o = slices.Insert(*o, 0, offer[Handler]{do: h})
}

// FilterHeader puts f in front of the header filters present so far.
func (l *Load) FilterHeader(f HeaderFilter) { l.FilterHeaderWhere(nil, f) }

// FilterHeaderWhere is FilterHeader for a filter that does nothing in locations but those that active names. It is
// asked when the levels are merged.
func (l *Load) FilterHeaderWhere(active func(loc *Location) bool, f HeaderFilter) {
	l.Tree.offers.header = append(l.Tree.offers.header, offer[HeaderFilter]{f, active})
}

// FilterBody puts f in front of the body filters present so far.
func (l *Load) FilterBody(f BodyFilter) { l.FilterBodyWhere(nil, f) }

// FilterBodyWhere is to FilterBody what FilterHeaderWhere is to FilterHeader. It is not for a filter that goes by what its
// header filter found out, because the request's location may be another one then.
func (l *Load) FilterBodyWhere(active func(loc *Location) bool, f BodyFilter) {
	l.Tree.offers.body = append(l.Tree.offers.body, offer[BodyFilter]{f, active})
}

// FilterMainBody puts f behind all body filters, where subrequests' output has joined the main
// request's: r is always the main request (nginx's filters below the postpone filter, such as gzip).
func (l *Load) FilterMainBody(f BodyFilter) {
	l.Tree.offers.mainBody = append(l.Tree.offers.mainBody, offer[BodyFilter]{do: f})
}

// Where makes a condition on the location of one on m's configuration of it.
func Where[T any](m *Module, active func(c *T) bool) func(loc *Location) bool {
	return func(loc *Location) bool { return active(LocationOf[T](loc, m)) }
}
