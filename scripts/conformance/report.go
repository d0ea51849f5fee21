package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// knowledge is what deviations.json says: which files make an area, and which failures have a known reason.
type knowledge struct {
	Areas []struct {
		Name  string   `json:"name"`
		Files []string `json:"files"` // globs; the first area that has one for a file takes it
	} `json:"areas"`
	Classes []class `json:"classes"`
}

// class is one reason. A failure belongs to the first class that names its block, or one of whose expressions is found
// in what the harness has said, where the class is for its file.
type class struct {
	Name   string           `json:"name"`
	Reason string           `json:"reason"`
	Files  []string         `json:"files,omitempty"`  // globs; none: every file
	Match  []string         `json:"match,omitempty"`  // regular expressions
	Blocks map[string][]int `json:"blocks,omitempty"` // file → blocks

	expressions []*regexp.Regexp
}

func (c *class) covers(name string, n int, f *failed) bool {
	if slices.Contains(c.Blocks[name], n) {
		return true
	}
	if len(c.Files) > 0 && !matches(c.Files, name) {
		return false
	}
	said := f.Why + "\n" + strings.Join(f.Detail, "\n")
	return slices.ContainsFunc(c.expressions, func(x *regexp.Regexp) bool { return x.MatchString(said) })
}

func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, name) // the patterns were tried when they were read
		return ok
	})
}

func load(name string, to any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (k *knowledge) compile() error {
	for i := range k.Classes {
		for _, m := range k.Classes[i].Match {
			x, err := regexp.Compile(m)
			if err != nil {
				return err
			}
			k.Classes[i].expressions = append(k.Classes[i].expressions, x)
		}
	}
	for _, a := range k.Areas {
		for _, g := range a.Files {
			if _, err := path.Match(g, ""); err != nil {
				return fmt.Errorf("%q: %w", g, err)
			}
		}
	}
	return nil
}

// count is an area's line of the table.
type count struct {
	pass, fail, skip int
	held, kept       int // of the blocks that pass on the other server
	deviations       map[string]map[string][]int
}

func writeReport(w io.Writer, name, baseline, reasons string) error {
	var all, other results
	var k knowledge
	for _, x := range []struct {
		name string
		to   any
	}{{name, &all}, {baseline, &other}, {reasons, &k}} {
		if x.name == "" {
			continue
		}
		if err := load(x.name, x.to); err != nil {
			return err
		}
	}
	if err := k.compile(); err != nil {
		return fmt.Errorf("%s: %w", reasons, err)
	}
	areas := map[string]*count{}
	total := &count{}
	for _, name := range sorted(all.Files) {
		f := all.Files[name]
		area := "Other"
		for _, a := range k.Areas {
			if matches(a.Files, name) {
				area = a.Name
				break
			}
		}
		c := areas[area]
		if c == nil {
			c = &count{deviations: map[string]map[string][]int{}}
			areas[area] = c
		}
		for _, x := range []*count{c, total} {
			x.pass += len(f.Pass)
			x.fail += len(f.Fail)
			x.skip += len(f.Skip)
			if o := other.Files[name]; o != nil {
				for _, n := range o.Pass {
					x.held++
					if slices.Contains(f.Pass, n) {
						x.kept++
					}
				}
			}
		}
		for _, n := range sorted(f.Fail) {
			known := "not looked into"
			for i := range k.Classes {
				if k.Classes[i].covers(name, n, f.Fail[n]) {
					known = k.Classes[i].Name
					break
				}
			}
			if c.deviations[known] == nil {
				c.deviations[known] = map[string][]int{}
			}
			c.deviations[known][name] = append(c.deviations[known][name], n)
		}
	}
	order := make([]string, 0, len(areas))
	for _, a := range k.Areas {
		if areas[a.Name] != nil {
			order = append(order, a.Name)
		}
	}
	if areas["Other"] != nil && !slices.Contains(order, "Other") {
		order = append(order, "Other")
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "# Conformance\n\nOpenResty's own test suite, run unmodified through its own harness against %s.\n\n", all.Server)
	fmt.Fprintf(b, "* Suite: %s.\n", all.Suite)
	if other.Server != "" {
		fmt.Fprintf(b, "* For comparison: %s on the same machine. Some blocks are for newer versions than that, and some cannot pass anywhere\n  without the suite's own network.\n", other.Server)
	}
	b.WriteString("* A block passes when every one of its assertions does. `make conformance` runs the suite, `make conformance-report` writes this page.\n\n## By area\n\n")
	head, rule := "| area | blocks | pass | fail | skipped |", "|---|---:|---:|---:|---:|"
	if other.Server != "" {
		head, rule = head+" of those that pass on the other server |", rule+"---:|"
	}
	b.WriteString(head + "\n" + rule + "\n")
	for _, name := range append(order, "") {
		c, label := areas[name], name
		if name == "" {
			c, label = total, "**all**"
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d |", label, c.pass+c.fail+c.skip, c.pass, c.fail, c.skip)
		if other.Server != "" {
			fmt.Fprintf(b, " %d of %d |", c.kept, c.held)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Why blocks fail\n\n")
	sums := map[string]int{}
	for _, c := range areas {
		for class, files := range c.deviations {
			for _, ns := range files {
				sums[class] += len(ns)
			}
		}
	}
	b.WriteString("| class | blocks | reason |\n|---|---:|---|\n")
	for _, c := range k.Classes {
		if sums[c.Name] > 0 {
			fmt.Fprintf(b, "| %s | %d | %s |\n", c.Name, sums[c.Name], c.Reason)
		}
	}
	if n := sums["not looked into"]; n > 0 {
		fmt.Fprintf(b, "| not looked into | %d | |\n", n)
	}
	b.WriteString("\n## The blocks\n")
	for _, name := range order {
		c := areas[name]
		if len(c.deviations) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n### %s\n\n| class | blocks |\n|---|---|\n", name)
		for _, class := range sorted(c.deviations) {
			var parts []string
			for _, f := range sorted(c.deviations[class]) {
				parts = append(parts, "`"+f+"` "+numbers(c.deviations[class][f]))
			}
			fmt.Fprintf(b, "| %s | %s |\n", class, strings.Join(parts, "; "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// numbers lists sorted numbers, runs of three and more as ranges.
func numbers(list []int) string {
	var out []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if j-i < 2 {
			j = i
			out = append(out, strconv.Itoa(list[i]))
		} else {
			out = append(out, strconv.Itoa(list[i])+"–"+strconv.Itoa(list[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}
