package machine

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// A process that takes more memory than there is gets killed, with all its requests. LuaJIT raises "not enough memory" instead. Here
// that is done in two ways: what would take much at once asks first (Need), and after each of Go's collections that leaves more than the
// limit, one running script gets the error at its next call, loop or jump back. Which one is chance, weighted by how much each runs:
// nobody can tell whose an object of the heap is.

// MaxString is LuaJIT's limit for the length of a string.
const MaxString = 0x7fffff00

// large is the size from which an allocation asks first.
const large = 1 << 20

var memory struct {
	once  sync.Once
	limit atomic.Int64
	over  atomic.Bool
}

// SetMemoryLimit sets how many bytes of heap all the Lua VMs of the process may take together. 0 stands for three quarters of the
// memory of the machine, or of the control group that the process is in. From half of that memory on, if the limit is not reached before, the
// collector runs as often as it takes, unless the environment has GOMEMLIMIT. It may be called at any time, from any goroutine.
func SetMemoryLimit(bytes int64) {
	total := available()
	if bytes <= 0 {
		bytes = total / 4 * 3
	}
	memory.limit.Store(bytes)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(min(bytes, total/2))
	}
	memory.once.Do(watchCollections)
}

// available is how much memory there is, in bytes.
func available() int64 {
	total := installed()
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if b, err := os.ReadFile(file); err == nil {
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
				total = min(total, n)
			}
		}
	}
	return total
}

// watchCollections looks at the heap after each collection: an object that is dropped at once tells of it.
func watchCollections() {
	type token struct{ _ [64]byte }
	runtime.AddCleanup(new(token), func(struct{}) {
		if heap("/gc/heap/live:bytes") > memory.limit.Load() && !memory.over.Swap(true) {
			attention.Add(1)
		}
		watchCollections()
	}, struct{}{})
}

func heap(metric string) int64 {
	sample := []metrics.Sample{{Name: metric}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// Need raises "not enough memory" if there is no room for a value of n bytes. It costs next to nothing where n is small.
func Need(n int) {
	if n >= large {
		need(n)
	}
}

func need(n int) {
	limit := memory.limit.Load()
	if n > MaxString*16 || limit > 0 && int64(n) > limit {
		outOfMemory()
	}
	if limit == 0 || heap("/memory/classes/heap/objects:bytes")+int64(n) <= limit {
		return
	}
	runtime.GC()
	if heap("/memory/classes/heap/objects:bytes")+int64(n) > limit {
		outOfMemory()
	}
}

// NeedString is Need for a string, whose length has a limit of its own.
func NeedString(n int) {
	if n >= large {
		if n > MaxString {
			outOfMemory()
		}
		need(n)
	}
}

// outOfMemory raises LuaJIT's message, which has no position.
func outOfMemory() {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString("not enough memory")})
}

// relieve raises the error that a collection has called for, once.
func relieve() {
	if memory.over.CompareAndSwap(true, false) {
		attention.Add(-1)
		outOfMemory()
	}
}
