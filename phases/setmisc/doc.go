// Package setmisc is the set-misc module: directives that compute a variable's value, in written order
// with set. Most take a variable and a value, or just a variable, which is then both:
//
//	set_escape_uri $b "a b";   # $b is a%20b
//	set_md5 $b;                # $b is the digest of what it was
//
// Those of one value are open to scripts as ndk.set_var, by Lookup. From the NDK there is upstream_list,
// which set_hashed_upstream chooses from.
package setmisc
