package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"moongate/bench/engine"
	"moongate/bench/report"
	"moongate/bench/workload"
)

var (
	wrkRate  = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	wrkCount = regexp.MustCompile(`(\d+) requests in`)
)

// callReferee lets wrk and the harness's own generator load the same servers in turn.
func (h *harness) callReferee(ctx context.Context) error {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		return errors.New("no referee: wrk is not installed")
	}
	loads, err := workload.Load(embedded, "workloads", []string{"static"})
	if err != nil {
		return err
	}
	s := &session{h: h, w: loads[0], rep: &report.Workload{}}
	defer s.stop()
	if err := s.start(); err != nil {
		return err
	}
	for _, sd := range s.sides {
		var own, other, rates, costs []float64
		for r := range h.o.rounds {
			s.say("referee, %s, round %d of %d", sd.e.Name(), r+1, h.o.rounds)
			res, err := s.round(ctx, sd, 0, h.o.round)
			if err != nil {
				return err
			}
			rps, cost, err := h.wrk(ctx, wrk, s, sd)
			if err != nil {
				return err
			}
			own, other = append(own, res.RPS), append(other, rps)
			rates, costs = append(rates, res.RPS/rps), append(costs, float64(res.CPUEach)/cost)
		}
		h.rep.Referee = append(h.rep.Referee, report.Referee{Engine: sd.e.Name(),
			Own: report.Summarize(own).Median, Wrk: report.Summarize(other).Median,
			Rate: report.Summarize(rates).Median, CPU: report.Summarize(costs).Median})
	}
	return nil
}

// wrk runs it once: its requests a second, and what the server used for each in nanoseconds. Its connections are
// made within the time that it measures, so it gets a second at least.
func (h *harness) wrk(ctx context.Context, bin string, s *session, sd *side) (rps, cost float64, err error) {
	seconds := max(int(h.o.round.Seconds()+0.5), 1)
	before, err := engine.ReadCPU(sd.srv.Pid())
	if err != nil {
		return 0, 0, err
	}
	out, err := exec.CommandContext(ctx, bin, "-t", strconv.Itoa(max(len(h.load), 1)), "-c", strconv.Itoa(s.w.Connections),
		"-d", strconv.Itoa(seconds)+"s", "http://"+sd.addr+"/").CombinedOutput()
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
