// Package headersmore is OpenResty's headers-more module: it sets and clears headers of any response,
// error pages included, and of the request.
//
//	more_set_headers   [-t TYPES] [-s STATUSES] [-a] 'Name: value' …;
//	more_clear_headers [-t TYPES] [-s STATUSES] Name …;             # X-Hidden-* is a prefix
//	more_set_input_headers   [-r] [-t TYPES] 'Name: value' …;
//	more_clear_input_headers [-t TYPES] Name …;
//
// Values may hold variables. -t and -s list, in one word, the content types and the statuses that the
// directive is for; -a adds a line beside those present (not for headers that the server itself
// knows); -r sets only what the client has sent. A location runs the outer levels' directives
// before its own. Input headers change at the end of the rewrite phase: the module list must name
// this module behind the others that work in that phase.
package headersmore
