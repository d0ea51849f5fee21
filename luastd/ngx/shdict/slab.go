package shdict

// nginx's slab allocator: 4 KB pages; up to half a page, sizes are powers of two from 8
// bytes on and share a page with their like; above it, whole pages in a row, first fit.
// What can be seen from outside is kept exactly: how many chunks a page holds, which free
// run is taken, when a page goes back. What cannot be seen (which chunk of a page) is not.
const (
	pageShift = 12
	pageSize  = 1 << pageShift
	minShift  = 3
	maxShift  = pageShift - 1
	slotCount = maxShift - minShift + 1

	// poolHeader and the two below are the bytes that nginx's own bookkeeping takes from
	// a zone: ngx_slab_pool_t, then a list head and statistics for each slot, then a
	// descriptor for each page.
	poolHeader     = 200
	slotHeader     = 24 + 32
	pageDescriptor = 24
)

type pageKind uint8

const (
	freeRun    pageKind = iota // first page of a free run
	freeInner                  // any other page of a free run
	chunkPage                  // a page of chunks of one size
	takenRun                   // first page of an allocation of whole pages
	takenInner                 // any other page of one
)

// noPage ends a list of pages.
const noPage = -1

type page struct {
	kind  pageKind
	shift uint8
	// listed says that the page is in the list of its slot: it has a free chunk.
	listed bool
	// used counts the chunks taken, fresh those never taken yet; freed is 1 + the index of
	// the chunk given back last, whose first bytes name the one before.
	used, fresh, freed uint16
	// run is the length of the run that this page begins, or on the last page of a free
	// run the number of its first page.
	run        int32
	prev, next int32
}

// slab hands out offsets into mem.
type slab struct {
	mem       []byte
	pages     []page
	slots     [slotCount]int32
	freeHead  int32
	freePages int
}

// pagesFor returns how many pages nginx gets out of a zone of size bytes.
func pagesFor(size int) int {
	header := poolHeader + slotCount*slotHeader
	pages := max(0, size-header) / (pageSize + pageDescriptor)
	start := (header + pages*pageDescriptor + pageSize - 1) &^ (pageSize - 1)
	return max(0, min(pages, (size-start)/pageSize))
}

func (s *slab) init(mem []byte, pages int) {
	s.mem = mem
	s.pages = make([]page, pages)
	for i := range s.slots {
		s.slots[i] = noPage
	}
	s.freeHead = noPage
	if pages > 0 {
		s.addRun(0, int32(pages))
	}
	s.freePages = pages
}

// alloc returns the offset of size free bytes, or false where there are none.
func (s *slab) alloc(size int) (offset int, ok bool) {
	if size > pageSize/2 {
		first := s.takePages(int32((size + pageSize - 1) >> pageShift))
		return int(first) << pageShift, first != noPage
	}
	shift := uint8(minShift)
	for size > 1<<shift {
		shift++
	}
	slot := shift - minShift
	n := s.slots[slot]
	if n == noPage {
		if n = s.takePages(1); n == noPage {
			return 0, false
		}
		p := &s.pages[n]
		*p = page{kind: chunkPage, shift: shift, fresh: chunksIn(shift)}
		s.list(n)
	}
	p := &s.pages[n]
	var chunk uint16
	if p.freed != 0 {
		chunk = p.freed - 1
		at := int(n)<<pageShift + int(chunk)<<shift
		p.freed = uint16(s.mem[at]) | uint16(s.mem[at+1])<<8
	} else {
		p.fresh--
		chunk = chunksIn(shift) - 1 - p.fresh
	}
	if p.used++; p.used == chunksIn(shift) {
		s.unlist(n)
	}
	return int(n)<<pageShift + int(chunk)<<shift, true
}

