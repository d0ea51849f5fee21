package load

import (
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Request is one of the requests that a load sends in turn.
type Request struct {
	Wire  []byte                // the whole request, head and body
	Check func(*Response) error // what is wrong with the answer; nil: nothing is looked at
}

// Options say what load to make. Several runs may not share an Options value at once.
type Options struct {
	Addr        string        // host:port, numeric
	TLS         *tls.Config   // nil: plain
	Requests    []Request     // sent in turn
	Connections int           // open at once
	KeepAlive   bool          // false: a new connection for each request, which must carry Connection: close
	Rate        float64       // requests a second; 0: each connection sends its next request at once
	Warmup      time.Duration // load that is not counted
	Duration    time.Duration // load that is counted
	Timeout     time.Duration // an answer that takes longer is an error; 10 s where 0
	Threads     int           // event loops; the number of cores where 0
	Idle        Idle          // what a loop with a rate does while nothing is to do
	// Mark is called when the counting begins and when it ends, in the thread that counts: the place to read
	// the server's clocks.
	Mark func(end bool)
}

// Idle is what a loop with a rate does until the next request is due or the next answer comes. A loop that slept would
// have to be woken for each: that costs the server's side of a machine time, and adds the time of waking to every latency.
type Idle int

// The ways to be idle.
const (
	Sleep Idle = iota // for a core that the servers share
	Yield             // for a core that other programs share which answer for the servers
	Spin              // for a core of its own
)

// Result is what a run saw while it counted.
type Result struct {
	Elapsed  time.Duration
	Requests int64 // right answers
	Wrong    int64 // answers that failed their check
	Lost     int64 // connections that ended within a request
	Refused  int64 // connections that could not be made
	Timeouts int64
	Bytes    int64 // received
	Connects int64 // connections made
	// Late: requests of a fixed rate that were due within the time and not sent, because no connection was
	// free. Their wait so far is in the histogram.
	Late    int64
	Latency Histogram // of right answers, and of late requests
	// Lag is how long after its instant the load itself sent a request of a fixed rate for which a connection
	// was free: latency that is not the server's.
	Lag     Histogram
	Example error // the first failure
}

// Failures is the number of requests without a right answer.
func (r *Result) Failures() int64 { return r.Wrong + r.Lost + r.Refused + r.Timeouts }

// RPS is right answers a second.
func (r *Result) RPS() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Requests) / r.Elapsed.Seconds()
}

func (r *Result) merge(o *Result) {
	r.Elapsed = max(r.Elapsed, o.Elapsed)
	r.Requests += o.Requests
	r.Wrong += o.Wrong
	r.Lost += o.Lost
	r.Refused += o.Refused
	r.Timeouts += o.Timeouts
	r.Bytes += o.Bytes
	r.Connects += o.Connects
	r.Late += o.Late
	r.Latency.Merge(&o.Latency)
	r.Lag.Merge(&o.Lag)
	if r.Example == nil {
		r.Example = o.Example
	}
}

// window is the time that counts, shared by all threads of a run. The first thread opens and closes it.
type window struct {
	state atomic.Int32 // 0 before, 1 within, 2 after
	mark  func(end bool)
	base  time.Time
	from  time.Duration
	to    time.Duration
	began time.Duration
	ended time.Duration
}

func (w *window) now() time.Duration { return time.Since(w.base) }

// tick opens and closes the window. The first thread only.
func (w *window) tick(now time.Duration) {
	switch w.state.Load() {
	case 0:
		if now < w.from {
			return
		}
		if w.mark != nil {
			w.mark(false)
		}
		w.began = w.now()
		w.to += w.began - w.from
		w.state.Store(1)
	case 1:
		if now < w.to {
			return
		}
		w.state.Store(2)
		w.ended = w.now()
		if w.mark != nil {
			w.mark(true)
		}
	}
}

// Run makes the load and returns what it saw. The error is for a load that could not be made at all;
// failures of single requests are in the result. A cancelled context ends it early.
func Run(ctx context.Context, o Options) (*Result, error) {
	if len(o.Requests) == 0 || o.Connections < 1 {
		return nil, errors.New("load: no requests or no connections")
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	o.Threads = min(o.Threads, o.Connections)
	w := &window{mark: o.Mark, base: time.Now(), from: o.Warmup, to: o.Warmup + o.Duration}
	results := make([]*Result, o.Threads)
	errs := make([]error, o.Threads)
	var wg sync.WaitGroup
	for i := range o.Threads {
		conns := (o.Connections + i) / o.Threads
		wg.Go(func() {
			if o.TLS != nil {
				results[i], errs[i] = runStreams(ctx, &o, w, conns, i)
			} else {
				results[i], errs[i] = runLoop(ctx, &o, w, conns, i)
			}
		})
	}
	wg.Wait()
	total := &Result{}
	for i, r := range results {
		if errs[i] != nil {
			return nil, errs[i]
		}
		total.merge(r)
	}
	total.Elapsed = w.ended - w.began
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return total, nil
}

// Once sends the first request on a connection of its own and checks the answer.
func Once(ctx context.Context, o Options) error {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	st := stream{s: &streams{o: &o, w: &window{base: time.Now()}}}
	defer st.hangUp()
	_, err := st.exchange(ctx, &o.Requests[0])
	return err
}
