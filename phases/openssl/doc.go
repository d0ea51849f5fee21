// Package openssl says what crypto/tls and crypto/x509 say in OpenSSL's numbers and words, which scripts compare
// with and which administrators look for in logs.
//
// Only common cases are translated: what has no counterpart keeps Go's text.
package openssl
