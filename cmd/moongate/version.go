package main

import (
	"fmt"
	"io"
	"runtime"

	"moongate/phases"
)

// openrestyVersion is the OpenResty that moongate follows.
const openrestyVersion = "1.27.1.1"

func versionLine() string {
	return fmt.Sprintf("nginx version: openresty/%s (moongate %s)", openrestyVersion, phases.Version)
}

func printVersion(w io.Writer, o *options) {
	fmt.Fprintln(w, versionLine())
	if o.help {
		fmt.Fprint(w, `Usage: moongate [-?hvVtTq] [-s signal] [-p prefix]
                [-e filename] [-c filename] [-g directives]
       moongate resty [-e CODE] [-I DIR] FILE [ARGS]
       moongate check FILE...
       moongate version

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload, status
  -p prefix     : set prefix path (default: the working directory)
  -e filename   : set error log file (default: standard error, with daemon on logs/error.log)
  -c filename   : set configuration file (default: conf/nginx.conf)
  -g directives : set global directives out of configuration file

`)
	}
	if o.configure {
		fmt.Fprintf(w, "built with %s\nbuilt with OpenSSL 3.0.2 (Go crypto/tls)\nTLS SNI support enabled\nconfigure arguments: %s\n", runtime.Version(), phases.ConfigureArguments)
	}
}
