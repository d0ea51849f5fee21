package syntax

// markIndex finds labels and gotos by name, so that a source with many of them compiles in linear time. Breaks are not in it:
// they are met again at the end of their loop.
type markIndex struct {
	// labels and gotos hold places in function.marks, in ascending order.
	labels, gotos map[string][]int
}

func (x *markIndex) add(m *mark, place int) {
	if m.name == breakName {
		return
	}
	in := &x.gotos
	if m.isLabel {
		in = &x.labels
	}
	if *in == nil {
		*in = map[string][]int{}
	}
	(*in)[m.name] = append((*in)[m.name], place)
}

// remove forgets the mark's name from place on.
func (x *markIndex) remove(m *mark, place int) {
	in := x.gotos
	if m.isLabel {
		in = x.labels
	}
	places := in[m.name]
	n := len(places)
	for n > 0 && places[n-1] >= place {
		n--
	}
	switch {
	case n > 0:
		in[m.name] = places[:n]
	case places != nil:
		delete(in, m.name)
	}
}

// takeGotos removes the gotos to name from place on, and returns where they are. The result is valid until the next add.
func (x *markIndex) takeGotos(name string, place int) []int {
	places := x.gotos[name]
	n := len(places)
	for n > 0 && places[n-1] >= place {
		n--
	}
	if n < len(places) {
		x.gotos[name] = places[:n]
	}
	return places[n:]
}
