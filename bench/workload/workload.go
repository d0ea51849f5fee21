package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// Workload is one folder: nginx.conf, workload.json and the scripts they name. A sweep gives one Workload for each
// of its points.
type Workload struct {
	Name  string `json:"-"` // the folder's
	Point int    `json:"-"` // the sweep's number; 0 without a sweep

	About       string     `json:"about"`       // what it stands for, one line
	Group       string     `json:"group"`       // heading in the reports
	Order       int        `json:"order"`       // place within the group; by name where equal
	Kind        string     `json:"kind"`        // load (the default), idle or reload
	Connections int        `json:"connections"` // open at once; 32 by default
	NoKeepAlive bool       `json:"no_keepalive"`
	TLS         bool       `json:"tls"`
	Upstream    bool       `json:"upstream"` // wants the HTTP upstream
	Redis       bool       `json:"redis"`    // wants the Redis server
	Lua         bool       `json:"lua"`      // has scripts
	Relay       bool       `json:"relay"`    // passes every request on as it is
	Mark        float64    `json:"mark"`     // what moongate's CPU time per request is to be at most, in parts of OpenResty's; 0: nothing is said
	Rate        float64    `json:"rate"`     // requests a second of the latency rounds; by default 70 % of what the slowest engine does at saturation
	MaxRate     float64    `json:"max_rate"` // limits that default
	Sweep       []int      `json:"sweep"`    // values of .N in the templates
	Timeout     float64    `json:"timeout"`  // seconds
	Exchange    []Exchange `json:"requests"`

	files fs.FS
}

// Exchange is a request and what must come back.
type Exchange struct {
	Method   string            `json:"method"` // GET by default
	Path     string            `json:"path"`   // / by default
	Host     string            `json:"host"`   // localhost by default
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	BodyFile string            `json:"body_file"` // a file of the folder
	BodySize int               `json:"body_size"` // that many bytes of a fixed pattern
	Each     *Each             `json:"each"`      // the request stands for many

	Status      int               `json:"status"` // 200 by default
	Want        *string           `json:"want"`   // the body, byte for byte
	WantFile    string            `json:"want_file"`
	WantJSON    string            `json:"want_json"` // a file with the value that the body must have
	WantRegex   string            `json:"want_regex"`
	WantSize    int               `json:"want_size"` // length of a body of the fixed pattern
	WantHeaders map[string]string `json:"want_headers"`
}

// Each repeats a request with {i} replaced by From, From+Step, … up to and including To.
type Each struct {
	From int `json:"from"`
	To   int `json:"to"`
	Step int `json:"step"`
}

// Title is the name, with the sweep's point: "names-1000".
func (w *Workload) Title() string {
	if w.Point == 0 {
		return w.Name
	}
	return w.Name + "-" + strconv.Itoa(w.Point)
}

// Load reads the folders below dir whose names match one of the words; all without words. A word matches the
// folder, the title of one point, or the group; one that is a folder and a group is the folder, and the group with a slash
// behind it.
func Load(files fs.FS, dir string, words []string) ([]*Workload, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("workloads: %w", err)
	}
	var out []*Workload
	used, folders := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		folders[e.Name()] = e.IsDir()
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		sub, err := fs.Sub(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		points, err := read(sub, e.Name())
		if err != nil {
			return nil, err
		}
		for _, w := range points {
			take := len(words) == 0
			for _, word := range words {
				if word == w.Name || word == w.Title() || word == w.Group+"/" || word == w.Group && !folders[word] {
					take, used[word] = true, true
				}
			}
			if take {
				out = append(out, w)
			}
		}
	}
	for _, word := range words {
		if !used[word] {
			return nil, fmt.Errorf("no workload %q (-list names them)", word)
		}
	}
	slices.SortStableFunc(out, func(a, b *Workload) int {
		if d := groupRank(a.Group) - groupRank(b.Group); d != 0 {
			return d
		}
		return a.Order - b.Order
	})
	return out, nil
}

// Groups are the headings of the reports, in their order.
var Groups = []string{"basics", "proxy", "gateway", "data", "lua", "connections", "scale", "tls", "operations"}

func groupRank(g string) int {
	if i := slices.Index(Groups, g); i >= 0 {
		return i
	}
	return len(Groups)
}

func read(sub fs.FS, name string) ([]*Workload, error) {
	first, err := readPoint(sub, name, 0)
	if err != nil {
		return nil, err
	}
	if len(first.Sweep) == 0 {
		return []*Workload{first}, nil
	}
	var out []*Workload
	for _, n := range first.Sweep {
		w, err := readPoint(sub, name, n)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func readPoint(sub fs.FS, name string, n int) (*Workload, error) {
	text, err := expand(sub, "workload.json", Values{N: n})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	w := &Workload{Name: name, Point: n, files: sub, Kind: "load", Connections: 32, Timeout: 10}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(w); err != nil {
		return nil, fmt.Errorf("%s/workload.json: %w", name, err)
	}
	return w, w.check()
}

func (w *Workload) check() error {
	switch {
	case w.About == "":
		return fmt.Errorf("%s: says not what it stands for", w.Name)
	case !slices.Contains([]string{"load", "idle", "reload"}, w.Kind):
		return fmt.Errorf("%s: no kind %q", w.Name, w.Kind)
	case !slices.Contains(Groups, w.Group):
		return fmt.Errorf("%s: no group %q: there are %s", w.Name, w.Group, strings.Join(Groups, ", "))
	case len(w.Exchange) == 0:
		return fmt.Errorf("%s: no requests", w.Name)
	}
	for _, x := range w.Exchange {
		if x.Want == nil && x.WantFile == "" && x.WantJSON == "" && x.WantRegex == "" && x.WantSize == 0 {
			return fmt.Errorf("%s: nothing is checked of the answer to %q", w.Name, x.Path)
		}
	}
	return nil
}

// Values are what the templates may name.
type Values struct {
	Listen   string // host:port to listen on
	Upstream string // host:port of the HTTP upstream
	Redis    string // host:port of the Redis server
	RedisAt  int    // its port
	Workers  int    // worker_processes
	N        int    // the sweep's point
}

var templateFuncs = template.FuncMap{
	// seq is 0 … n-1
	"seq": func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	},
	"add": func(a, b int) int { return a + b },
	"div": func(a, b int) int { return a / b },
}

func expand(files fs.FS, name string, v Values) ([]byte, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Funcs(templateFuncs).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Simple is the one constant answer that all requests get; ok is false if there is none.
func (w *Workload) Simple() (status int, body string, ok bool) {
	if len(w.Exchange) != 1 || w.Kind != "load" || w.NoKeepAlive {
		return 0, "", false
	}
	x := w.Exchange[0]
	if x.Want == nil || x.Each != nil || x.BodySize > 0 || w.Upstream || w.Redis || len(x.WantHeaders) > 0 || x.code() != 200 {
		return 0, "", false
	}
	return 200, *x.Want, true
}

func (x *Exchange) code() int {
	if x.Status == 0 {
		return 200
	}
	return x.Status
}

var errNoFile = errors.New("a file of the folder is missing")
