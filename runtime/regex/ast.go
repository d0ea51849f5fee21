package regex

// kind tells the nodes of the syntax tree apart.
type kind uint8

const (
	kEmpty    kind = iota // matches the empty string
	kChar                 // one literal character r
	kSet                  // one character of set
	kAny                  // . without DotAll: one character, not a newline
	kAnyAll               // . with DotAll
	kByte                 // \C
	kNewline              // \R
	kGrapheme             // \X
	kCat                  // subs one after the other
	kAlt                  // subs in order of preference
	kRepeat               // subs[0], min to max times
	kGroup                // capturing group number n around subs[0]
	kAtomic               // (?>…)
	kLook                 // lookaround
	kBackref              // what one of groups refs matched
	kCall                 // recursion into group n, 0 for the whole pattern
	kCond                 // conditional: subs yes, no, and the assertion for condAssert
	kAssert               // simple assertion, of type at
	kVerb                 // backtracking verb
	kKeep                 // \K
	kBack                 // a lookbehind's step back by n characters; only the compiler makes it
)

// unlimited is the max of a repeat without an upper bound.
const unlimited = -1

// mode is how a repeat chooses its count.
type mode uint8

const (
	greedy mode = iota
	lazy
	possessive
)

// anchor is the type of a simple assertion.
type anchor uint8

const (
	atSubjectStart   anchor = iota // \A, ^
	atLineStart                    // ^ with Multiline
	atSubjectEnd                   // \z, $ with DollarEndOnly
	atFinalLineEnd                 // \Z, $
	atLineEnd                      // $ with Multiline
	atSearchStart                  // \G
	atWordEdge                     // \b
	atNotWordEdge                  // \B
	atWordEdgeUCP                  // the same with Unicode's idea of a word
	atNotWordEdgeUCP               //
)

// condition is what a conditional group asks.
type condition uint8

const (
	condGroup   condition = iota // one of groups refs is set
	condRecurse                  // inside a recursion, into group n unless that is -1
	condNever                    // DEFINE, and a VERSION that is newer than ours
	condAlways                   //
	condAssert                   // subs[2], a lookaround
)

// verb is a backtracking verb.
type verb uint8

const (
	verbAccept verb = iota
	verbFail
	verbCommit
	verbPrune
	verbSkip
	verbThen
	verbMark
)

// node is a node of the syntax tree.
type node struct {
	kind kind
	subs []*node

	r    rune     // kChar; a byte when the pattern is not UTF
	fold bool     // kBackref: caseless. A caseless kChar is a kSet unless it has one case only
	set  *charset // kSet

	min, max int // kRepeat
	mode     mode

	n    int   // kGroup, kCall, condRecurse
	refs []int // kBackref, condGroup

	at anchor

	behind, neg, nonAtomic bool // kLook

	cond condition

	verb verb
	name string // of a verb

	pos, end int // kLook: offsets of its opening and closing parentheses; otherwise where the item began, where errors need it
}

// newline is the convention for line ends in force.
type newline uint8

const (
	nlLF newline = iota
	nlCR
	nlCRLF
	nlAnyCRLF
	nlAny
	nlNUL
)

// tree is a parsed pattern.
type tree struct {
	root    *node
	flags   Flags // as given, and those that (*UTF) and its like set
	newline newline
	bsrCRLF bool // \R matches only CR, LF and CRLF
	groups  int
	names   []NamedGroup

	hasBackref, hasCall, hasVerb, hasAccept, hasKeep bool

	noStartOpt, noAutoPossess bool
	notEmpty, notEmptyAtStart bool
	limitSteps, limitDepth    int // from (*LIMIT_MATCH=n), 0 for none

	byNumber map[int]*node // the first group of each number
}
