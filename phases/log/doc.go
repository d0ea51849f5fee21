// Package log is nginx's access log.
//
//	log_format NAME [escape=default|json|none] TEXT …;
//	access_log PATH [FORMAT [buffer=SIZE] [flush=TIME] [if=CONDITION]];
//	access_log off;
//
// Without any access_log directive all requests go to logs/access.log in the format "combined". Several
// access_log lines of one level all count, and replace those of the outer level. A path may hold
// variables; such a file is opened for each line, and only if the document root exists.
//
// A log file that several locations or configurations name is open once in the process. Reopen
// opens all of them anew, as nginx does on SIGUSR1.
package log
