package syntax

import "math/bits"

// item is what a positional field of a table constructor is.
type item uint8

const (
	computed item = iota
	constant
	constantNil
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
	for i, it := range items {
		if it != computed {
			t.store(i+1, it == constant)
		}
	}
	if !t.made {
		return max(len(items), 2)
	}
	return max(t.slots, len(items))
}

// template plays LuaJIT's table of the constant items of a constructor.
type template struct {
	made bool
	// slots is the highest key in the array part, nodes the room for others.
	slots, nodes int
	// used lists the keys with values, outside those that lie outside the array whatever they hold.
	used, outside []int
}

func (t *template) store(key int, hasValue bool) {
	if !t.made {
		t.made, t.slots = true, key
	}
	if key > t.slots && len(t.outside) == t.nodes {
		t.resize(key)
	}
	if key > t.slots {
		t.outside = append(t.outside, key)
	}
	if hasValue {
		t.used = append(t.used, key)
	}
}

// resize makes the array the largest power of two of which more than half is used, by the keys with values and the new one.
func (t *template) resize(key int) {
	var bins [bits.UintSize]int
	keys := append(t.used[:len(t.used):len(t.used)], key)
	for _, k := range keys {
		bins[max(bits.Len(uint(k-1)), 1)-1]++
	}
	inside := 0
	t.slots = 0
	for b, sum := 0, 0; 2*len(keys) > 1<<b && sum < len(keys); b++ {
		if sum += bins[b]; bins[b] > 0 && 2*sum > 1<<b {
			t.slots, inside = 2<<b, sum
		}
	}
	t.nodes, t.outside = 0, nil
	if n := len(keys) - inside; n > 0 {
		t.nodes = max(1<<bits.Len(uint(n-1)), 2)
	}
	for _, k := range t.used {
		if k > t.slots {
			t.outside = append(t.outside, k)
		}
	}
}
