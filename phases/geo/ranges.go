package geo

import (
	"fmt"
	"slices"
	"sort"
)

// ranges holds ranges of IPv4 addresses, cut at the borders of the /16 networks as in nginx, which
// shows in what counts as an overlap. The pieces of each network are sorted and apart.
type ranges struct{ high map[uint16][]span }

type span struct {
	start, end uint16
	value      string
}

// pieces calls f for each /16 network that first…last touches; f answers false to end it.
func pieces(first, last uint32, f func(h, s, e uint16) bool) {
	for h := first >> 16; h <= last>>16; h++ {
		s, e := uint16(0), uint16(0xffff)
		if h == first>>16 {
			s = uint16(first) //nolint:gosec // the low half is meant
		}
		if h == last>>16 {
			e = uint16(last) //nolint:gosec // the low half is meant
		}
		if !f(uint16(h), s, e) {
			return
		}
	}
}

// add enters a range. It may stand within one that exists, which it divides; any other overlap is an
// error. duplicate is told the value that the same range had before.
func (g *ranges) add(first, last uint32, value string, duplicate func(old string), what string) error {
	var err error
	pieces(first, last, func(h, s, e uint16) bool {
		list := g.high[h]
		i := sort.Search(len(list), func(i int) bool { return list[i].end >= s })
		fresh := span{s, e, value}
		if i == len(list) || e < list[i].start {
			g.high[h] = slices.Insert(list, i, fresh)
			return true
		}
		old := list[i]
		switch {
		case s == old.start && e == old.end:
			duplicate(old.value)
			list[i].value = value
			return true
		case s < old.start || e > old.end:
			// nginx looks from the end and names the last range that is touched
			for i+1 < len(list) && list[i+1].start <= e {
				i++
			}
			old = list[i]
			err = fmt.Errorf("range %q overlaps \"%d.%d.%d.%d-%d.%d.%d.%d\"", what,
				h>>8, h&0xff, old.start>>8, old.start&0xff, h>>8, h&0xff, old.end>>8, old.end&0xff)
			return false
		}
		var cut []span
		if s > old.start {
			cut = append(cut, span{old.start, s - 1, old.value})
		}
		cut = append(cut, fresh)
		if e < old.end {
			cut = append(cut, span{e + 1, old.end, old.value})
		}
		g.high[h] = slices.Replace(list, i, i+1, cut...)
		return true
	})
	return err
}

// remove takes a range back; false where no such range was entered.
func (g *ranges) remove(first, last uint32) bool {
	found := true
	pieces(first, last, func(h, s, e uint16) bool {
		i := slices.IndexFunc(g.high[h], func(x span) bool { return x.start == s && x.end == e })
		if i < 0 {
			found = false
			return true
		}
		g.high[h] = slices.Delete(g.high[h], i, i+1)
		return true
	})
	return found
}

func (g *ranges) find(a uint32) (string, bool) {
	list, low := g.high[uint16(a>>16)], uint16(a) //nolint:gosec // the low half is meant
	i := sort.Search(len(list), func(i int) bool { return list[i].end >= low })
	if i < len(list) && low >= list[i].start {
		return list[i].value, true
	}
	return "", false
}
