package load

import "math/bits"

const (
	subBits    = 11 // values below 1<<subBits are exact; above, a bucket is at most 1/1024 of its value wide
	subBuckets = 1 << subBits
	halfBucket = subBuckets / 2
)

// Histogram counts durations in nanoseconds. Its buckets grow with the value, so that every quantile is
// within 0.1 % of a recorded value, from one nanosecond to centuries. The zero value is empty and ready.
// It is not for use by several goroutines at once.
type Histogram struct {
	counts []uint64
	total  uint64
	sum    float64
	max    int64
	min    int64
}

func bucket(ns int64) int {
	if ns < subBuckets {
		return int(ns)
	}
	shift := bits.Len64(uint64(ns)) - subBits
	return subBuckets + (shift-1)*halfBucket + int(uint64(ns)>>shift) - halfBucket
}

// highest is the largest value that falls into a bucket.
func highest(bucket int) int64 {
	if bucket < subBuckets {
		return int64(bucket)
	}
	shift := (bucket-subBuckets)/halfBucket + 1
	mantissa := int64((bucket-subBuckets)%halfBucket + halfBucket)
	return (mantissa+1)<<shift - 1
}

// Record counts one duration in nanoseconds; a negative one counts as zero.
func (h *Histogram) Record(ns int64) {
	ns = max(ns, 0)
	i := bucket(ns)
	if i >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, i+halfBucket-len(h.counts))...)
	}
	h.counts[i]++
	if h.total == 0 || ns < h.min {
		h.min = ns
	}
	h.max = max(h.max, ns)
	h.total++
	h.sum += float64(ns)
}

// Count is how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Max is the longest recorded duration in nanoseconds, exactly.
func (h *Histogram) Max() int64 { return h.max }

// Mean is the average in nanoseconds; 0 for an empty histogram.
func (h *Histogram) Mean() float64 {
	if h.total == 0 {
		return 0
	}
	return h.sum / float64(h.total)
}

// Quantile is the duration in nanoseconds that the share q (0 to 1) of all recorded ones does not exceed.
func (h *Histogram) Quantile(q float64) int64 {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q*float64(h.total) + 0.999999)
	rank = min(max(rank, 1), h.total)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return max(min(highest(i), h.max), h.min)
		}
	}
	return h.max
}

// Merge adds what another histogram counted.
func (h *Histogram) Merge(o *Histogram) {
	if o.total == 0 {
		return
	}
	if len(o.counts) > len(h.counts) {
		h.counts = append(h.counts, make([]uint64, len(o.counts)-len(h.counts))...)
	}
	for i, n := range o.counts {
		h.counts[i] += n
	}
	if h.total == 0 || o.min < h.min {
		h.min = o.min
	}
	h.max = max(h.max, o.max)
	h.total += o.total
	h.sum += o.sum
}
