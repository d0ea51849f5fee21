package phases

import "sync/atomic"

const tallyParts = 8 // loops that do not share

// tally is a sum that the requests of all loops change: each loop has a part of its own, on a cache line that no other core
// writes to. A request says by its connection's Home whose it is.
type tally struct {
	parts [tallyParts]struct {
		n atomic.Int64
		_ [56]byte
	}
}

// add changes the part of home and gives what that is then.
func (t *tally) add(home uint32, n int64) int64 { return t.parts[home%tallyParts].n.Add(n) }

// sum is about now's sum: the parts are looked at one after the other.
func (t *tally) sum() (n int64) {
	for i := range t.parts {
		n += t.parts[i].n.Load()
	}
	return n
}

// holds counts who needs something. What was taken for a home is given back for it. Once nobody who has none takes another, free tells whether
// all were given back.
type holds struct {
	tally
	taken atomic.Uint64 // by who had one
}

// keep is one more hold of who has one.
func (h *holds) keep() {
	h.add(0, 1)
	h.taken.Add(1) // afterwards, so that free meets one or the other
}

// free reports whether none is left. Who has one may keep another and give the first back while the parts are looked at, so that neither is
// seen in its part: then taken has changed.
func (h *holds) free() bool {
	for {
		before := h.taken.Load()
		for i := range h.parts {
			if h.parts[i].n.Load() != 0 {
				return false
			}
		}
		if h.taken.Load() == before {
			return true
		}
	}
}
