package shdict

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newZone returns a zone whose clock is at *now milliseconds.
func newZone(t testing.TB, size int) (z *Zone, now *int64) {
	t.Helper()
	z, err := NewZone("test", size)
	if err != nil {
		t.Fatal(err)
	}
	now = new(int64)
	*now = 1_000_000
	z.now = func() int64 { return *now }
	return z, now
}

func TestFreeSpaceAsNginx(t *testing.T) {
	// What free_space() says of an empty dictionary under nginx 1.22.1; -1: it does not start.
	for size, want := range map[int]int{
		8192: -1, 9216: -1, 12000: -1, 12288: 0, 13312: 0, 16384: 4096, 20480: 8192, 30720: 16384, 65536: 53248,
		102400: 90112, 131072: 118784, 1024000: 1007616, 1048576: 1032192, 5242880: 5201920, 10485760: 10412032, 104857600: 104235008,
	} {
		z, err := NewZone("dogs", size)
		switch {
		case want < 0:
			if !errors.Is(err, ErrNoMemory) {
				t.Errorf("%d: error %v", size, err)
			}
		case err != nil:
			t.Errorf("%d: %v", size, err)
		case z.FreeSpace() != want || z.Capacity() != size:
			t.Errorf("%d: free space %d, want %d; capacity %d", size, z.FreeSpace(), want, z.Capacity())
		}
	}
	if _, err := NewZone("dogs", MinSize-1); err == nil {
		t.Error("no error for a size below the minimum")
	}
}

func TestScalars(t *testing.T) {
	z, now := newZone(t, 1<<20)
	steps := []struct {
		name string
		do   func() any
		want any
	}{
		{"get missing", func() any { return z.get("a") }, "nil"},
		{"set", func() any { return result(z.Set("a", StringValue("x"), 0)) }, "false <nil>"},
		{"get", func() any { return z.get("a") }, `"x"`},
		{"add existing", func() any { return result(z.Add("a", NumberValue(1), 0)) }, "false exists"},
		{"replace", func() any { return result(z.Replace("a", Value{Kind: Number, Num: 1.5, Flags: 7}, 0)) }, "false <nil>"},
		{"get flags", func() any { return z.get("a") }, "1.5 flags 7"},
		{"replace missing", func() any { return result(z.Replace("b", NumberValue(1), 0)) }, "false not found"},
		{"boolean", func() any { _, _ = z.Set("b", BoolValue(true), 0); return z.get("b") }, "true"},
		{"empty string", func() any { _, _ = z.Set("b", StringValue(""), 0); return z.get("b") }, `""`},
		{"set nil deletes", func() any { _, _ = z.Set("b", Value{}, 0); return z.get("b") }, "nil"},
		{"add nil", func() any { return result(z.Add("b", Value{}, 0)) }, "false attempt to add or replace nil values"},
		{"long key", func() any { return result(z.Set(strings.Repeat("k", MaxKeyLen+1), NumberValue(1), 0)) }, "false key too long"},
		{"longest key", func() any {
			key := strings.Repeat("k", MaxKeyLen)
			_, err := z.Set(key, NumberValue(1), 0)
			return fmt.Sprint(err, z.get(key))
		}, "<nil>1"},
		{"expires", func() any {
			_, _ = z.Set("t", NumberValue(1), 100)
			*now += 99
			before := z.get("t")
			*now++
			return before + " " + z.get("t")
		}, "1 nil"},
		{"get_stale", func() any {
			_, _ = z.Set("u", NumberValue(2), 10)
			*now += 20
			v, stale, _ := z.GetStale("u")
			return fmt.Sprint(v.Num, stale)
		}, "2 true"},
		{"ttl", func() any {
			_, _ = z.Set("t", NumberValue(1), 100)
			*now += 30
			ttl, ok := z.TTL("t")
			return fmt.Sprint(ttl, ok)
		}, "70 true"},
		{"ttl below zero", func() any { *now += 100; ttl, ok := z.TTL("t"); return fmt.Sprint(ttl, ok) }, "-30 true"},
		{"expire revives", func() any { return fmt.Sprint(z.Expire("t", 50), z.get("t")) }, "true1"},
		{"expire for good", func() any { z.Expire("t", 0); ttl, ok := z.TTL("t"); return fmt.Sprint(ttl, ok) }, "0 true"},
		{"expire missing", func() any { return z.Expire("none", 1) }, false},
		{"incr", func() any { sum, err := z.Incr("t", 2.5); return fmt.Sprint(sum, err) }, "3.5 <nil>"},
		{"incr missing", func() any { _, err := z.Incr("none", 1); return err.Error() }, "not found"},
		{"incr of a string", func() any {
			_, _ = z.Set("s", StringValue("12345678"), 0)
			_, err := z.Incr("s", 1)
			return err.Error()
		}, "not a number"},
		{"incr init", func() any { sum, forcible, err := z.IncrInit("n", 1, 10, 100); return fmt.Sprint(sum, forcible, err) }, "11 false <nil>"},
		{"incr keeps the ttl", func() any {
			*now += 60
			sum, _, _ := z.IncrInit("n", 1, 10, 100)
			ttl, _ := z.TTL("n")
			return fmt.Sprint(sum, ttl)
		}, "12 40"},
		{"incr init after expiry", func() any { *now += 60; sum, _, _ := z.IncrInit("n", 1, 10, 0); return sum }, 11.0},
	}
	for _, s := range steps {
		if diff := cmp.Diff(s.want, s.do()); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
	}
}

