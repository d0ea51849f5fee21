// Command bench answers one question on your own machine: what does moongate cost beside OpenResty?
//
//	make bench                                  # every workload, report in bench/out
//	go run ./bench -w hello,proxy -against openresty
//	go run ./bench -list
//
// It starts moongate and the servers that it is compared with on the same nginx.conf and scripts, one workload
// after the other, pins them to the same cores and the load to others, and runs rounds in turn: A B A B. For each round it
// reads the kernel's account of the servers' processor time at the moments when counting begins and
// ends. CPU time per request is the figure to trust on a busy machine; requests a second and latency
// suffer from neighbours.
//
// The report holds the figures against marks, what moongate is meant to cost at most, and says where one is missed and by
// how much. -from shows a report again, and -into puts its tables into a page of documentation.
//
// Packages: load makes the load and the histograms, engine starts servers and reads their account, workload
// reads the folders in workloads/, upstream has the servers behind the gateway, report shows the results.
// harness.go puts them together, session.go is one workload while it runs and rounds.go its rounds; idle.go and reload.go are the kinds of
// workload that are not rounds of load. growth.go compares the ends of a sweep, referee.go the load with wrk's.
//
// docs/benchmarks.md has figures, and how to add a workload or an engine.
package main
