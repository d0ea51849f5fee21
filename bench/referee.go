package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"moongate/bench/engine"
	"moongate/bench/report"
	"moongate/bench/workload"
)

var (
	wrkRate  = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	wrkCount = regexp.MustCompile(`(\d+) requests in`)
)

// callReferee lets wrk and the harness's own generator send the same request to the same servers in turn.
func (h *harness) callReferee(ctx context.Context) error {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		return errors.New("no referee: wrk is not installed")
	}
	loads, err := workload.Load(embedded, "workloads", []string{"static"})
	if err != nil {
		return err
	}
	s := h.session(loads[0], h.o.workers[0])
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return err
	}
	for _, sd := range s.sides {
		f, err := s.referee(ctx, wrk, sd)
		if err != nil {
			return err
		}
		h.rep.Referee = append(h.rep.Referee, *f)
	}
	return nil
}

// refereeRounds is the least number of rounds for a comparison with wrk.
const refereeRounds = 5

func (s *session) referee(ctx context.Context, wrk string, sd *side) (*report.Referee, error) {
	var own, other, rates, costs []float64
	rounds := max(s.h.o.rounds, refereeRounds)
	f := &report.Referee{Engine: sd.e.Name()}
	for r := 0; r < rounds || r < s.h.o.maxRounds && !(f.Rate.Within(closeEnough) && f.CPU.Within(closeEnough)); r++ {
		s.say("referee, %s, round %d", sd.e.Name(), r+1)
		res, err := s.round(ctx, sd, 0, wrkTime(s.h.o.round))
		if err != nil {
			return nil, err
		}
		rps, cost, err := s.wrk(ctx, wrk, sd)
		if err != nil {
			return nil, err
		}
		own, other = append(own, res.RPS), append(other, rps)
		rates, costs = append(rates, res.RPS/rps), append(costs, float64(res.CPUEach)/cost)
		f.Own, f.Wrk = report.Summarize(own).Median, report.Summarize(other).Median
		f.Rate, f.CPU = report.Summarize(rates), report.Summarize(costs)
	}
	return f, nil
}

// wrkTime is how long wrk runs: it knows whole seconds.
func wrkTime(round time.Duration) time.Duration {
	return max(round.Round(time.Second), time.Second)
}

// wrk runs it once: its requests a second, and what the server used for each in nanoseconds. Its connections are
// made within the time that it measures.
func (s *session) wrk(ctx context.Context, bin string, sd *side) (rps, cost float64, err error) {
	args := []string{"-t", strconv.Itoa(len(s.load)), "-c", strconv.Itoa(s.w.Connections),
		"-d", strconv.Itoa(int(wrkTime(s.h.o.round)/time.Second)) + "s"}
	args = append(append(args, wrkHeaders(s.reqs[0].Wire)...), "http://"+sd.addr+"/")
	before, err := engine.ReadCPU(sd.srv.Pid())
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	after, cpuErr := engine.ReadCPU(sd.srv.Pid())
	rate, count := wrkRate.FindSubmatch(out), wrkCount.FindSubmatch(out)
	if err = errors.Join(err, cpuErr); err != nil || rate == nil || count == nil {
		return 0, 0, fmt.Errorf("wrk: %w: %s", err, strings.TrimSpace(string(out)))
	}
	rps, err = strconv.ParseFloat(string(rate[1]), 64)
	n, err2 := strconv.ParseFloat(string(count[1]), 64)
	if err = errors.Join(err, err2); err != nil || n == 0 || rps == 0 {
		return 0, 0, errors.Join(errors.New("wrk: no requests"), err)
	}
	return rps, float64(after.Sub(before).Total) / n, nil
}

// wrkHeaders are the options that make wrk send the same head, so that the server has the same to do.
func wrkHeaders(wire []byte) (args []string) {
	head, _, _ := strings.Cut(string(wire), "\r\n\r\n")
	for _, line := range strings.Split(head, "\r\n")[1:] {
		args = append(args, "-H", line)
	}
	return args
}