func (z *Zone) get(key string) string {
	v, err := z.Get(key)
	return describe(v, err)
}

func describe(v Value, err error) string {
	if err != nil {
		return err.Error()
	}
	text := "nil"
	switch v.Kind {
	case Boolean:
		text = fmt.Sprint(v.Num != 0)
	case Number:
		text = fmt.Sprint(v.Num)
	case String:
		text = fmt.Sprintf("%q", v.Text)
	}
	if v.Flags != 0 {
		text += fmt.Sprint(" flags ", v.Flags)
	}
	return text
}

func result(forcible bool, err error) string { return fmt.Sprint(forcible, " ", err) }

func TestLists(t *testing.T) {
	z, now := newZone(t, 1<<20)
	push := func(n int, err error) string { return fmt.Sprint(n, " ", err) }
	steps := []struct {
		name string
		do   func() string
		want string
	}{
		{"lpush makes a list", func() string { return push(z.LPush("l", StringValue("b"))) }, "1 <nil>"},
		{"lpush", func() string { return push(z.LPush("l", NumberValue(1))) }, "2 <nil>"},
		{"rpush", func() string { return push(z.RPush("l", StringValue(strings.Repeat("c", 3000)))) }, "3 <nil>"},
		{"get", func() string { return z.get("l") }, "value is a list"},
		{"incr", func() string { _, err := z.Incr("l", 1); return err.Error() }, "not a number"},
		{"lpop", func() string { return describe(z.LPop("l")) }, "1"},
		{"rpop", func() string { v, _ := z.RPop("l"); return fmt.Sprint(len(v.Text)) }, "3000"},
		{"llen", func() string { return push(z.LLen("l")) }, "1 <nil>"},
		{"last", func() string { return describe(z.RPop("l")) }, `"b"`},
		{"empty list is gone", func() string { return describe(z.RPop("l")) + fmt.Sprint(z.Keys(0)) }, "nil[]"},
		{"llen missing", func() string { return push(z.LLen("l")) }, "0 <nil>"},
		{"push to a number", func() string { _, _ = z.Set("n", NumberValue(1), 0); return push(z.LPush("n", NumberValue(1))) }, "0 value not a list"},
		{"pop from a number", func() string { return describe(z.LPop("n")) }, "value not a list"},
		{"llen of a number", func() string { return push(z.LLen("n")) }, "0 value not a list"},
		{"set over a list", func() string {
			_, _ = z.LPush("m", NumberValue(1))
			_, err := z.Set("m", StringValue("x"), 0)
			return fmt.Sprint(err, " ", z.get("m"))
		}, `<nil> "x"`},
		{"push to an expired list", func() string {
			_, _ = z.LPush("e", NumberValue(1))
			_, _ = z.LPush("e", NumberValue(2))
			_, _ = z.Set("hotter", NumberValue(1), 0)
			z.Expire("e", 10)
			*now += 20
			return push(z.RPush("e", NumberValue(3)))
		}, "1 <nil>"},
		{"push to an expired number", func() string {
			_, _ = z.Set("x", NumberValue(1), 10)
			*now += 20
			return push(z.RPush("x", NumberValue(3)))
		}, "1 <nil>"},
	}
	for _, s := range steps {
		if diff := cmp.Diff(s.want, s.do()); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
	}
	empty, _ := newZone(t, 1<<20)
	z.FlushAll()
	z.FlushExpired(0)
	if z.FreeSpace() != empty.FreeSpace() {
		t.Errorf("free space %d after a flush, %d of an empty zone", z.FreeSpace(), empty.FreeSpace())
	}
}

