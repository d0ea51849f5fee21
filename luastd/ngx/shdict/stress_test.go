package shdict

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// stressTime is how long TestStress runs: a second, or MOONGATE_STRESS_SECONDS.
func stressTime(t *testing.T) time.Duration {
	s := os.Getenv("MOONGATE_STRESS_SECONDS")
	if s == "" {
		return time.Second
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n) * time.Second
}

// TestStress mixes all operations on one full zone from 16 goroutines. Counters that lie in a zone with room for them must lose no
// increment meanwhile.
func TestStress(t *testing.T) {
	full, err := NewZone("full", 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	counters, err := NewZone("counters", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	const (
		goroutines = 16
		counts     = 8
	)
	end := time.Now().Add(stressTime(t))
	var wg sync.WaitGroup
	var sums [goroutines][counts]float64
	for g := range goroutines {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for round := 0; round%64 != 0 || time.Now().Before(end); round++ {
				i := r.IntN(counts)
				delta := float64(r.IntN(9) - 3)
				if _, _, err := counters.IncrInit("n"+strconv.Itoa(i), delta, 0, 0); err != nil {
					t.Errorf("incr: %v", err)
					return
				}
				sums[g][i] += delta
				if err := stir(full, r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range counts {
		want := 0.0
		for g := range goroutines {
			want += sums[g][i]
		}
		v, err := counters.Get("n" + strconv.Itoa(i))
		if err != nil || v.Kind != Number || v.Num != want {
			t.Errorf("counter %d is %v (%v), want %v", i, v.Num, err, want)
		}
	}
	full.FlushAll()
	full.FlushExpired(0)
	empty, err := NewZone("empty", 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := full.FreeSpace(), empty.FreeSpace(); got != want {
		t.Errorf("free space of the flushed zone is %d, want %d", got, want)
	}
}

// stir does one operation on a random key. Strings begin with their key, so that a mixed-up one shows.
func stir(z *Zone, r *rand.Rand) error {
	key := "k" + strconv.Itoa(r.IntN(200))
	list := "l" + strconv.Itoa(r.IntN(20))
	value := StringValue(key + string(make([]byte, r.IntN(2000))))
	ttl := int64(r.IntN(5))
	var got Value
	var err error
	switch r.IntN(18) {
	case 0:
		_, err = z.Set(key, value, ttl)
	case 1:
		err = z.SafeSet(key, value, ttl)
	case 2:
		_, err = z.Add(key, value, ttl)
	case 3:
		err = z.SafeAdd(key, value, ttl)
	case 4:
		_, err = z.Replace(key, value, ttl)
	case 5:
		z.Delete(key)
	case 6:
		z.TTL(key)
	case 7:
		z.Expire(key, ttl)
	case 8:
		z.FlushExpired(3)
	case 9:
		z.Keys(10)
	case 10:
		_, err = z.LPush(list, value)
	case 11:
		_, err = z.RPush(list, value)
	case 12:
		_, err = z.LPop(list)
	case 13:
		_, err = z.RPop(list)
	case 14:
		_, err = z.LLen(list)
	case 15:
		if r.IntN(500) == 0 {
			z.FlushAll()
		}
		z.FreeSpace()
	case 16:
		got, _, err = z.GetStale(key)
	default:
		got, err = z.Get(key)
	}
	if got.Kind == String && (len(got.Text) < len(key) || got.Text[:len(key)] != key) {
		return errors.New(key + " holds the value of another key")
	}
	for _, expected := range []error{ErrNoMemory, ErrExists, ErrNotFound, ErrIsList, ErrNotAList, ErrNil} {
		if errors.Is(err, expected) {
			return nil
		}
	}
	return err
}
