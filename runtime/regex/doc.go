// Package regex is a regular-expression engine with the semantics of PCRE.
//
// It serves everything in moongate that nginx and ngx_lua give to libpcre:
// ngx.re.*, location ~, rewrite, if, map and server_name ~. The rules are those
// of PCRE2 10.4x, and of PCRE 8.x where both agree or where a script could not
// tell: backtracking with leftmost, first-alternative matches, back-references,
// lookaround, atomic groups, recursion, conditionals and backtracking verbs.
//
// A pattern passes through these stages, one file family each:
//
//	parse*.go    text to syntax tree, with PCRE's error messages
//	class.go     sets of characters; unicode.go the properties \p{…} and case
//	analyze.go   lengths, anchoring, prefix and required literals of the tree
//	compile.go   tree to program; optimize.go what can be decided beforehand
//	match.go     the backtracking machine, stack.go its memory; search.go where to try it at all
//	dfa.go       pcre_dfa_exec's longest match
//
// Subjects are strings of bytes. With UTF, and only then, they are UTF-8 and
// characters may be longer than a byte. Offsets are always in bytes.
//
// A match runs on an explicit stack and never allocates unless that stack
// outgrows the machine's own, in which case it comes from a pool. Work is
// limited (see [Limits]), so no pattern can hang its caller.
package regex
