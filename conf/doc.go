// Package conf reads the nginx.conf language: it turns the text of a
// configuration, with all files that it includes, into a tree of directives
// whose every word knows its file, line and column. It knows neither what a
// directive means nor where it may stand; that is the business of whoever
// walks the tree. What it does know are the three things which change how the
// text itself is read: include, the bodies of *_by_lua_block directives, and
// the blocks of plain values (map, types, geo …) in which no block may stand.
//
// # Words
//
// A file is a sequence of statements. A statement is one or more words and
// ends with ";" (a simple directive) or with "{" (a block, which lasts until
// its "}"). The first word is the directive's name, the others its arguments.
//
//   - Words are separated by space, tab, CR and LF. There is no other meaning
//     to the end of a line, so a directive may go on over many lines.
//   - A word that begins with " or ' lasts until the next such character and
//     may hold anything. Elsewhere in a word the quotes are ordinary:
//     a"b c" is the two words a"b and c".
//   - After a closing quote must follow a space, ";", "{" or ")"; the last
//     begins a new word, so that if ("$a" = "b") {…} can be written.
//     Anything else is an error: unexpected "x".
//   - A bare word ends at a space, ";" or "{". A "}" within a word belongs to
//     it; only one that stands where a word could begin closes a block. "{"
//     directly after "$" belongs to the word too: ${name}suffix is one word.
//   - "#" begins a comment, up to the end of the line, where a word could
//     begin. Within a word it is ordinary: a#b is one word.
//   - "\" takes the next character, whichever it is, into the word without its
//     special meaning. In the word's value \" \' \\ become the second
//     character alone, \t \r \n become tab, CR and LF, and all others keep
//     their backslash, which is what regular expressions need.
//   - A word of 4096 bytes or more is refused as nginx does; so is a comment.
//     The usual cause is a missing quote.
//
// # Lua blocks
//
// The body of a directive whose name ends in _by_lua_block is Lua, not
// configuration. It lasts until the "}" that matches the opening brace, where
// braces in Lua strings, long brackets and comments do not count. The text is
// handed on byte for byte with the position of its first byte, so that line n
// of the script is line Pos.Line+n-1 of the file. A long bracket of more than
// 4096 bytes is refused, as in ngx_lua; longer texts belong in a Lua file.
//
// # Include
//
// "include FILE;" is replaced by the directives of FILE, at any depth, in value
// blocks too. A relative name is taken from [Options].Dir. A name with *, ? or
// [ is a glob(3) pattern: its matches are read in byte order of their names,
// and no match is no error. Blocks do not reach over the border of a file.
//
// # Errors
//
// Sentences are nginx's own, and so are their lines: the line where the reader
// stood when it noticed, which for a directive is that of its ";" or "{"
// ([Directive].Term). nginx stops at the first problem; here reading goes on
// wherever the rest can still be understood, and all problems come back as one
// [ErrorList], together with what could be read.
package conf
