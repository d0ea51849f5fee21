package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// streams drives encrypted connections with one goroutine each.
type streams struct {
	o        *Options
	w        *window
	mu       sync.Mutex // guards schedule
	schedule *Schedule
}

// stream is one of them.
type stream struct {
	s   *streams
	c   net.Conn
	in  []byte
	p   parser
	res Result
}

func runStreams(ctx context.Context, o *Options, w *window, conns, index int) (*Result, error) {
	s := &streams{o: o, w: w}
	if o.Rate > 0 {
		s.schedule = NewSchedule(w.now(), o.Rate*float64(conns)/float64(o.Connections))
	}
	all := make([]stream, conns)
	var wg sync.WaitGroup
	for i := range all {
		all[i].s = s
		wg.Go(func() { all[i].run(ctx, index*7+i) })
	}
	if index == 0 {
		s.watch(ctx)
	}
	wg.Wait()
	total := &Result{}
	for i := range all {
		total.merge(&all[i].res)
	}
	if s.schedule != nil {
		now := w.now()
		for due := s.schedule.Next(); due < w.to; due = s.schedule.Next() {
			s.schedule.next++
			total.Late++
			total.Latency.Record(int64(now - due))
		}
	}
	return total, nil
}

// watch opens and closes the window.
func (s *streams) watch(ctx context.Context) {
	for ctx.Err() == nil && s.w.state.Load() < 2 {
		to := s.w.from
		if s.w.state.Load() == 1 {
			to = s.w.to
		}
		wait := time.NewTimer(to - s.w.now())
		select {
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
		s.w.tick(s.w.now())
	}
}

// take is the next request of the schedule: where its latency is counted from. A goroutine that wakes up a
// little after the instant is the generator's fault, not the server's: then the time of sending counts.
func (s *streams) take(ctx context.Context) (due time.Duration, ok bool) {
	if s.schedule == nil {
		return s.w.now(), true
	}
	s.mu.Lock()
	due = s.schedule.Next()
	if s.w.state.Load() >= 1 && due >= s.w.to {
		s.mu.Unlock()
		return 0, false
	}
	s.schedule.next++
	s.mu.Unlock()
	wait := due - s.w.now()
	if wait <= 0 {
		return due, true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return s.w.now(), true
	case <-ctx.Done():
		return 0, false
	}
}

func (st *stream) run(ctx context.Context, next int) {
	defer st.hangUp()
	o, w := st.s.o, st.s.w
	for ctx.Err() == nil && w.state.Load() < 2 {
		due, ok := st.s.take(ctx)
		if !ok || w.state.Load() == 2 {
			return
		}
		kind, err := st.exchange(ctx, &o.Requests[next%len(o.Requests)])
		next++
		now := w.now()
		counted := w.state.Load() == 1
		if st.s.schedule != nil {
			counted = w.state.Load() >= 1 && due >= w.began && due < w.to
		}
		if err != nil {
			st.hangUp()
			if counted {
				*kind++
				if st.res.Example == nil {
					st.res.Example = err
				}
			}
			if kind == &st.res.Refused {
				time.Sleep(coolDown)
			}
			continue
		}
		if counted {
			st.res.Requests++
			st.res.Latency.Record(int64(now - due))
		}
	}
}

func (st *stream) hangUp() {
	if st.c != nil {
		st.c.Close()
		st.c = nil
	}
}

// exchange sends a request and reads its answer. With an error it says which count the failure belongs to.
func (st *stream) exchange(ctx context.Context, r *Request) (*int64, error) {
	o := st.s.o
	if st.c == nil {
		d := net.Dialer{Timeout: o.Timeout}
		c, err := d.DialContext(ctx, "tcp", o.Addr)
		if err != nil {
			return &st.res.Refused, err
		}
		c.SetDeadline(time.Now().Add(o.Timeout)) //nolint:errcheck // the connection is open
		if o.TLS != nil {
			t := tls.Client(c, o.TLS)
			if err := t.HandshakeContext(ctx); err != nil {
				c.Close()
				return &st.res.Refused, err
			}
			c = t
		}
		st.c = c
		if st.s.w.state.Load() == 1 {
			st.res.Connects++
		}
	}
	st.c.SetDeadline(time.Now().Add(o.Timeout)) //nolint:errcheck // a failure shows at the next write
	if _, err := st.c.Write(r.Wire); err != nil {
		return &st.res.Lost, err
	}
	st.p.reset()
	n := 0
	for {
		if n == len(st.in) {
			st.in = append(st.in, make([]byte, max(firstBuffer, len(st.in)))...)
		}
		m, err := st.c.Read(st.in[n:])
		n += m
		if st.s.w.state.Load() == 1 {
			st.res.Bytes += int64(m)
		}
		eof := errors.Is(err, io.EOF)
		var timeout net.Error
		if err != nil && !eof {
			if errors.As(err, &timeout) && timeout.Timeout() {
				return &st.res.Timeouts, err
			}
			return &st.res.Lost, err
		}
		_, done, perr := st.p.parse(st.in[:n], eof)
		if perr != nil {
			return &st.res.Lost, perr
		}
		if !done {
			continue
		}
		if r.Check != nil {
			if err := r.Check(&st.p.res); err != nil {
				return &st.res.Wrong, err
			}
		}
		if eof || st.p.res.Close || !o.KeepAlive {
			st.hangUp()
		}
		return nil, nil
	}
}
