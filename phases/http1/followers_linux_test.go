package http1

import (
	"runtime"
	"testing"
)

func TestFollowers(t *testing.T) {
	var f followers
	type end struct{ id, turns int }
	ends := make(chan end)
	led := make(chan int)
	idle := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.idle)
	}
	follow := func(id int) {
		turn, n := make(chan bool, 1), 0
		for f.wait(turn) {
			n++
			led <- id
		}
		ends <- end{id, n}
	}
	if f.wake() {
		t.Fatal("nobody was woken")
	}
	const all = keptFollowers + 20
	for i := range all {
		go follow(i)
		for idle() != i+1 {
			runtime.Gosched()
		}
	}
	for range 3 { // the same one, while the others rest
		if !f.wake() {
			t.Fatal("nobody to wake")
		}
		if id := <-led; id != all-1 {
			t.Errorf("%d was woken, want the last, %d", id, all-1)
		}
		for idle() != all {
			runtime.Gosched()
		}
	}
	f.trim(false) // has known nothing of them before
	if n := idle(); n != all {
		t.Errorf("%d are left after the first trim, want all %d", n, all)
	}
	f.trim(false)
	for i := range 20 {
		if e := <-ends; e.turns != 0 || e.id >= 20 {
			t.Errorf("end %d: %+v, want one of the first that came", i, e)
		}
	}
	f.trim(true)
	if n := idle(); n != keptFollowers {
		t.Errorf("%d are left of a quiet loop, want %d", n, keptFollowers)
	}
	f.close()
	for range keptFollowers {
		<-ends
	}
	if f.wait(make(chan bool, 1)) || f.wake() {
		t.Error("somebody follows a loop that is closed")
	}
}