func TestEviction(t *testing.T) {
	z, now := newZone(t, 100<<10)
	big := StringValue(strings.Repeat("x", 3000))
	stored := 0
	for ; z.FreeSpace() > 0; stored++ {
		if err := z.SafeSet(fmt.Sprint("k", stored), big, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.SafeSet("more", big, 0); !errors.Is(err, ErrNoMemory) {
		t.Errorf("SafeSet in a full zone: %v", err)
	}
	if n, err := z.LPush("list", big); n != 0 || !errors.Is(err, ErrNoMemory) {
		t.Errorf("LPush in a full zone: %d, %v", n, err)
	}
	z.get("k0") // is hot now
	if forcible, err := z.Set("more", big, 0); !forcible || err != nil {
		t.Errorf("Set in a full zone: %v, %v", forcible, err)
	}
	if z.get("k0") == "nil" || z.get("k1") != "nil" {
		t.Error("the entry used longest ago is not the one that went")
	}
	if forcible, err := z.Set("huge", StringValue(strings.Repeat("x", 200<<10)), 0); !forcible || !errors.Is(err, ErrNoMemory) {
		t.Errorf("Set of more than the zone holds: %v, %v", forcible, err)
	}
	if got := len(z.Keys(0)); got > stored {
		t.Errorf("%d keys of %d are left after it", got, stored)
	}

	z.FlushAll()
	if got := z.Keys(0); got != nil {
		t.Errorf("keys after FlushAll: %q", got)
	}
	z.FlushExpired(0)
	for i := range 5 {
		_, _ = z.Set(fmt.Sprint("t", i), NumberValue(1), int64(10*(i+1)))
	}
	*now += 35
	if got := z.FlushExpired(2); got != 2 {
		t.Errorf("FlushExpired(2) = %d", got)
	}
	if diff := cmp.Diff([]string{"t3", "t4"}, z.Keys(0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"t3"}, z.Keys(1)); diff != "" {
		t.Error(diff)
	}
	if got := z.FlushExpired(0); got != 1 {
		t.Errorf("FlushExpired(0) = %d", got)
	}
}

func TestNoIncrementIsLost(t *testing.T) {
	z, err := NewZone("test", 100<<10)
	if err != nil {
		t.Fatal(err)
	}
	const workers, rounds = 16, 2000
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				if _, _, err := z.IncrInit("total", 1, 0, 0); err != nil {
					t.Error(err)
				}
				// Noise that evicts, but never the total, which is hot.
				key := fmt.Sprint("k", w, i%40)
				_, _ = z.Set(key, StringValue(strings.Repeat("x", i%500)), int64(i%3))
				_, _, _ = z.GetStale(key)
				_, _ = z.RPush(fmt.Sprint("l", w%4), NumberValue(1))
				_, _ = z.LPop(fmt.Sprint("l", w%4)) // lists stay short: one that filled the zone would leave nothing else to evict
				if i%500 == 0 {
					z.FlushExpired(3)
					z.Keys(10)
				}
			}
		})
	}
	wg.Wait()
	if v, _ := z.Get("total"); v.Num != workers*rounds {
		t.Errorf("total %v, want %d", v.Num, workers*rounds)
	}
}

// TestSlab gives random sizes out and back and checks that chunks never overlap and that
// all pages come back.
func TestSlab(t *testing.T) {
	const pages = 64
	var s slab
	s.init(make([]byte, pages<<pageShift), pages)
	owner := make([]int, pages<<pageShift)
	type chunk struct{ at, size, id int }
	var held []chunk
	seed := uint32(1)
	random := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	for id := 1; id < 20000; id++ {
		if len(held) > 0 && random(100) < 48 {
			i := random(len(held))
			c := held[i]
			for _, o := range owner[c.at : c.at+c.size] {
				if o != c.id {
					t.Fatalf("chunk %d overlaps chunk %d", c.id, o)
				}
			}
			s.free(c.at)
			held[i] = held[len(held)-1]
			held = held[:len(held)-1]
			continue
		}
		size := 1 + random([]int{8, 32, 100, 1000, 2048, 20000}[random(6)])
		at, ok := s.alloc(size)
		if !ok {
			continue
		}
		for i := at; i < at+size; i++ {
			owner[i] = id
		}
		held = append(held, chunk{at, size, id})
	}
	for _, c := range held {
		s.free(c.at)
	}
	if s.freePages != pages {
		t.Errorf("%d pages are free, want %d", s.freePages, pages)
	}
	if _, ok := s.alloc(pages << pageShift); !ok {
		t.Error("the free pages are not one run again")
	}
}

func BenchmarkGet(b *testing.B) {
	z, _ := NewZone("bench", 10<<20)
	for i := range 1000 {
		_, _ = z.Set(fmt.Sprint("key", i), StringValue("some value of thirty-two bytes.."), 60000)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = z.Get("key500")
	}
}

func BenchmarkSet(b *testing.B) {
	z, _ := NewZone("bench", 10<<20)
	v := StringValue("some value of thirty-two bytes..")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = z.Set("key", v, 60000)
	}
}

func BenchmarkIncrParallel(b *testing.B) {
	z, _ := NewZone("bench", 10<<20)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _, _ = z.IncrInit("key", 1, 0, 0)
		}
	})
}

func TestHotPathAllocations(t *testing.T) {
	z, _ := newZone(t, 1<<20)
	v := StringValue("value")
	if n := testing.AllocsPerRun(100, func() { _, _ = z.Set("key", v, 1000) }); n != 0 {
		t.Errorf("Set allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = z.Get("key") }); n > 1 {
		t.Errorf("Get allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = z.IncrInit("n", 1, 0, 0) }); n != 0 {
		t.Errorf("IncrInit allocates %v times", n)
	}
}
