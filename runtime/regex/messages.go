package regex

// errCode numbers what can be wrong with a pattern. The values are PCRE's own error numbers (PCRE2's less 100) where there is one.
type errCode int

const (
	errEndBackslash    errCode = 1
	errEndC            errCode = 2
	errUnknownEscape   errCode = 3
	errQuantOrder      errCode = 4
	errQuantBig        errCode = 5
	errClassEnd        errCode = 6
	errClassEscape     errCode = 7
	errRangeOrder      errCode = 8
	errNothingToRepeat errCode = 9
	errAfterParenQ     errCode = 11
	errPosixOutside    errCode = 12
	errMissingParen    errCode = 14
	errNoSuchGroup     errCode = 15
	errCommentEnd      errCode = 18
	errTooDeep         errCode = 19
	errTooLarge        errCode = 20
	errUnmatchedParen  errCode = 22
	errAfterParenLess  errCode = 24
	errLookbehind      errCode = 25
	errCondition       errCode = 26
	errCondBranches    errCode = 27
	errCondAssert      errCode = 28
	errRecurseParen    errCode = 29
	errPosixName       errCode = 30
	errPosixCollate    errCode = 31
	errCharTooLarge    errCode = 34
	errCondZero        errCode = 35
	errLookbehindByte  errCode = 36
	errPerlEscape      errCode = 37
	errCalloutBig      errCode = 38
	errCalloutParen    errCode = 39
	errAfterParenP     errCode = 41
	errNameEnd         errCode = 42
	errDupName         errCode = 43
	errPatternUTF      errCode = 44
	errPropMalformed   errCode = 46
	errPropUnknown     errCode = 47
	errNameLong        errCode = 48
	errOctalBig        errCode = 51
	errDefineBranches  errCode = 54
	errGEscape         errCode = 57
	errRefZero         errCode = 58
	errVerbArg         errCode = 59
	errVerb            errCode = 60
	errNumberBig       errCode = 61
	errNameExpected    errCode = 62
	errDigitExpected   errCode = 63
	errJSBracket       errCode = 64
	errNamesDiffer     errCode = 65
	errMarkArg         errCode = 66
	errCEscape         errCode = 68
	errKEscape         errCode = 69
	errNInClass        errCode = 71
	errSurrogate       errCode = 73
	errHex             errCode = 79
	errOctal           errCode = 80
	errOBrace          errCode = 81
	errClassRange      errCode = 83
	errNameDigit       errCode = 84
	errDigitsMissing   errCode = 86
	errNUnicode        errCode = 93
	errHyphen          errCode = 94
	errAlphaAssertion  errCode = 95
	errTooManyGroups   errCode = 97
)

type message struct{ pcre8, pcre2 string }