// free gives back what alloc returned.
func (s *slab) free(offset int) {
	n := int32(offset >> pageShift)
	p := &s.pages[n]
	if p.kind == takenRun {
		s.freeRun(n, p.run)
		return
	}
	chunk := uint16((offset & (pageSize - 1)) >> p.shift)
	s.mem[offset], s.mem[offset+1] = byte(p.freed), byte(p.freed>>8)
	p.freed = chunk + 1
	if !p.listed {
		s.list(n)
	}
	if p.used--; p.used == 0 {
		s.unlist(n)
		s.freeRun(n, 1)
	}
}

// chunksIn returns how many chunks a page holds. Below 64 bytes, nginx takes the first
// ones for the page's bitmap.
func chunksIn(shift uint8) uint16 {
	chunks := uint16(pageSize >> shift)
	if shift < 6 {
		chunks -= max(1, chunks/(8<<shift))
	}
	return chunks
}

func (s *slab) list(n int32) {
	p := &s.pages[n]
	slot := p.shift - minShift
	p.listed, p.prev, p.next = true, noPage, s.slots[slot]
	if p.next != noPage {
		s.pages[p.next].prev = n
	}
	s.slots[slot] = n
}

func (s *slab) unlist(n int32) {
	p := &s.pages[n]
	if p.prev != noPage {
		s.pages[p.prev].next = p.next
	} else {
		s.slots[p.shift-minShift] = p.next
	}
	if p.next != noPage {
		s.pages[p.next].prev = p.prev
	}
	p.listed = false
}

// takePages takes the head of the first free run that is long enough; what is left of it
// keeps the place in the list.
func (s *slab) takePages(count int32) int32 {
	for n := s.freeHead; n != noPage; n = s.pages[n].next {
		p := &s.pages[n]
		if p.run < count {
			continue
		}
		if rest := p.run - count; rest > 0 {
			r := n + count
			s.markRun(r, rest)
			s.pages[r].prev, s.pages[r].next = p.prev, p.next
			s.relink(r, p.prev, p.next)
		} else {
			s.removeRun(n)
		}
		s.freePages -= int(count)
		s.pages[n] = page{kind: takenRun, run: count}
		for i := n + 1; i < n+count; i++ {
			s.pages[i] = page{kind: takenInner}
		}
		return n
	}
	return noPage
}

// freeRun gives pages back and joins them with the free runs before and after.
func (s *slab) freeRun(n, count int32) {
	s.freePages += int(count)
	if after := n + count; int(after) < len(s.pages) && s.pages[after].kind == freeRun {
		count += s.pages[after].run
		s.removeRun(after)
	}
	if n > 0 {
		before := n - 1
		if s.pages[before].kind == freeInner {
			before = s.pages[before].run
		}
		if s.pages[before].kind == freeRun {
			count += s.pages[before].run
			s.removeRun(before)
			n = before
		}
	}
	s.addRun(n, count)
}

// markRun writes the descriptors of a free run, but for its links.
func (s *slab) markRun(n, count int32) {
	s.pages[n].kind, s.pages[n].run = freeRun, count
	if count > 1 {
		last := &s.pages[n+count-1]
		last.kind, last.run = freeInner, n
	}
}

func (s *slab) addRun(n, count int32) {
	for i := n + 1; i < n+count; i++ {
		s.pages[i].kind = freeInner
	}
	s.markRun(n, count)
	p := &s.pages[n]
	p.prev, p.next = noPage, s.freeHead
	s.relink(n, noPage, p.next)
}

func (s *slab) removeRun(n int32) {
	p := &s.pages[n]
	if p.prev != noPage {
		s.pages[p.prev].next = p.next
	} else {
		s.freeHead = p.next
	}
	if p.next != noPage {
		s.pages[p.next].prev = p.prev
	}
}

// relink makes prev and next, or the head of the list, point to n.
func (s *slab) relink(n, prev, next int32) {
	if prev != noPage {
		s.pages[prev].next = n
	} else {
		s.freeHead = n
	}
	if next != noPage {
		s.pages[next].prev = n
	}
}
