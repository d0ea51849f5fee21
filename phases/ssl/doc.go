// Package ssl is nginx's ssl module on top of crypto/tls.
//
//	listen 443 ssl;
//	ssl_certificate     cert.pem;      # beside nginx.conf; several pairs for several kinds of key
//	ssl_certificate_key cert.key;
//	ssl_protocols TLSv1.2 TLSv1.3;     # the default
//	ssl_ciphers HIGH:!aNULL:!MD5;      # the default, in OpenSSL's language
//	ssl_client_certificate ca.pem; ssl_verify_client on|off|optional|optional_no_ca; ssl_verify_depth 1;
//	ssl_session_tickets on; ssl_session_timeout 5m; ssl_reject_handshake on;
//
// The server is chosen by the name that the client sends (SNI). A client certificate is judged when
// the first request comes, as in nginx: a bad one is answered with 400, and error_page 495 and 496 work.
//
// Deviations, all from crypto/tls: the order of ciphers is Go's (ssl_prefer_server_ciphers changes
// nothing), those of TLS 1.3 cannot be chosen, and there are no finite-field Diffie-Hellman suites, so that
// ssl_dhparam is read for nothing. Sessions are resumed by tickets only: ssl_session_cache is checked
// and otherwise without effect.
//
// # Hooks
//
// OnClientHello and OnCertificate let another module take part in handshakes (the Lua module's
// ssl_client_hello_by_lua and ssl_certificate_by_lua).
package ssl
