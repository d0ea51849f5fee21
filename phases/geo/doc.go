// Package geo is nginx's geo module: variables whose value depends on an address, by default the
// client's.
//
//	geo $country {
//	    default        ZZ;
//	    127.0.0.0/8    local;
//	    2001:db8::/32  doc;
//	    proxy          10.0.0.0/8;
//	}
//
// Of the networks that hold the address the smallest counts. With the parameter ranges, which must come
// first, the lines name ranges of IPv4 addresses (10.0.0.1-10.0.0.99) instead. delete takes a line
// back. proxy names networks whose X-Forwarded-For is believed, proxy_recursive lets it be believed
// hop by hop. An address that is none, such as that of a unix socket, counts as 255.255.255.255.
//
// Deviation: nginx writes and reads binary copies (FILE.bin) of large included range files; moongate
// reads the text.
package geo
