// Package workload reads the workloads: folders with an nginx.conf, a workload.json and the scripts that they
// name.
//
// nginx.conf is an ordinary configuration that any engine can serve; it is a Go template only because ports and
// the number of workers are not known before ({{.Listen}}, {{.Upstream}}, {{.Redis}}, {{.Workers}}), and so that a
// sweep can grow it ({{range seq .N}}). It includes common.conf, which all share. workload.json
// (Workload, Exchange) says in one line what the workload stands for, which requests are sent, and what must
// come back: a workload whose answers are not checked is refused.
package workload
