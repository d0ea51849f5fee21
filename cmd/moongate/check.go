package main

import (
	"fmt"
	"os"

	"moongate/luastd"
)

// runCheck is moongate check: it parses scripts and names the globals that nothing defines.
func runCheck(files []string) int {
	if len(files) == 0 {
		fmt.Fprintln(os.Stderr, "usage: moongate check FILE...")
		return 2
	}
	code := 0
	for _, f := range files {
		warnings, err := luastd.CheckFile(f)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
			continue
		}
		for _, w := range warnings {
			fmt.Println(w)
		}
	}
	return code
}
