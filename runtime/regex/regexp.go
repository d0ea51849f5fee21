package regex

import "sync"

// Flags are the options of a pattern, as PCRE's compile options. Most can also be set inside the pattern.
type Flags uint32

// The options, by PCRE's names.
const (
	Caseless         Flags = 1 << iota // (?i) letters match either case
	Multiline                          // (?m) ^ and $ also match at line ends
	DotAll                             // (?s) a dot also matches a newline
	Extended                           // (?x) white space and # comments in the pattern are ignored
	Anchored                           // match only where the search starts
	DollarEndOnly                      // $ does not match before a final newline
	UTF                                // pattern and subjects are UTF-8
	NoUTFCheck                         // trust pattern and subjects to be valid UTF-8; invalid ones match in odd ways but do no harm
	DupNames                           // (?J) several groups may have one name
	Ungreedy                           // (?U) quantifiers are lazy, and greedy with a ?
	JavascriptCompat                   // PCRE_JAVASCRIPT_COMPAT: \uXXXX, [] matches nothing, unset back-references match the empty string
	FirstLine                          // the match must begin in the first line
	UCP                                // \d \w \s \b and POSIX classes use Unicode properties
	NoAutoCapture                      // (?n) plain parentheses do not capture
)

// NamedGroup is one entry of a pattern's name table.
type NamedGroup struct {
	Name  string
	Index int // the group's number, from 1
}

// Regexp is a compiled pattern. It is immutable and safe for concurrent use.
type Regexp struct {
	pattern string
	flags   Flags
	ncap    int
	names   []NamedGroup

	prog *program

	dfaOnce sync.Once
	dfa     *program // see dfa.go
	dfaErr  error
	tree    *tree
}

// Limits bound the work of one call. The zero value of a field means its default.
type Limits struct {
	// Steps is PCRE's match limit: how many backtracking points one attempt, that is one starting position, may use
	// before the call ends with [ErrMatchLimit]. The default is PCRE's ten million, but all attempts of a call together
	// are held to two million and one for each byte of the subject, so that no pattern holds its caller for more than about 100 ms;
	// a Steps above that lifts the latter bound too.
	Steps int
	// Depth is the number of entries that the backtracking stack may hold before the call ends with [ErrRecursionLimit].
	Depth int
}

// Pattern returns the text that re was compiled from.
func (re *Regexp) Pattern() string { return re.pattern }

// NumCaptures returns the number of capturing groups, not counting group 0, the whole match.
func (re *Regexp) NumCaptures() int { return re.ncap }

// Names returns the pattern's name table in PCRE's order: by name, and by number where a name has several groups.
// The caller must not modify it.
func (re *Regexp) Names() []NamedGroup { return re.names }
