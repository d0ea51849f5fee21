// Package echo is OpenResty's echo module: a content handler that is a short program of echo, sleep,
// subrequest and loop commands, and a filter that puts text around any response.
//
//	location /hello {
//	    echo "hello, $arg_name!";
//	    echo_flush;
//	    echo_sleep 0.5;
//	    echo_location /other a=1;
//	}
//
// The commands run in the order of the configuration. Options come first (echo -n leaves the newline
// out, -- ends the options); arguments are joined by one space. A location that has no commands of
// its own inherits those of the outer one, but not its role as content handler, as in the original.
//
// Subrequests of the _async commands run beside the rest of the program, each on a goroutine of its
// own, and their output takes its place in the order of the commands: it is held in memory until
// then. They see fresh variables, as all of echo's subrequests do.
//
// Deviation: echo_abort_parent does nothing in the original ("not working yet") and is refused here.
package echo
