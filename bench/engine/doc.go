// Package engine starts the servers that are measured, on cores of their own, and reads what they use.
//
// An adapter (moongate.go, openresty.go, others.go) only says whether its server is installed, which workloads it
// can serve and with which command; a new one is a type with those five methods and a line in All. Every engine
// gets the same folder with the same configuration; what stands on the command line is what a user would write
// there (nginx's modules of the distribution, the foreground).
//
// account.go reads CPU time and memory from the kernel, for a server's process and all its descendants.
package engine
