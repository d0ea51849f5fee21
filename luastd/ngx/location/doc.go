// Package location is ngx.location: subrequests whose responses a script gets as tables
// (README, "ngx.location.capture" and "ngx.location.capture_multi").
//
//	options.go  a call's arguments
//	capture.go  the subrequests: made, run side by side, waited for
//	result.go   their responses as Lua tables
package location