// messages holds the words of both libraries: people search the web for them, and test suites compare them.
var messages = map[errCode]message{
	errEndBackslash:    {`\ at end of pattern`, `\ at end of pattern`},
	errEndC:            {`\c at end of pattern`, `\c at end of pattern`},
	errUnknownEscape:   {`unrecognized character follows \`, `unrecognized character follows \`},
	errQuantOrder:      {"numbers out of order in {} quantifier", "numbers out of order in {} quantifier"},
	errQuantBig:        {"number too big in {} quantifier", "number too big in {} quantifier"},
	errClassEnd:        {"missing terminating ] for character class", "missing terminating ] for character class"},
	errClassEscape:     {"invalid escape sequence in character class", "escape sequence is invalid in character class"},
	errRangeOrder:      {"range out of order in character class", "range out of order in character class"},
	errNothingToRepeat: {"nothing to repeat", "quantifier does not follow a repeatable item"},
	errAfterParenQ:     {"unrecognized character after (? or (?-", "unrecognized character after (? or (?-"},
	errPosixOutside:    {"POSIX named classes are supported only within a class", "POSIX named classes are supported only within a class"},
	errMissingParen:    {"missing )", "missing closing parenthesis"},
	errNoSuchGroup:     {"reference to non-existent subpattern", "reference to non-existent subpattern"},
	errCommentEnd:      {"missing ) after comment", "missing ) after (?# comment"},
	errTooDeep:         {"parentheses are too deeply nested", "parentheses are too deeply nested"},
	errTooLarge:        {"regular expression is too large", "regular expression is too large"},
	errUnmatchedParen:  {"unmatched parentheses", "unmatched closing parenthesis"},
	errAfterParenLess:  {"unrecognized character after (?<", "subpattern name expected"},
	errLookbehind:      {"lookbehind assertion is not fixed length", "lookbehind assertion is not fixed length"},
	errCondition:       {"malformed number or name after (?(", "missing closing parenthesis for condition"},
	errCondBranches:    {"conditional group contains more than two branches", "conditional subpattern contains more than two branches"},
	errCondAssert:      {"assertion expected after (?( or (?(?C)", "assertion expected after (?( or (?(?C)"},
	errRecurseParen:    {"(?R or (?[+-]digits must be followed by )", "(?R (recursive pattern call) must be followed by a closing parenthesis"},
	errPosixName:       {"unknown POSIX class name", "unknown POSIX class name"},
	errPosixCollate:    {"POSIX collating elements are not supported", "POSIX collating elements are not supported"},
	errCharTooLarge:    {`character value in \x{} or \o{} is too large`, `character code point value in \x{} or \o{} is too large`},
	errCondZero:        {"invalid condition (?(0)", "reference to non-existent subpattern"},
	errLookbehindByte:  {`\C not allowed in lookbehind assertion`, `\C is not allowed in a lookbehind assertion in UTF-8 mode`},
	errPerlEscape:      {`PCRE does not support \L, \l, \N{name}, \U, or \u`, `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`},
	errCalloutBig:      {"number after (?C is > 255", "number after (?C is greater than 255"},
	errCalloutParen:    {"closing ) for (?C expected", "closing parenthesis for (?C expected"},
	errAfterParenP:     {"unrecognized character after (?P", "unrecognized character after (?P"},
	errNameEnd:         {"syntax error in subpattern name (missing terminator)", "syntax error in subpattern name (missing terminator?)"},
	errDupName:         {"two named subpatterns have the same name", "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"},
	errPatternUTF:      {"invalid UTF-8 string", "UTF-8 error: isolated byte with 0x80 bit set"},
	errPropMalformed:   {`malformed \P or \p sequence`, `malformed \P or \p sequence`},
	errPropUnknown:     {`unknown property name after \P or \p`, `unknown property after \P or \p`},
	errNameLong:        {"subpattern name is too long (maximum 32 characters)", "subpattern name is too long (maximum 32 code units)"},
	errOctalBig:        {`octal value is greater than \377 in 8-bit non-UTF-8 mode`, `octal value is greater than \377 in 8-bit non-UTF-8 mode`},
	errDefineBranches:  {"DEFINE group contains more than one branch", "DEFINE subpattern contains more than one branch"},
	errGEscape: {`\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`,
		`\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`},
	errRefZero:        {"a numbered reference must not be zero", "a relative value of zero is not allowed"},
	errVerbArg:        {"an argument is not allowed for (*ACCEPT), (*FAIL), or (*COMMIT)", "obsolete error (should not occur)"},
	errVerb:           {"(*VERB) not recognized or malformed", "(*VERB) not recognized or malformed"},
	errNumberBig:      {"number is too big", "subpattern number is too big"},
	errNameExpected:   {"subpattern name expected", "subpattern name expected"},
	errDigitExpected:  {"digit expected after (?+", "digit expected after (?+ or (?-"},
	errJSBracket:      {"] is an invalid data character in JavaScript compatibility mode", "] is an invalid data character in JavaScript compatibility mode"},
	errNamesDiffer:    {"different names for subpatterns of the same number are not allowed", "different names for subpatterns of the same number are not allowed"},
	errMarkArg:        {"(*MARK) must have an argument", "(*MARK) must have an argument"},
	errCEscape:        {`\c must be followed by an ASCII character`, `\c must be followed by a printable ASCII character`},
	errKEscape:        {`\k is not followed by a braced, angle-bracketed, or quoted name`, `\k is not followed by a braced, angle-bracketed, or quoted name`},
	errNInClass:       {`\N is not supported in a class`, `\N is not supported in a class`},
	errSurrogate:      {"disallowed Unicode code point (>= 0xd800 && <= 0xdfff)", "disallowed Unicode code point (>= 0xd800 && <= 0xdfff)"},
	errHex:            {`non-hex character in \x{} (closing brace missing?)`, `non-hex character in \x{} (closing brace missing?)`},
	errOctal:          {`non-octal character in \o{} (closing brace missing?)`, `non-octal character in \o{} (closing brace missing?)`},
	errOBrace:         {`missing opening brace after \o`, `missing opening brace after \o`},
	errClassRange:     {"invalid range in character class", "invalid range in character class"},
	errNameDigit:      {"group name must start with a non-digit", "subpattern name must start with a non-digit"},
	errDigitsMissing:  {`digits missing in \x{} or \o{}`, `digits missing in \x{} or \o{} or \N{U+}`},
	errNUnicode:       {`PCRE does not support \L, \l, \N{name}, \U, or \u`, `\N{U+dddd} is supported only in Unicode (UTF) mode`},
	errHyphen:         {"unrecognized character after (? or (?-", "invalid hyphen in option setting"},
	errAlphaAssertion: {"(*VERB) not recognized or malformed", "(*alpha_assertion) not recognized"},
	errTooManyGroups:  {"regular expression is too large", "too many capturing groups (maximum 65535)"},
}
