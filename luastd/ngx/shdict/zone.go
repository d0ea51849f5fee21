package shdict

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// MaxKeyLen is the length in bytes of the longest key.
const MaxKeyLen = 65535

// MinSize is the least number of bytes that the directive lua_shared_dict accepts. nginx
// needs some more before it can start: see NewZone.
const MinSize = 8192

// maxSize is what a ref can address.
const maxSize = math.MaxUint32 << refShift

// What the methods of a Zone fail with. The words are those that Lua code sees.
var (
	ErrNoMemory = errors.New("no memory")
	ErrExists   = errors.New("exists")
	ErrNotFound = errors.New("not found")
	ErrNotANum  = errors.New("not a number")
	ErrIsList   = errors.New("value is a list")
	ErrNotAList = errors.New("value not a list")
	ErrKeyLong  = errors.New("key too long")
	ErrNil      = errors.New("attempt to add or replace nil values")
)

// errNoList is ErrNoMemory where not even the head of a list found room.
var errNoList = fmt.Errorf("%w", ErrNoMemory)

// Zone is one shared dictionary. All methods may be called from any goroutine.
type Zone struct {
	name string
	size int
	seed maphash.Seed
	now  func() int64 // milliseconds since the epoch

	mu     sync.Mutex
	at     int64 // the time of the operation at work, 0 before it asks for it
	slab   slab
	mem    []byte
	bucket []ref
	// hot and cold are the ends of the list by recent use.
	hot, cold ref
}

// NewZone makes an empty dictionary of size bytes, all of which it reserves but none of
// which it touches before they are needed. Like nginx it fails where the size leaves no
// room for its own records, which is below about 12 KB.
func NewZone(name string, size int) (*Zone, error) {
	if size < MinSize || uint64(size) > maxSize {
		return nil, fmt.Errorf("shared dict %q: invalid size %d", name, size)
	}
	pages := pagesFor(size)
	buckets := 1 << bits.Len(uint(max(pages, 1)*8-1))
	mem, unmap, err := mapMemory(pages<<pageShift + buckets*refSize)
	if err != nil {
		return nil, fmt.Errorf("shared dict %q: reserve %d bytes: %w", name, size, err)
	}
	z := &Zone{
		name: name,
		size: size,
		seed: maphash.MakeSeed(),
		now:  func() int64 { return time.Now().UnixMilli() },
		mem:  mem[:pages<<pageShift],
	}
	runtime.AddCleanup(z, unmap, mem)
	z.bucket = unsafe.Slice((*ref)(unsafe.Pointer(unsafe.SliceData(mem[pages<<pageShift:]))), buckets)
	z.slab.init(z.mem, pages)
	// nginx's own records: the roots of tree and list, and the text for its log.
	const roots, logText = 80, len(` in lua_shared_dict zone ""`) + 1
	for _, record := range []int{roots, logText + len(name)} {
		if _, ok := z.slab.alloc(record); !ok {
			return nil, fmt.Errorf("shared dict %q: %d bytes are too few: %w", name, size, ErrNoMemory)
		}
	}
	return z, nil
}

// Name returns the name that the directive lua_shared_dict gave.
func (z *Zone) Name() string { return z.name }

// Capacity returns the size in bytes that the zone was made with.
func (z *Zone) Capacity() int { return z.size }

// FreeSpace returns the bytes in pages that are wholly free. Pages in use may have room
// left, so that 0 does not mean that the next Set must evict.
func (z *Zone) FreeSpace() int {
	z.lock(0)
	defer z.mu.Unlock()
	return z.slab.freePages << pageShift
}

// lock begins an operation at a time in milliseconds since the epoch; 0 is now.
func (z *Zone) lock(at int64) {
	z.mu.Lock()
	z.at = at
}

// time is the same during an operation.
func (z *Zone) time() int64 {
	if z.at == 0 {
		z.at = z.now()
	}
	return z.at
}

