package phases

import (
	"maps"
	"slices"
	"strings"
)

// prefixTree is a compressed prefix tree of location names: the cost of a look-up grows with the URI's length, not
// with the number of locations. It is laid out for the processor's caches: a step of the search reads one node, which
// is a line long, and nothing else as a rule.
type prefixTree struct {
	nodes  []prefixNode // the root first; siblings are side by side, in the order of their first bytes
	firsts string       // the first bytes of the labels of children that are more than their parent has room for
	labels string       // those that their node has no room for
}

// prefixNode says that the location's name is what the labels from the root to here make up.
type prefixNode struct {
	loc   *Location // nil where no name ends
	next  uint32    // the first of the children
	first uint32    // where their first bytes begin in prefixTree.firsts, if they are more than kids
	label uint32    // where the label begins in prefixTree.labels, if it is longer than near
	size  uint32    // of the label
	count uint16    // of the children
	kids  [18]byte  // the children's first bytes, if there is room for them
	near  [20]byte  // the label, if there is room for it
}

func newPrefixTree(locations map[string]*Location) prefixTree {
	if len(locations) == 0 {
		return prefixTree{}
	}
	var t prefixTree
	var firsts, labels strings.Builder
	// node makes the node of names that have their first depth bytes in common with their parent's, and more with
	// each other.
	node := func(depth int, names []string) prefixNode {
		label := commonPrefix(names[0], names[len(names)-1])[depth:]
		n := prefixNode{size: uint32(len(label))}
		if copy(n.near[:], label) < len(label) {
			n.label = uint32(labels.Len())
			labels.WriteString(label)
		}
		return n
	}
	var fill func(at, depth int, names []string)
	fill = func(at, depth int, names []string) {
		depth += int(t.nodes[at].size)
		if len(names[0]) == depth {
			t.nodes[at].loc = locations[names[0]]
			names = names[1:]
		}
		next := len(t.nodes)
		var groups [][]string // the names that have the next byte in common
		var bytes []byte
		for len(names) > 0 {
			n := 1
			for n < len(names) && names[n][depth] == names[0][depth] {
				n++
			}
			groups = append(groups, names[:n])
			bytes = append(bytes, names[0][depth])
			t.nodes = append(t.nodes, node(depth, names[:n]))
			names = names[n:]
		}
		n := &t.nodes[at]
		n.next, n.count = uint32(next), uint16(len(groups))
		if copy(n.kids[:], bytes) < len(bytes) {
			n.first = uint32(firsts.Len())
			firsts.Write(bytes)
		}
		for i, g := range groups {
			fill(next+i, depth, g)
		}
	}
	names := slices.Sorted(maps.Keys(locations))
	t.nodes = []prefixNode{node(0, names)}
	fill(0, 0, names)
	t.nodes = slices.Clip(t.nodes)
	t.firsts, t.labels = firsts.String(), labels.String()
	return t
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// child is n's child whose label begins with c; nil where there is none.
func (t *prefixTree) child(n *prefixNode, c byte) *prefixNode {
	i := 0
	if count := int(n.count); count <= len(n.kids) {
		for i < count && n.kids[i] < c {
			i++
		}
		if i == count || n.kids[i] != c {
			return nil
		}
	} else if i = strings.IndexByte(t.firsts[n.first:n.first+uint32(count)], c); i < 0 {
		return nil
	}
	return &t.nodes[n.next+uint32(i)]
}

// begins reports whether the first size bytes of n's label are those of uri.
func (t *prefixTree) begins(n *prefixNode, size int, uri string) bool {
	if int(n.size) <= len(n.near) {
		return string(n.near[:size]) == uri[:size]
	}
	return t.labels[n.label:][:size] == uri[:size]
}

// ends reports whether n's label ends with a slash.
func (t *prefixTree) ends(n *prefixNode) bool {
	if int(n.size) <= len(n.near) {
		return n.near[n.size-1] == '/'
	}
	return t.labels[n.label+n.size-1] == '/'
}

// longest is the location with the longest name that begins uri, and, where one exists, the
// location named exactly uri + "/".
func (t *prefixTree) longest(uri string) (best, slash *Location) {
	if len(t.nodes) == 0 {
		return nil, nil
	}
	for n := &t.nodes[0]; n != nil; n = t.child(n, uri[0]) {
		switch size := int(n.size); {
		case size == 1 && uri != "" && uri[0] == n.near[0]:
		case size <= len(uri) && t.begins(n, size, uri):
		case size == len(uri)+1 && t.begins(n, size-1, uri) && t.ends(n):
			return best, n.loc
		default:
			return best, nil
		}
		uri = uri[n.size:]
		if n.loc != nil {
			best = n.loc
		}
		if uri == "" {
			if c := t.child(n, '/'); c != nil && c.size == 1 {
				slash = c.loc
			}
			return best, slash
		}
	}
	return best, nil
}
