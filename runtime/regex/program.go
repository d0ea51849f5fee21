package regex

// opcode is what an instruction does. An op that pushes a resumable frame is followed by the op that resumes it.
type opcode uint8

const (
	opFail           opcode = iota
	opByte                  // the byte c
	opByte2                 // the byte c or c2
	opStr                   // the bytes str
	opStrFold               // the ASCII bytes str, which is lower case, in any case
	opSet                   // a byte of set
	opSetUTF                // a character of uset
	opGreedy                // loop over single characters, followed by its resume op
	opGreedyMore            // resume: give one back
	opLazy                  //
	opLazyMore              // resume: take one more
	opPossess               // never gives back, followed by an opFail for symmetry
	opJump                  // go to x
	opSplit                 // try x, then y, as far as tab allows
	opSwitch                // go to targets[next byte]
	opCapOpen               // slot n = pos
	opCapClose              // slot n = pos; a return if the group was called
	opCapBegin              // slot n (private) = pos
	opCapEnd                // group n's slots = its private slot, pos
	opMarkPos               // slot n = pos
	opEmptyCheck            // go to x if nothing was matched since opMarkPos n
	opCountInit             // slot n = 0
	opCountLoop             // counted loop: body x, exit y
	opCountMore             // resume of a lazy opCountLoop
	opLook                  // begin of a lookaround, followed by where to go when it fails
	opLookEnd               // its inside matched: on with it, at the old position
	opLookNot               // the inside of a negative one matched: fail, or go to x if that is set
	opLookKeep              // end of a non-atomic lookaround
	opBack                  // step back n characters
	opAtomic                // slot n = height of the stack
	opAtomicEnd             // drop the choices since
	opBackref               //
	opBackrefFold           //
	opCondGroup             // go to x unless one of refs is set
	opCondCall              // go to x unless in a recursion into min, -1 for any
	opCall                  // recursion, followed by its resume op
	opCallUndo              // resume: the call failed
	opNewlineSeq            // \R
	opGrapheme              // \X
	opNotNewline            // not before a line end of the CRLF convention
	opSubjectStart          //
	opLineStart             //
	opSubjectEnd            //
	opFinalLineEnd          //
	opLineEnd               //
	opLineStartX            // the same for conventions other than LF
	opFinalLineEndX         //
	opLineEndX              //
	opSearchStart           //
	opWordEdge              //
	opNotWordEdge           //
	opWordEdgeUCP           //
	opNotWordEdgeUCP        //
	opKeep                  // the match begins here
	opVerb                  // a backtracking verb that has no effect on the way forward, followed by its resume op
	opVerbFail              //
	opThenMark              // slot n = height of the stack, for (*THEN)
	opAccept                //
	opMatch                 //
	opMatchLongest          // note the match and look for a longer one
)

// inst is one instruction.
type inst struct {
	op     opcode
	c, c2  byte
	scan   scanKind
	mode   mode // opCountLoop
	marker bool // a resume op at which a verb's effect ends: that of an assertion or a call
	verb   verb

	x, y     int32
	n        int32
	min, max int32

	set  *[256]bool
	uset *charset
	// tab tells by the next byte, 256 standing for the end: for opSplit which ways can succeed (bit 0 x, bit 1 y), for loops whether what
	// follows can. nil: all can.
	tab *[257]uint8
	// targets of opSwitch.
	targets *[257]int32
	str     string
	refs    []int32 // groups of opBackref and opCondGroup
}

// scanKind is how a loop over single characters runs.
type scanKind uint8

const (
	scanAll    scanKind = iota // all bytes are members
	scanSet                    // bytes of set
	scanNotC                   // all bytes but c
	scanAllUTF                 // any character
	scanHigh                   // UTF: what set says of ASCII, and all else
	scanUTF                    // UTF: uset
)

// program is a compiled pattern.
type program struct {
	insts []inst
	utf   bool
	ncap  int // groups, without 0
	slots int // captures and private slots
	fp    int // the slot of the innermost call, -1 where there are no calls

	hasBack bool // lookbehind: a place left behind can come again

	newline   newline
	bsrCRLF   bool
	jsUnset   bool // an unset back-reference matches the empty string
	firstLine bool

	notEmpty, notEmptyAtStart bool
	limitSteps, limitDepth    int

	anchored  bool // at the search's start only
	start     startAnchor
	minLen    int
	prefix    string     // every match begins with it
	firstByte int        // every match begins with it, or -1
	first     *[256]bool // first bytes of matches; nil if any, or none, will do
	firstEnd  bool       // the empty string at the subject's end can match
	required  string     // every match holds it, at or after its start
	isPure    bool       // the whole pattern is the literal prefix
	// runSkip: the pattern begins with a loop that cannot give back, so no start inside of a run of its characters succeeds where the run's start failed.
	runSkip *[256]bool

	longest bool // ends in opMatchLongest
	memo    bool // opMatchLongest: a place and an instruction decide the rest
}
