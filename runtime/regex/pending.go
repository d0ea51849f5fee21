package regex

import "errors"

type (
	errCode int
	program struct{}
	tree    struct{}
)

var messages [1]struct{ pcre8, pcre2 string }

// Compile parses a pattern. A pattern that PCRE refuses gives a *[SyntaxError].
func Compile(pattern string, flags Flags) (*Regexp, error) { return nil, errors.New("regex: engine not in this commit yet") }

// Match searches subject from the byte offset start, and fills caps, which must have room for 2*(NumCaptures()+1)
// elements, with the byte offsets of each group's start and end, -1 where a group did not take part.
// What stands before start can be seen by lookbehind, \b and ^. lim may be nil. After ok == false caps' contents are undefined.
func (re *Regexp) Match(subject string, start int, caps []int, lim *Limits) (ok bool, err error) {
	return false, nil
}

// MatchDFA is Match with the semantics of pcre_dfa_exec: of all matches at the leftmost place it finds the longest, and reports only group 0.
func (re *Regexp) MatchDFA(subject string, start int, caps []int, lim *Limits) (ok bool, err error) {
	return false, nil
}
