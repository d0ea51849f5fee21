package report

import (
	"math"
	"slices"
	"time"
)

// Stat is the median of some rounds, and their spread.
type Stat struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Low and High hold the median of all rounds that could be run, nineteen times in twenty; Min and Max where
	// there are too few rounds to say more.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
}

// Summarize is the median of the values, and the smallest and largest of them.
func Summarize(values []float64) Stat {
	if len(values) == 0 {
		return Stat{}
	}
	v := slices.Clone(values)
	slices.Sort(v)
	s := Stat{Min: v[0], Max: v[len(v)-1], N: len(v), Median: v[len(v)/2]}
	if len(v)%2 == 0 {
		s.Median = (v[len(v)/2-1] + v[len(v)/2]) / 2
	}
	k := trim(len(v))
	s.Low, s.High = v[k], v[len(v)-1-k]
	return s
}

// trim is how many of n values to leave out at either end so that the rest spans the median with a probability of 93 % or
// more, whatever their distribution: each value lies below the median like a coin's head.
func trim(n int) int {
	below, term, all := 0.0, 1.0, math.Pow(2, float64(n))
	for k := range n / 2 {
		below += term // the ways in which at most k values lie below
		if 1-2*below/all < 0.93 {
			return max(k-1, 0)
		}
		term *= float64(n-k) / float64(k+1)
	}
	return max(n/2-1, 0)
}

// Within reports whether the interval reaches no further from the median than a share of it.
func (s Stat) Within(share float64) bool {
	return s.High <= s.Median*(1+share) && s.Low >= s.Median*(1-share)
}

// Spread is the distance between the extremes in parts of the median.
func (s Stat) Spread() float64 {
	if s.Median == 0 {
		return 0
	}
	return (s.Max - s.Min) / s.Median
}

// Figure picks one number of a round: NaN where the round has none, because nothing was answered in it.
type Figure func(*Round) float64

// The figures that reports show.
var (
	RPS     Figure = func(r *Round) float64 { return r.RPS }
	CPUEach Figure = func(r *Round) float64 { return answered(r, r.CPUEach) }
	P50     Figure = func(r *Round) float64 { return answered(r, r.P50) }
	P90     Figure = func(r *Round) float64 { return answered(r, r.P90) }
	P99     Figure = func(r *Round) float64 { return answered(r, r.P99) }
	P999    Figure = func(r *Round) float64 { return answered(r, r.P999) }
	MaxLat  Figure = func(r *Round) float64 { return answered(r, r.Max) }
	Busy    Figure = func(r *Round) float64 { return r.ServerBusy }
	Others  Figure = func(r *Round) float64 { return r.Others }
	LagP99  Figure = func(r *Round) float64 { return answered(r, r.Lag) }
)

func answered(r *Round, d time.Duration) float64 {
	if r.Requests == 0 {
		return math.NaN()
	}
	return float64(d)
}

// Over summarizes a figure over the rounds that have it.
func Over(rounds []Round, f Figure) Stat {
	var v []float64
	for i := range rounds {
		if x := f(&rounds[i]); !math.IsNaN(x) {
			v = append(v, x)
		}
	}
	return Summarize(v)
}

// Ratio compares two engines round by round: what happened to the machine in a round happened to both, so the
// quotients lie closer together than the figures.
func Ratio(a, b []Round, f Figure) Stat {
	var v []float64
	for i := range min(len(a), len(b)) {
		if q := f(&a[i]) / f(&b[i]); !math.IsNaN(q) && !math.IsInf(q, 0) {
			v = append(v, q)
		}
	}
	return Summarize(v)
}

// Fails is how many requests of all rounds had no right answer.
func (s *Side) Fails() (n int64) {
	for _, rounds := range [][]Round{s.Full, s.Steady} {
		for i := range rounds {
			n += rounds[i].Failures()
		}
	}
	return n
}

// Side is an engine's part; nil if it did not take part.
func (w *Workload) Side(engine string) *Side {
	for i := range w.Sides {
		if w.Sides[i].Engine == engine {
			return &w.Sides[i]
		}
	}
	return nil
}

// CPURounds are the rounds that CPU time per request is taken from: those at saturation, or the steady ones
// where a workload has no others.
func (s *Side) CPURounds() []Round {
	if len(s.Full) > 0 {
		return s.Full
	}
	return s.Steady
}

// Duration makes nanoseconds of a figure.
func Duration(ns float64) time.Duration { return time.Duration(ns) }
