package regex

import "fmt"

// SyntaxError says what is wrong with a pattern, in PCRE's words.
type SyntaxError struct {
	Msg    string // PCRE 8.x's message, as `missing )`
	Offset int    // the byte offset in the pattern that PCRE 8.x gives with it

	code    errCode
	offset2 int
}

// Error returns the message and the offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at offset %d", e.Msg, e.Offset) }

// PCRE2 returns the message and the offset as PCRE2 words and places them: `missing closing parenthesis`.
func (e *SyntaxError) PCRE2() (msg string, offset int) {
	return messages[e.code].pcre2, e.offset2
}

// MatchError is a match that could not be decided. The package's Err… values are all there are, so errors can be compared with ==.
type MatchError struct {
	text         string
	code8, code2 int
}

// Error returns a description.
func (e *MatchError) Error() string { return e.text }

// ErrorCode returns the (negative) number that pcre_exec of PCRE 8.x returns in this case.
func (e *MatchError) ErrorCode() int { return e.code8 }

// PCRE2Code returns the (negative) number that pcre2_match returns in this case.
func (e *MatchError) PCRE2Code() int { return e.code2 }

// The errors of Match and MatchDFA.
var (
	ErrMatchLimit     = &MatchError{"match limit exceeded", -8, -47}
	ErrRecursionLimit = &MatchError{"recursion limit exceeded", -21, -53}
	ErrBadUTF         = &MatchError{"subject is not valid UTF-8", -10, -22}
	ErrBadUTFOffset   = &MatchError{"start offset is inside a UTF-8 character", -11, -36}
	ErrBadOffset      = &MatchError{"start offset is beyond the subject", -24, -33}
	ErrRecursionLoop  = &MatchError{"nested recursion at the same subject position", -26, -52}
	ErrDFAItem        = &MatchError{"pattern contains an item that is not supported for DFA matching", -16, -42}
	ErrDFACondition   = &MatchError{"condition is not supported for DFA matching", -17, -40}
)
