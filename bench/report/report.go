package report

import (
	"encoding/json"
	"io"
	"time"
)

// Report is everything that a run measured. Its JSON is the harness's output for programs; durations in it are
// nanoseconds.
type Report struct {
	Date      time.Time     `json:"date"`
	Took      time.Duration `json:"took,omitempty"`
	Machine   Machine       `json:"machine"`
	Settings  Settings      `json:"settings"`
	Engines   []Engine      `json:"engines"` // the first is the one that the others are compared with
	Workloads []Workload    `json:"workloads"`
	Growth    []Growth      `json:"growth,omitempty"`
	Referee   []Referee     `json:"referee,omitempty"`
}

// Machine is where it ran.
type Machine struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"`
	Kernel     string  `json:"kernel"`
	MemoryMB   int64   `json:"memory_mb"`
	Go         string  `json:"go"`
	LoadBefore float64 `json:"load_before"` // load average of a minute when the run began
	LoadAfter  float64 `json:"load_after"`  // and when it ended; the run's own share is in it
}

// Settings are how it ran.
type Settings struct {
	Rounds      int           `json:"rounds"`
	MaxRounds   int           `json:"max_rounds"`
	Round       time.Duration `json:"round"`
	Warmup      time.Duration `json:"warmup"`
	Workers     []int         `json:"workers"`
	ServerCores []int         `json:"server_cores"`
	LoadCores   []int         `json:"load_cores"`
	Shared      bool          `json:"shared,omitempty"` // servers and load had cores in common
	Profiled    bool          `json:"profiled,omitempty"`
}

// Engine is a server that took part.
type Engine struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Workload is what one workload, or one point of a sweep, came to.
type Workload struct {
	Name        string  `json:"name"`
	Point       int     `json:"point,omitempty"`
	Title       string  `json:"title"`
	Group       string  `json:"group"`
	Kind        string  `json:"kind"`
	About       string  `json:"about"`
	Connections int     `json:"connections"`
	Workers     int     `json:"workers"`
	Shared      bool    `json:"shared,omitempty"` // servers and load had cores in common
	Mark        float64 `json:"mark,omitempty"`   // what CPU time per request is to be at most, by the other engine's
	Rate        float64 `json:"rate,omitempty"`   // requests a second of the latency rounds
	Sides       []Side  `json:"sides"`
	Profile     []Cost  `json:"profile,omitempty"` // where the first engine's time goes, if a mark is missed
	Error       string  `json:"error,omitempty"`   // why it could not be run at all
}

// Cost is a line of a profile.
type Cost struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"` // of the process's CPU time
}

// Side is one engine's part of a workload.
type Side struct {
	Engine  string  `json:"engine"`
	Skipped string  `json:"skipped,omitempty"` // why it did not take part
	Failed  string  `json:"failed,omitempty"`  // what went wrong
	Full    []Round `json:"full,omitempty"`    // at saturation
	Steady  []Round `json:"steady,omitempty"`  // at the fixed rate
	Memory  int64   `json:"memory,omitempty"`  // largest proportional set size of all processes, bytes; kind idle: with the connections
	// MemoryStart is the same when the server had answered each request once.
	MemoryStart int64 `json:"memory_start,omitempty"`
	// MemoryEach is what one more idle connection takes, in bytes (kind idle).
	MemoryEach float64 `json:"memory_each,omitempty"`
	Reloads    int     `json:"reloads,omitempty"` // kind reload
}

// Round is one round of one engine.
type Round struct {
	Requests   int64         `json:"requests"` // right answers
	Wrong      int64         `json:"wrong,omitempty"`
	Lost       int64         `json:"lost,omitempty"`
	Refused    int64         `json:"refused,omitempty"`
	Timeouts   int64         `json:"timeouts,omitempty"`
	Late       int64         `json:"late,omitempty"`
	Example    string        `json:"example,omitempty"` // the first failure
	Elapsed    time.Duration `json:"elapsed"`
	RPS        float64       `json:"rps"`
	CPU        time.Duration `json:"cpu"`  // all processes of the server
	User       time.Duration `json:"user"` // by ticks of 10 ms
	System     time.Duration `json:"system"`
	CPUEach    time.Duration `json:"cpu_each"`    // for one request
	ServerBusy float64       `json:"server_busy"` // share of its cores
	LoadBusy   float64       `json:"load_busy"`
	Others     float64       `json:"others,omitempty"` // what else used the server's cores, as a share of them
	P50        time.Duration `json:"p50"`
	P90        time.Duration `json:"p90"`
	P99        time.Duration `json:"p99"`
	P999       time.Duration `json:"p999"`
	Max        time.Duration `json:"max"`
	Lag        time.Duration `json:"lag,omitempty"` // p99 of how late the load itself sent what was due
}

// Failures are requests without a right answer.
func (r *Round) Failures() int64 { return r.Wrong + r.Lost + r.Refused + r.Timeouts }

// Growth is one engine on the smallest and on the largest point of a sweep, round by round in turn.
type Growth struct {
	Name   string  `json:"name"`
	Engine string  `json:"engine"`
	From   int     `json:"from"`
	To     int     `json:"to"`
	Small  []Round `json:"small"`
	Large  []Round `json:"large"`
}

// Ratio is the CPU time per request of the largest point by that of the smallest.
func (g *Growth) Ratio() Stat { return Ratio(g.Large, g.Small, CPUEach) }

// Settled reports whether the ratio is known to a share of itself.
func (g *Growth) Settled(share float64) bool { return g.Ratio().Within(share) }

// Referee is one comparison of the harness's own load generator with wrk.
type Referee struct {
	Engine string  `json:"engine"`
	Own    float64 `json:"own"` // requests a second, median of the rounds
	Wrk    float64 `json:"wrk"`
	Rate   Stat    `json:"rate"` // own by wrk, round by round
	CPU    Stat    `json:"cpu"`  // the same of the server's CPU time per request under either
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// ReadJSON reads what WriteJSON wrote.
func ReadJSON(rd io.Reader) (*Report, error) {
	r := &Report{}
	return r, json.NewDecoder(rd).Decode(r)
}
