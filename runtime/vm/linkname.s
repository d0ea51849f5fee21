// This file is empty: it tells the compiler that layout.go may declare a function without a body.
