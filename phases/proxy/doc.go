// Package proxy is ngx_http_proxy_module: proxy_pass and the directives that shape the request for the
// upstream and its answer. The talk itself is package upstream's.
//
//	module.go     the module and its list of directives
//	conf.go       a location's configuration and its merge
//	pass.go       proxy_pass: the URL, and which group it means
//	request.go    the request's head as the upstream gets it
//	header.go     proxy_set_header
//	rewrite.go    proxy_redirect, proxy_cookie_domain and _path
//	cookie.go     proxy_cookie_flags, and the parts of a Set-Cookie line
//	tls.go        the proxy_ssl_ directives
//	variables.go  $proxy_host and its like
//
// Caching (proxy_cache, proxy_store) does not exist: those directives are refused.
package proxy
