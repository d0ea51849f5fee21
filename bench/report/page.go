package report

// pageText is the page's template.
const pageText = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>moongate benchmark, {{.Date.Format "2006-01-02"}}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:1080px;margin:2em auto;padding:0 1em}
h1{font-size:1.6em;margin-bottom:.3em} h2{margin-top:2em;border-bottom:1px solid #ddd} h3{margin:1.6em 0 .2em}
p{margin:.3em 0} .muted{color:#666} .scroll{overflow-x:auto} .warn{background:#fff6e0;padding:.3em .6em;border-left:3px solid #d9a400}
table{border-collapse:collapse;font-size:13px;margin:.5em 0} td,th{padding:.2em .6em;text-align:right;border-bottom:1px solid #eee;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
i.c{display:inline-block;width:.8em;height:.8em;margin-right:.4em;border-radius:2px}
.pass{color:#2c7a3d} .miss{color:#b3341f;font-weight:600}
svg{max-width:100%;height:auto} nav{font-size:13px;margin:1em 0}
details summary{cursor:pointer}
</style>
<h1>What moongate costs beside {{range $i, $s := .Summary}}{{if $i}}, {{end}}{{$s.Against}}{{else}}nothing else{{end}}</h1>
<p>{{.Where}}</p>
<p>{{range .Colours}}<i class="c" style="background:{{.Colour}}"></i><b>{{.Name}}</b>: {{.Version}}<br>{{end}}</p>
<p>{{.How}}. {{.Quiet}}</p>
{{range .Warnings}}<p class="warn">{{.}}</p>{{end}}
{{range .Summary}}<h2 id="cpu-{{.Against}}">CPU time per request, by {{.Against}}'s</h2>
<p class="muted">User and system time of all the server's processes, read from the kernel's account when counting began and ended, by the right answers in
between; at saturation. To the right of 1: moongate needs more. The whisker is where the median of the rounds' own ratios lies nineteen times in twenty (from five rounds on); the black
stroke is the mark, and a bar is green that reaches it, red that misses it, grey without one.</p>{{.CPU}}
{{if .P99}}<h2 id="p99-{{.Against}}">p99 of latency, by {{.Against}}'s</h2>
<p class="muted">At a fixed rate, the same for both: 70 % of what the slower one did at saturation. Latency counts from the instant at which a request was due, so one
that had to wait because the server was slow with another counts with its wait.</p>{{.P99}}{{end}}{{end}}
{{if .Marks}}<h2 id="marks">Marks: {{.Tally}} reached</h2>
{{range .Marks}}<details open><summary>{{.Name}}: {{.Tally}}</summary>
<table><tr><th></th><th>measured</th><th>interval</th><th>at most</th><th></th></tr>
{{range .Marks}}<tr><td>{{.Title}}</td><td>{{printf "%.2f" .Value.Median}}</td><td>{{if gt .Value.N 1}}{{printf "%.2f to %.2f" .Value.Low .Value.High}}{{end}}</td><td>{{.Limit}}</td><td class="{{if .Pass}}pass{{else}}miss{{end}}">{{.Verdict}}</td></tr>
{{end}}</table></details>
{{end}}{{end}}
{{range .Sections}}<h2>{{.Name}}</h2>{{range .Lines}}<p>{{.}}</p>{{end}}
{{end}}{{$columns := .Columns}}
<nav>{{range .Groups}}<b>{{.Name}}</b>:{{range .Workloads}} <a href="#{{.Title}}">{{.Title}}</a>{{end}}<br>{{end}}</nav>
<p class="muted">Figures are medians of the rounds, in brackets their extremes. Latency (p50 to max) is at the fixed rate, and busy is how much of its cores the server used there.
memory is the largest proportional set size of all its processes. Every answer was checked; failed are requests without a right one. ~ marks requests a second
at which the server did not have its cores busy: the load, the workload or other programs were the limit.</p>
{{range .Groups}}<h2>{{.Name}}</h2>
{{range .Sweeps}}{{.Chart}}{{end}}
{{range .Workloads}}<h3 id="{{.Title}}">{{.Title}}</h3>
<p>{{.About}} <span class="muted">{{.Connections}} connections{{if .Rate}}; latency at {{printf "%.0f" .Rate}} requests a second{{end}}{{if .Shared}}; servers and load shared cores{{end}}</span></p>
<div class="scroll"><table><tr><th></th>{{range $columns}}<th>{{.}}</th>{{end}}</tr>
{{range .Rows}}<tr><td><i class="c" style="background:{{.Colour}}"></i>{{.Engine}}</td>{{range .Cells}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table></div>
{{range .Notes}}<p class="muted">{{.}}</p>{{end}}
{{.Rounds}} {{.Latency}}
{{end}}{{end}}
<p class="muted">To measure it on another machine: make bench, or go run ./bench, in moongate's repository.</p>
</html>
`
