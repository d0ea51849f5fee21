package phases

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A handler that changes the location brings the handlers of that one into play, from its own place on.
func TestHandlersFollowTheLocation(t *testing.T) {
	outer, inner := &Location{Name: "outer"}, &Location{Name: "inner"}
	in := func(locs ...*Location) func(*Location) bool {
		return func(loc *Location) bool {
			for _, l := range locs {
				if l == loc {
					return true
				}
			}
			return false
		}
	}
	for _, c := range []struct {
		name     string
		moves    string
		outer    []string
		inner    []string
		want     []string
		wantLast *Location
	}{
		{"stays", "", []string{"a", "c"}, []string{"b"}, []string{"a", "c"}, outer},
		{"moves at the first", "a", []string{"a", "c", "e"}, []string{"a", "b", "d"}, []string{"a", "b", "d"}, inner},
		{"moves in the middle", "c", []string{"a", "c", "e"}, []string{"a", "b", "d"}, []string{"a", "c", "d"}, inner},
		{"moves where nothing follows", "c", []string{"a", "c", "e"}, []string{"a", "b"}, []string{"a", "c"}, inner},
		{"moves at the last", "e", []string{"a", "e"}, []string{"a", "f"}, []string{"a", "e", "f"}, inner},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ran []string
			var o offers
			for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
				var where []*Location
				for _, n := range c.outer {
					if n == name {
						where = append(where, outer)
					}
				}
				for _, n := range c.inner {
					if n == name {
						where = append(where, inner)
					}
				}
				h := func(r *Request) Status {
					ran = append(ran, name)
					if name == c.moves {
						r.Loc = inner
					}
					return Declined
				}
				o.handlers[PhaseRewrite] = append(o.handlers[PhaseRewrite], offer[Handler]{h, in(where...)})
			}
			p := planner{offers: &o, made: map[string]*plan{}}
			p.plan(outer)
			p.plan(inner)
			r := &Request{Loc: outer}
			w := r.start(PhaseRewrite)
			for h := w.take(r); h != nil; h = w.take(r) {
				h(r)
			}
			if diff := cmp.Diff(c.want, ran); diff != "" || r.Loc != c.wantLast {
				t.Errorf("in %s, -want +got:\n%s", r.Loc.Name, diff)
			}
		})
	}
}

// Locations in which the same modules have something to do share a plan.
func TestPlansAreShared(t *testing.T) {
	root := &Location{children: []*Location{{Name: "a"}, {Name: "b"}, {Name: "other"}}}
	filters := ""
	o := offers{header: []offer[HeaderFilter]{{
		do: func(next HeaderHandler) HeaderHandler { filters += "f"; return next }, active: func(loc *Location) bool { return loc.Name == "other" },
	}}}
	p := planner{offers: &o, made: map[string]*plan{}}
	p.plan(root)
	a, b, other := root.children[0].plan, root.children[1].plan, root.children[2].plan
	if a != b || a != root.plan || a == other || len(p.made) != 2 || filters != "f" {
		t.Errorf("%d plans, filters %q", len(p.made), filters)
	}
}

// A name that was never added is found missing without a look at the list, in any case of its letters.
func TestHeaderMarks(t *testing.T) {
	var h Headers
	names := []string{"Host", "User-Agent", "x", "", "ETag", "If-None-Match"}
	for i, n := range names {
		h.Add(n, string(rune('0'+i)))
	}
	for i, n := range []string{"HOST", "user-agent", "X", "", "etag", "iF-nONE-mATCH"} {
		if v, ok := h.Value(n); !ok || v != string(rune('0'+i)) {
			t.Errorf("%q: %q, %v", n, v, ok)
		}
	}
	var c Headers
	c.CopyFrom(&h)
	if v, _ := c.Value("host"); v != "0" {
		t.Errorf("the copy has %q", v)
	}
	h.Put("Accept", "new")
	h.Put("accept", "newer")
	if got := h.Values("ACCEPT"); len(got) != 1 || got[0] != "newer" || !h.Delete("accept") || h.Has("Accept") || h.Delete("accept") {
		t.Errorf("Accept: %q", got)
	}
	if h.Reset(); h.Has("Host") || h.marks != 0 {
		t.Error("Reset leaves something")
	}
}
