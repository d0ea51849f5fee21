package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// The collector's headroom: how much garbage may gather between two of its runs.
const (
	roomMost  = 4        // times what lives, while that is little
	roomSmall = 32 << 20 // bytes, from where it is that much on
)

// tune sets the collector for a gateway, unless the environment says otherwise. What lives in a process that answers
// requests is little as a rule, and then memory is cheaper than the collector's work: the heap may grow to five times as
// much. What many waiting requests hold counts too, with their stacks, and is not multiplied. How much memory the process
// may take at all is machine.SetMemoryLimit's.
func tune() {
	if os.Getenv("GOGC") != "" || strings.Contains(os.Getenv("GODEBUG"), "gcstoptheworld") {
		return
	}
	t := &tuner{samples: []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}}
	t.adapt()
	t.afterCollection()
}

// growth is the percentage for a process in which so many bytes live.
func growth(live uint64) int {
	room := min(roomMost*live, max(roomSmall, live))
	return int(room * 100 / max(live, 1))
}

// tuner adapts the collector to what it finds alive.
type tuner struct {
	samples []metrics.Sample
	percent int
}

func (t *tuner) adapt() {
	metrics.Read(t.samples)
	var live uint64
	for _, s := range t.samples {
		if s.Value.Kind() == metrics.KindUint64 {
			live += s.Value.Uint64()
		}
	}
	percent := growth(max(live, 1))
	if d := percent - t.percent; d < -t.percent/8 || d > t.percent/8 { // a change stops the process for a moment
		t.percent = percent
		debug.SetGCPercent(percent)
	}
}

// afterCollection has the tuner adapt whenever the collector has run: that is when it drops the object made here.
func (t *tuner) afterCollection() {
	type mark struct{ _ [16]byte }
	runtime.SetFinalizer(&mark{}, func(*mark) {
		t.adapt()
		t.afterCollection()
	})
}
