package conf

import (
	"math"
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in     string
		size   int64 // -1: refused
		offset int64
	}{
		{"0", 0, 0},
		{"4096", 4096, 4096},
		{"8k", 8192, 8192},
		{"8K", 8192, 8192},
		{"3m", 3 << 20, 3 << 20},
		{"3M", 3 << 20, 3 << 20},
		{"2g", -1, 2 << 30},
		{"2G", -1, 2 << 30},
		{"9223372036854775807", math.MaxInt64, math.MaxInt64},
		{"9223372036854775808", -1, -1},
		{"9007199254740991k", 9007199254740991 << 10, 9007199254740991 << 10},
		{"9007199254740992k", -1, -1},
		{"", -1, -1},
		{"k", -1, -1},
		{"1kk", -1, -1},
		{"-1", -1, -1},
		{"+1", -1, -1},
		{"1.5m", -1, -1},
		{" 1", -1, -1},
		{"1b", -1, -1},
	}
	for _, tt := range tests {
		for name, f := range map[string]struct {
			parse func(string) (int64, bool)
			want  int64
		}{"ParseSize": {ParseSize, tt.size}, "ParseOffset": {ParseOffset, tt.offset}} {
			got, ok := f.parse(tt.in)
			if ok != (f.want >= 0) || ok && got != f.want {
				t.Errorf("%s(%q) = %d, %v, want %d", name, tt.in, got, ok, f.want)
			}
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	const (
		day = 24 * time.Hour
		bad = time.Duration(-1)
	)
	tests := []struct {
		in   string
		sec  time.Duration
		msec time.Duration
	}{
		{"0", 0, 0},
		{"60", time.Minute, time.Minute},
		{"60s", time.Minute, time.Minute},
		{"250ms", bad, 250 * time.Millisecond},
		{"1s500ms", bad, 1500 * time.Millisecond},
		{"1h30m", 90 * time.Minute, 90 * time.Minute},
		{"1h 30m", 90 * time.Minute, 90 * time.Minute},
		{"1d  2h", 26 * time.Hour, 26 * time.Hour},
		{"2w", 14 * day, 14 * day},
		{"1M", 30 * day, bad},
		{"1y", 365 * day, bad},
		{"1y1M1w1d1h1m1", (365 + 30 + 7 + 1) * day, bad},
		{"1m30", 90 * time.Second, 90 * time.Second},
		{"1s5", 6 * time.Second, 6 * time.Second}, // nginx takes it
		{"1 5", 6 * time.Second, 6 * time.Second},
		{"1m1h", bad, bad},
		{"1s1s", bad, bad},
		{"1ms1s", bad, bad},
		{"1m1m", bad, bad},
		{"", bad, bad},
		{"s", bad, bad},
		{"-1", bad, bad},
		{"1x", bad, bad},
		{"1.5s", bad, bad},
		{" 1", time.Second, time.Second},
		{"9223372036854775807", math.MaxInt64, bad},
		{"9223372036854775808", bad, bad},
		{"9223372036854775807ms", bad, math.MaxInt64},
		{"300y", math.MaxInt64, bad},
	}
	tests[11].sec += time.Hour + time.Minute + time.Second
	for _, tt := range tests {
		for name, f := range map[string]struct {
			parse func(string) (time.Duration, bool)
			want  time.Duration
		}{"ParseTime": {ParseTime, tt.sec}, "ParseMsec": {ParseMsec, tt.msec}} {
			got, ok := f.parse(tt.in)
			if ok != (f.want >= 0) || ok && got != f.want {
				t.Errorf("%s(%q) = %v, %v, want %v", name, tt.in, got, ok, f.want)
			}
		}
	}
}

func TestParseFlag(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in     string
		on, ok bool
	}{
		{"on", true, true},
		{"On", true, true},
		{"OFF", false, true},
		{"", false, false},
		{"yes", false, false},
		{"on ", false, false},
	}
	for _, tt := range tests {
		if on, ok := ParseFlag(tt.in); on != tt.on || ok != tt.ok {
			t.Errorf("ParseFlag(%q) = %v, %v, want %v, %v", tt.in, on, ok, tt.on, tt.ok)
		}
	}
}
