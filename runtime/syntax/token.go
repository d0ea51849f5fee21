package syntax

import "fmt"

// tokenKind is a single character, or one of the constants below.
type tokenKind int

const (
	tkAnd tokenKind = iota + 257
	tkBreak
	tkDo
	tkElse
	tkElseif
	tkEnd
	tkFalse
	tkFor
	tkFunction
	tkGoto
	tkIf
	tkIn
	tkLocal
	tkNil
	tkNot
	tkOr
	tkRepeat
	tkReturn
	tkThen
	tkTrue
	tkUntil
	tkWhile
	tkConcat
	tkDots
	tkEq
	tkGe
	tkLe
	tkNe
	tkLabel
	tkNumber
	tkName
	tkString
	tkEOF
)

var tokenNames = [...]string{
	"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
	"not", "or", "repeat", "return", "then", "true", "until", "while",
	"..", "...", "==", ">=", "<=", "~=", "::", "<number>", "<name>", "<string>", "<eof>",
}

// reserved maps a word of the language to its token.
var reserved = func() map[string]tokenKind {
	m := make(map[string]tokenKind, tkWhile-tkAnd+1)
	for k := tkAnd; k <= tkWhile; k++ {
		m[tokenNames[k-tkAnd]] = k
	}
	return m
}()

// String is the token as messages show it.
func (k tokenKind) String() string {
	switch {
	case k >= tkAnd:
		return tokenNames[k-tkAnd]
	case k < ' ' || k == 127:
		return fmt.Sprintf("char(%d)", int(k))
	}
	return string([]byte{byte(k)})
}

// token is one lexical element with what messages need to show it.
type token struct {
	kind tokenKind
	// text is the name, or the value of a string.
	text string
	// open and end are what stands around the value of a string in the source.
	open, end string
	num       Number
}
