package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBuckets(t *testing.T) {
	last := -1
	for _, ns := range []int64{0, 1, 2047, 2048, 2049, 4095, 4096, 4100, 1e6, 1e9, 60e9, 3600e9, math.MaxInt64} {
		b := bucket(ns)
		if b < last {
			t.Errorf("%d falls into bucket %d, below a smaller value's", ns, b)
		}
		last = b
		if h := highest(b); h < ns || float64(h-ns) > float64(ns)/1000 {
			t.Errorf("%d is reported as %d", ns, h)
		}
	}
	for b := range 30000 {
		if got := bucket(highest(b)); got != b {
			t.Fatalf("bucket %d ends at %d, which falls into %d", b, highest(b), got)
		}
	}
}

func TestQuantiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	distributions := []struct {
		name string
		next func() int64
	}{
		{"uniform", func() int64 { return rnd.Int64N(1e7) }},
		{"long tail", func() int64 { return int64(math.Exp(rnd.NormFloat64()*2 + 12)) }},
		{"small", func() int64 { return rnd.Int64N(100) }},
	}
	for _, d := range distributions {
		t.Run(d.name, func(t *testing.T) {
			var h, a, b Histogram
			values := make([]int64, 20000)
			for i := range values {
				values[i] = d.next()
				h.Record(values[i])
				if i%3 == 0 {
					a.Record(values[i])
				} else {
					b.Record(values[i])
				}
			}
			a.Merge(&b)
			slices.Sort(values)
			for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 1} {
				want := values[max(int(math.Ceil(q*float64(len(values)))), 1)-1]
				for name, got := range map[string]int64{"": h.Quantile(q), "merged": a.Quantile(q)} {
					if math.Abs(float64(got-want)) > float64(want)/1000+1 {
						t.Errorf("%s quantile %v is %d, not %d", name, q, got, want)
					}
				}
			}
			if h.Max() != values[len(values)-1] || a.Max() != h.Max() || h.Count() != uint64(len(values)) || a.Count() != h.Count() {
				t.Error("maximum or count is wrong")
			}
		})
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h, o Histogram
	h.Merge(&o)
	if h.Quantile(0.99) != 0 || h.Max() != 0 || h.Mean() != 0 {
		t.Error("an empty histogram is not zero")
	}
	h.Record(-5)
	if h.Quantile(1) != 0 || h.Count() != 1 {
		t.Error("a negative duration counts as zero")
	}
}
