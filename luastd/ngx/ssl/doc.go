// Package ssl gives scripts the modules ngx.ssl and ngx.ssl.clienthello of lua-resty-core: they choose a
// handshake's certificate in ssl_certificate_by_lua*, and read the client's hello and choose the protocols
// in ssl_client_hello_by_lua*.
//
// parse_pem_cert and its like give objects that say "cdata" to type(). They hold *Chain and *Key, which
// tcpsock:setclientcert and settrustedstore take too.
//
// Deviations, all from crypto/tls: the server's random and the master secret are not to be had, keying material
// is exported only once the handshake has ended, and there are no pointers to OpenSSL's objects.
package ssl
