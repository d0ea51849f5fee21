package phases

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// hostTable finds servers by whole names. It does so with a look at one slot and one at the name, where a map of Go's
// looks at twice as many places: with many servers none of them is in the processor's caches.
type hostTable struct {
	seed  maphash.Seed
	slots []hostSlot // by hash, or in one of the next; their number is a power of two, at least twice that of the names
	names []byte     // each behind its length, four bytes
}

type hostSlot struct {
	s    *Server // nil: the slot is free
	hash uint32  // what the place of the slot does not tell of it
	name uint32  // where it begins in names
}

func newHostTable(servers map[string]*Server) (t hostTable) {
	if len(servers) == 0 {
		return t
	}
	t.seed = maphash.MakeSeed()
	t.slots = make([]hostSlot, 2<<bits.Len(uint(len(servers)-1)))
	for name, s := range servers {
		h := maphash.String(t.seed, name)
		i := h % uint64(len(t.slots))
		for t.slots[i].s != nil {
			i = (i + 1) % uint64(len(t.slots))
		}
		t.slots[i] = hostSlot{s, uint32(h >> 32), uint32(len(t.names))}
		t.names = binary.LittleEndian.AppendUint32(t.names, uint32(len(name)))
		t.names = append(t.names, name...)
	}
	return t
}

// find is the server that is called host; nil where none is.
func (t *hostTable) find(host string) *Server {
	if len(t.slots) == 0 {
		return nil
	}
	h := maphash.String(t.seed, host)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		x := &t.slots[i]
		if x.s == nil {
			return nil
		}
		if x.hash != uint32(h>>32) {
			continue
		}
		name := t.names[x.name:]
		size := int(binary.LittleEndian.Uint32(name))
		if size == len(host) && string(name[4:4+size]) == host {
			return x.s
		}
	}
}
