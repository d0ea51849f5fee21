package phasetest

import "testing"

// TestAddrsApart: two processes, which two lists stand for, never get the same address, and one gets its own again only when all
// have been given out.
func TestAddrsApart(t *testing.T) {
	var lists [2]blockList
	t.Cleanup(func() {
		for i := range lists {
			for _, f := range lists[i].locks {
				f.Close()
			}
		}
	})
	seen := map[string]int{}
	for n := range 250 {
		for i := range lists {
			addr, err := lists[i].next()
			if err != nil {
				t.Fatal(err)
			}
			if by, ok := seen[addr]; ok {
				t.Fatalf("%s is given to %d in round %d, and was to %d", addr, i, n, by)
			}
			seen[addr] = i
		}
	}
	if n := len(lists[0].own); n != 3 {
		t.Errorf("%d blocks for 250 addresses", n)
	}
}

func TestAddrsBeginAgain(t *testing.T) {
	var b blockList
	t.Cleanup(func() {
		for _, f := range b.locks {
			f.Close()
		}
	})
	first, err := b.next()
	for range mostBlocks*blockPorts + 10 {
		if err != nil {
			t.Fatal(err)
		}
		var addr string
		if addr, err = b.next(); addr == first {
			return
		}
	}
	t.Errorf("%s never comes again", first)
}
