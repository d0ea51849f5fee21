package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"moongate/bench/report"
	"moongate/bench/workload"
)

var wrkRate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

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
	seconds := max(int(h.o.round.Seconds()+0.5), 1)
	for _, sd := range s.sides {
		var own, other []float64
		for r := range h.o.rounds {
			s.say("referee, %s, round %d of %d", sd.e.Name(), r+1, h.o.rounds)
			res, err := s.round(ctx, sd, 0, h.o.round)
			if err != nil {
				return err
			}
			own = append(own, res.RPS)
			out, err := exec.CommandContext(ctx, wrk, "-t", strconv.Itoa(max(len(h.load), 1)), "-c", strconv.Itoa(s.w.Connections),
				"-d", strconv.Itoa(seconds)+"s", "http://"+sd.addr+"/").CombinedOutput()
			m := wrkRate.FindSubmatch(out)
			if err != nil || m == nil {
				return fmt.Errorf("wrk: %w: %s", err, strings.TrimSpace(string(out)))
			}
			v, err := strconv.ParseFloat(string(m[1]), 64)
			if err != nil {
				return err
			}
			other = append(other, v)
		}
		f := report.Referee{Engine: sd.e.Name(), Own: report.Summarize(own).Median, Wrk: report.Summarize(other).Median}
		f.Ratio = f.Own / f.Wrk
		h.rep.Referee = append(h.rep.Referee, f)
	}
	return nil
}
