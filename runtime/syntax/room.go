package syntax

import (
	"math/bits"
	"slices"
)

// item is what a positional field of a table constructor is.
type item uint8

const (
	computed item = iota
	constant
	constantNil
	// named is a field whose key is a name or a string.
	named
	// keyed is a field with another key.
	keyed
)

func (e *expr) item() item {
	switch {
	case e.hasJumps():
	case e.kind == isNil:
		return constantNil
	case e.kind == isConst || e.kind == isNumber || e.kind == isTrue || e.kind == isFalse:
		return constant
	}
	return computed
}

// room is the number of elements that LuaJIT's array part can hold for a constructor with these items. The length operator of a
// list with holes depends on it. LuaJIT sizes the array by the number of fields where no item is constant; constant items are
// stored one by one into a table that doubles when they make it grow.
func room(items []item) int {
	t := template{}
	n := 0
	for _, it := range items {
		switch it {
		case computed:
			n++
		case constant, constantNil:
			n++
			t.make(n)
			t.store(n, it == constant)
		case named:
			t.fields++
			t.make(n)
			t.store(0, true)
		case keyed:
			t.fields++
		}
	}
	if n == 0 {
		return 0
	}
	if !t.made {
		return max(n, 2)
	}
	return max(t.slots, n)
}

// template plays LuaJIT's table of the constant items of a constructor.
type template struct {
	made bool
	// fields counts the items with a key.
	fields int
	// slots is the highest key in the array part, nodes the room for others.
	slots, nodes int
	// used lists the keys with values, 0 for a name; outside is how many keys lie outside of the array, whatever they hold.
	used    []int
	outside int
}

func (t *template) make(n int) {
	if !t.made {
		t.made, t.slots, t.nodes = true, n, nodesFor(t.fields)
	}
}

// nodesFor is the room of a hash part that is made for n keys.
func nodesFor(n int) int {
	if n == 0 {
		return 0
	}
	return max(1<<bits.Len(uint(n-1)), 2)
}

func (t *template) store(key int, hasValue bool) {
	inside := func() bool { return key > 0 && key <= t.slots }
	if !inside() && t.outside == t.nodes {
		t.resize(key)
	}
	if !inside() {
		t.outside++
	}
	if hasValue {
		t.used = append(t.used, key)
	}
}

// resize makes the array the largest power of two of which more than half is used, by the keys with values and the new one.
func (t *template) resize(key int) {
	var bins [bits.UintSize]int
	keys := append(slices.Clip(t.used), key)
	integers := 0
	for _, k := range keys {
		if k > 0 {
			bins[max(bits.Len(uint(k-1)), 1)-1]++
			integers++
		}
	}
	inside := 0
	t.slots = 0
	for b, sum := 0, 0; 2*integers > 1<<b && sum < integers; b++ {
		if sum += bins[b]; bins[b] > 0 && 2*sum > 1<<b {
			t.slots, inside = 2<<b, sum
		}
	}
	t.nodes = nodesFor(len(keys) - inside)
	t.outside = len(keys) - inside - 1
	if key > 0 && key <= t.slots {
		t.outside++
	}
}
