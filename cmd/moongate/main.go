// Command moongate is a scriptable gateway: it serves OpenResty's nginx.conf and Lua scripts.
//
// It takes nginx's flags and signals, so that init files, scripts and test harnesses made for nginx
// drive it unchanged. Subcommands: resty (runs a Lua file with the whole API), check (parses scripts),
// version.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "resty":
			os.Exit(runResty(os.Args[2:]))
		case "check":
			os.Exit(runCheck(os.Args[2:]))
		case "version":
			fmt.Println(versionLine())
			return
		}
	}
	o, err := parseFlags(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "nginx: %v\n", err)
		os.Exit(1)
	}
	os.Exit(run(o))
}

func run(o *options) int {
	switch {
	case o.showVersion:
		printVersion(os.Stderr, o)
		return 0
	case o.signal != "":
		return sendSignal(o)
	case o.test:
		return testConfig(o)
	}
	return serve(o)
}
