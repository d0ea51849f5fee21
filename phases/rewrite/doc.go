// Package rewrite is nginx's rewrite module: set, if, rewrite, return and break.
//
//	server {
//	    set $area public;
//	    if ($host = intern.example.org) { set $area staff; }
//	    location /old/ {
//	        rewrite ^/old/(.*)$ /new/$1?from=old last;
//	    }
//	    location = /moved { return 301 https://example.org$request_uri; }
//	}
//
// The directives of one server or location are steps of one sequence, carried out in the order in
// which they are written: the server's before the location is looked for, the location's after. The
// body of an if belongs to the sequence around it; in a location it is also a location without a name,
// which the request enters, and whose other directives are then in force. Other modules put steps of
// their own between these with Append.
//
// # Captures
//
// A match sets $1 to $9 and the variables of named groups; a rewrite or an if whose expression does
// not match empties $1 to $9. Where the client's path was escaped (it held % or +), captures are
// escaped again when they go into a redirect or behind the question mark of a replacement, and, until
// the first rewrite of the sequence has matched, into the value of a set: that is nginx's rule.
//
// # Arguments
//
// A replacement with a question mark sets the arguments, with the former ones appended; a question
// mark at its end leaves those out. A replacement that begins with http://, https:// or $scheme is a
// redirect.
package rewrite