// state is what lookup found.
type state uint8

const (
	absent state = iota
	expired
	live
)

func (z *Zone) hash(key string) uint32 {
	return uint32(maphash.String(z.seed, key))
}

// peek finds the entry of key, expired or not, and leaves its place in the list alone.
func (z *Zone) peek(key string, hash uint32) ref {
	for r := z.bucket[hash&uint32(len(z.bucket)-1)]; r != 0; {
		n := z.node(r)
		if n.hash == hash && int(n.keyLen) == len(key) && string(z.key(r, n)) == key {
			return r
		}
		r = n.chain
	}
	return 0
}

// lookup finds the entry of key and, where it is live, moves it to the hot end.
func (z *Zone) lookup(key string, hash uint32) (ref, state) {
	r := z.peek(key, hash)
	if r == 0 {
		return 0, absent
	}
	if z.isExpired(z.node(r)) {
		return r, expired
	}
	z.touch(r)
	return r, live
}

func (z *Zone) isExpired(n *node) bool {
	return n.expires != 0 && n.expires <= z.time()
}

// deadline turns a time to live in milliseconds into a point in time.
func (z *Zone) deadline(ttl int64) int64 {
	if ttl <= 0 {
		return 0
	}
	return z.time() + ttl
}

// insert makes an entry for key with extra bytes behind it, evicting as much as force
// allows, at the hot end of the list.
func (z *Zone) insert(key string, hash uint32, extra int, force bool) (r ref, forcible bool, err error) {
	size := nodeHeader + len(key) + extra
	offset, ok := z.slab.alloc(size)
	if !ok {
		if !force {
			return 0, false, ErrNoMemory
		}
		for try := 0; !ok; try++ {
			if try == maxEvictions || z.evict(true) == 0 {
				return 0, forcible, ErrNoMemory
			}
			forcible = true
			offset, ok = z.slab.alloc(size)
		}
	}
	r = ref(offset >> refShift)
	n := z.node(r)
	bucket := &z.bucket[hash&uint32(len(z.bucket)-1)]
	*n = node{hash: hash, keyLen: uint16(len(key)), chain: *bucket}
	*bucket = r
	copy(z.key(r, n), key)
	z.linkHot(r, n)
	return r, forcible, nil
}

// maxEvictions is how many live entries one operation may push out.
const maxEvictions = 30

// evict removes up to two expired entries from the cold end, and with force the coldest
// entry before them, whatever its age. It returns how many it removed.
func (z *Zone) evict(force bool) (freed int) {
	for try := range 3 {
		if try == 0 && !force {
			continue
		}
		if z.cold == 0 || try > 0 && !z.isExpired(z.node(z.cold)) {
			return freed
		}
		z.remove(z.cold)
		freed++
	}
	return freed
}

// remove frees the entry at r and, of a list, its items.
func (z *Zone) remove(r ref) {
	n := z.node(r)
	if n.kind == kindList {
		z.freeItems(r, n)
	}
	z.unlink(n)
	link := &z.bucket[n.hash&uint32(len(z.bucket)-1)]
	for *link != r {
		link = &z.node(*link).chain
	}
	*link = n.chain
	z.slab.free(int(r) << refShift)
}

func (z *Zone) touch(r ref) {
	if z.hot == r {
		return
	}
	n := z.node(r)
	z.unlink(n)
	z.linkHot(r, n)
}

func (z *Zone) linkHot(r ref, n *node) {
	n.hotter, n.colder = 0, z.hot
	if z.hot != 0 {
		z.node(z.hot).hotter = r
	} else {
		z.cold = r
	}
	z.hot = r
}

func (z *Zone) unlink(n *node) {
	if n.hotter != 0 {
		z.node(n.hotter).colder = n.colder
	} else {
		z.hot = n.colder
	}
	if n.colder != 0 {
		z.node(n.colder).hotter = n.hotter
	} else {
		z.cold = n.hotter
	}
}
