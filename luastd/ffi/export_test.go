package ffi

// Declare runs the parser as cdef does.
func Declare(src string) string { return newDeclarations().define(src, nil) }
