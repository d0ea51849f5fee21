// Package headers is nginx's headers module.
//
//	add_header NAME VALUE [always];      add_header_inherit  on|off|merge;
//	add_trailer NAME VALUE [always];     add_trailer_inherit on|off|merge;
//	expires [modified] TIME | epoch | max | off;     # TIME may be @15h30m, -1, a variable
//
// Without "always" they count for 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 only. A
// level that has lines of its own does not inherit the outer ones, unless told to merge.
// Trailers need HTTP/1.1 and are sent behind the last chunk; they make the answer chunked.
package headers
