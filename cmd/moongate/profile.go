package main

import (
	"fmt"
	"os"
	"runtime/pprof"
)

// profileVariable names the environment variable that asks for a CPU profile of the server's whole run.
const profileVariable = "MOONGATE_CPUPROFILE"

// profile writes a CPU profile of the process, for go tool pprof and for profile-guided builds, to the
// file that profileVariable names. The function that it returns completes the file.
func profile() (stop func()) {
	name := os.Getenv(profileVariable)
	if name == "" {
		return func() {}
	}
	f, err := os.Create(name)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "nginx: [warn] %s: %v\n", profileVariable, err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintf(os.Stderr, "nginx: [warn] %s: %v\n", profileVariable, err)
		}
	}
}
