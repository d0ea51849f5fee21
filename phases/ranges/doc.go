// Package ranges is nginx's range filter: it answers requests for parts of a response (RFC 9110, 14)
// with 206, one part as it is, several as multipart/byteranges.
//
// It takes part where the response allows ranges (static files do), has the status 200 and a known
// length. If-Range is obeyed, by entity tag or by date. The directive max_ranges bounds how many ranges
// are served; past it the whole is sent. Without that directive, so are lists of ranges whose answer
// would be longer than the whole.
//
// The two halves are modules of their own, because they stand at different places in nginx's list:
// HeaderModule before the gzip filter, so that compressed responses have no ranges, and BodyModule at
// the end, where bodies come in whole.
package ranges
