package regex

import (
	"errors"
	"testing"
)

// TestSyntaxErrors holds the messages and offsets that PCRE 8.39 and PCRE2 10.42 were seen to give.
func TestSyntaxErrors(t *testing.T) {
	for _, tt := range syntaxErrors {
		t.Run(tt.pattern, func(t *testing.T) {
			_, err := Compile(tt.pattern, 0)
			var se *SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("compiled: %v", err)
			}
			if se.Msg != tt.msg8 || se.Offset != tt.offset8 {
				t.Errorf("got %q at %d, want %q at %d", se.Msg, se.Offset, tt.msg8, tt.offset8)
			}
			if msg, offset := se.PCRE2(); msg != tt.msg2 || offset != tt.offset2 {
				t.Errorf("PCRE2: got %q at %d, want %q at %d", msg, offset, tt.msg2, tt.offset2)
			}
		})
	}
}

var syntaxErrors = []struct {
	pattern string
	msg8    string
	offset8 int
	msg2    string
	offset2 int
}{
	{`^*a`, `nothing to repeat`, 1, `quantifier does not follow a repeatable item`, 1},
	{`$*`, `nothing to repeat`, 1, `quantifier does not follow a repeatable item`, 1},
	{`\b+`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
	{`\A?`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
	{`\G{2}`, `nothing to repeat`, 4, `quantifier does not follow a repeatable item`, 4},
	{`(?i)*`, `nothing to repeat`, 4, `quantifier does not follow a repeatable item`, 4},
	{`a(?i)*`, `nothing to repeat`, 5, `quantifier does not follow a repeatable item`, 5},
	{`(*COMMIT)*`, `nothing to repeat`, 9, `quantifier does not follow a repeatable item`, 9},
	{`\K*`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
	{`(`, `missing )`, 1, `missing closing parenthesis`, 1},
	{`(abc`, `missing )`, 4, `missing closing parenthesis`, 4},
	{`a)`, `unmatched parentheses`, 1, `unmatched closing parenthesis`, 1},
	{`[a`, `missing terminating ] for character class`, 2, `missing terminating ] for character class`, 2},
	{`[a\`, `\ at end of pattern`, 3, `\ at end of pattern`, 3},
	{`*a`, `nothing to repeat`, 0, `quantifier does not follow a repeatable item`, 0},
	{`a{2,1}`, `numbers out of order in {} quantifier`, 5, `numbers out of order in {} quantifier`, 5},
	{`a{65536}`, `number too big in {} quantifier`, 7, `number too big in {} quantifier`, 7},
	{`a{99999999999}`, `number too big in {} quantifier`, 7, `number too big in {} quantifier`, 7},
	{`(?<=a+)b`, `lookbehind assertion is not fixed length`, 6, `lookbehind assertion is not fixed length`, 0},
	{`(?<=a|bc+)b`, `lookbehind assertion is not fixed length`, 9, `lookbehind assertion is not fixed length`, 0},
	{`(?<n`, `syntax error in subpattern name (missing terminator)`, 4, `syntax error in subpattern name (missing terminator?)`, 4},
	{`(?<n>`, `missing )`, 5, `missing closing parenthesis`, 5},
	{`(?<>a)`, `unrecognized character after (?<`, 3, `subpattern name expected`, 3},
	{`(?<n!a)`, `syntax error in subpattern name (missing terminator)`, 4, `syntax error in subpattern name (missing terminator?)`, 4},
	{`(?<`, `unrecognized character after (?<`, 3, `subpattern name expected`, 3},
	{`(?`, `unrecognized character after (? or (?-`, 2, `missing closing parenthesis`, 2},
	{`(?P`, `unrecognized character after (?P`, 3, `missing closing parenthesis`, 3},
	{`(?P<`, `syntax error in subpattern name (missing terminator)`, 4, `subpattern name expected`, 4},
	{`(?Px)`, `unrecognized character after (?P`, 3, `unrecognized character after (?P`, 3},
	{`(?P>`, `subpattern name expected`, 4, `subpattern name expected`, 4},
	{`(?P>x)`, `reference to non-existent subpattern`, 5, `reference to non-existent subpattern`, 4},
	{`(?P=`, `subpattern name expected`, 4, `subpattern name expected`, 4},
	{`(?P=x)`, `reference to non-existent subpattern`, 5, `reference to non-existent subpattern`, 4},
	{`\`, `\ at end of pattern`, 1, `\ at end of pattern`, 1},
	{`a\`, `\ at end of pattern`, 2, `\ at end of pattern`, 2},
	{`[[:foo:]]`, `unknown POSIX class name`, 3, `unknown POSIX class name`, 3},
	{`[[:alpha:]`, `missing terminating ] for character class`, 10, `missing terminating ] for character class`, 10},
	{`[:alpha:]`, `POSIX named classes are supported only within a class`, 0, `POSIX named classes are supported only within a class`, 0},
	{`[[.a.]]`, `POSIX collating elements are not supported`, 1, `POSIX collating elements are not supported`, 1},
	{`[a-\d]`, `invalid range in character class`, 4, `invalid range in character class`, 5},
	{`[z-a]`, `range out of order in character class`, 3, `range out of order in character class`, 3},
	{`[\b-\a]`, `range out of order in character class`, 5, `range out of order in character class`, 5},
	{`\1`, `reference to non-existent subpattern`, 2, `reference to non-existent subpattern`, 1},
	{`(a)\2`, `reference to non-existent subpattern`, 5, `reference to non-existent subpattern`, 4},
	{`(?1)`, `reference to non-existent subpattern`, 3, `reference to non-existent subpattern`, 3},
	{`(?+1)`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 4},
	{`(?-1)`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 4},
	{`(?+0)`, `a numbered reference must not be zero`, 4, `a relative value of zero is not allowed`, 4},
	{`(?-0)`, `a numbered reference must not be zero`, 4, `a relative value of zero is not allowed`, 4},
	{`(?+a)`, `digit expected after (?+`, 3, `digit expected after (?+ or (?-`, 2},
	{`(?R`, `(?R or (?[+-]digits must be followed by )`, 3, `(?R (recursive pattern call) must be followed by a closing parenthesis`, 3},
	{`(?1`, `(?R or (?[+-]digits must be followed by )`, 3, `missing closing parenthesis`, 3},
	{`(?1a)`, `(?R or (?[+-]digits must be followed by )`, 3, `missing closing parenthesis`, 3},
	{`\g`, `a numbered reference must not be zero`, 1, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 2},
	{`\g{`, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 3, `subpattern name expected`, 3},
	{`\g{1`, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 4, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 2},
	{`\g{}`, `a numbered reference must not be zero`, 3, `subpattern name expected`, 3},
	{`\g{0}`, `a numbered reference must not be zero`, 4, `reference to non-existent subpattern`, 5},
	{`\g0`, `a numbered reference must not be zero`, 2, `reference to non-existent subpattern`, 3},
	{`\g{-1}`, `reference to non-existent subpattern`, 5, `reference to non-existent subpattern`, 2},
	{`\g-`, `a numbered reference must not be zero`, 2, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 2},
	{`\g{a}`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 3},
	{`\g<a>`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 3},
	{`\g<1>`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 4},
	{`\g<1`, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 2, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`, 2},
	{`\g'a'`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 3},
	{`\g{a`, `syntax error in subpattern name (missing terminator)`, 4, `syntax error in subpattern name (missing terminator?)`, 4},
	{`\k`, `\k is not followed by a braced, angle-bracketed, or quoted name`, 1, `\k is not followed by a braced, angle-bracketed, or quoted name`, 2},
	{`\k<`, `subpattern name expected`, 3, `subpattern name expected`, 3},
	{`\k<a`, `syntax error in subpattern name (missing terminator)`, 4, `syntax error in subpattern name (missing terminator?)`, 4},
	{`\k<a>`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 3},
	{`\k{a}`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 3},
	{`\k'`, `subpattern name expected`, 3, `subpattern name expected`, 3},
	{`\k<>`, `subpattern name expected`, 3, `subpattern name expected`, 3},
	{`\p`, `malformed \P or \p sequence`, 2, `malformed \P or \p sequence`, 2},
	{`\pX`, `unknown property name after \P or \p`, 2, `unknown property after \P or \p`, 3},
	{`\p{`, `malformed \P or \p sequence`, 3, `malformed \P or \p sequence`, 3},
	{`\p{Foo}`, `unknown property name after \P or \p`, 6, `unknown property after \P or \p`, 7},
	{`\p{L`, `malformed \P or \p sequence`, 4, `malformed \P or \p sequence`, 4},
	{`\p{}`, `unknown property name after \P or \p`, 3, `unknown property after \P or \p`, 4},
	{`\x{100}`, `character value in \x{} or \o{} is too large`, 6, `character code point value in \x{} or \o{} is too large`, 6},
	{`\x{zz}`, `non-hex character in \x{} (closing brace missing?)`, 3, `non-hex character in \x{} (closing brace missing?)`, 3},
	{`\x{`, `non-hex character in \x{} (closing brace missing?)`, 3, `digits missing in \x{} or \o{} or \N{U+}`, 3},
	{`\x{12`, `non-hex character in \x{} (closing brace missing?)`, 5, `non-hex character in \x{} (closing brace missing?)`, 4},
	{`\x{}`, `digits missing in \x{} or \o{}`, 3, `digits missing in \x{} or \o{} or \N{U+}`, 3},
	{`\o`, `missing opening brace after \o`, 1, `missing opening brace after \o`, 1},
	{`\o{9}`, `non-octal character in \o{} (closing brace missing?)`, 3, `non-octal character in \o{} (closing brace missing?)`, 3},
	{`\o{}`, `digits missing in \x{} or \o{}`, 1, `digits missing in \x{} or \o{} or \N{U+}`, 3},
	{`\o{400}`, `character value in \x{} or \o{} is too large`, 6, `character code point value in \x{} or \o{} is too large`, 6},
	{`\400`, `octal value is greater than \377 in 8-bit non-UTF-8 mode`, 3, `octal value is greater than \377 in 8-bit non-UTF-8 mode`, 4},
	{`\777`, `octal value is greater than \377 in 8-bit non-UTF-8 mode`, 3, `octal value is greater than \377 in 8-bit non-UTF-8 mode`, 4},
	{`\c`, `\c at end of pattern`, 2, `\c at end of pattern`, 2},
	{`(?z)`, `unrecognized character after (? or (?-`, 2, `unrecognized character after (? or (?-`, 2},
	{`(?i`, `unrecognized character after (? or (?-`, 3, `missing closing parenthesis`, 3},
	{`(?i-`, `unrecognized character after (? or (?-`, 4, `missing closing parenthesis`, 4},
	{`(?i-z)`, `unrecognized character after (? or (?-`, 4, `unrecognized character after (? or (?-`, 4},
	{`(?-i`, `unrecognized character after (? or (?-`, 4, `missing closing parenthesis`, 4},
	{`(?^-i)`, `unrecognized character after (? or (?-`, 2, `invalid hyphen in option setting`, 3},
	{`(?#abc`, `missing ) after comment`, 6, `missing ) after (?# comment`, 6},
	{`(*FOO)a`, `(*VERB) not recognized or malformed`, 5, `(*VERB) not recognized or malformed`, 5},
	{`(*`, `nothing to repeat`, 1, `quantifier does not follow a repeatable item`, 1},
	{`(*)`, `nothing to repeat`, 1, `quantifier does not follow a repeatable item`, 1},
	{`(*MARK)`, `(*MARK) must have an argument`, 6, `(*MARK) must have an argument`, 6},
	{`(*:)`, `(*MARK) must have an argument`, 3, `(*MARK) must have an argument`, 3},
	{`(*MARK:)`, `(*MARK) must have an argument`, 7, `(*MARK) must have an argument`, 7},
	{`(*F`, `(*VERB) not recognized or malformed`, 3, `(*VERB) not recognized or malformed`, 3},
	{`(*foo:a)`, `(*VERB) not recognized or malformed`, 7, `(*alpha_assertion) not recognized`, 5},
	{`(?C256)`, `number after (?C is > 255`, 6, `number after (?C is greater than 255`, 6},
	{`(?C1`, `closing ) for (?C expected`, 4, `closing parenthesis for (?C expected`, 4},
	{`(?(1)a)`, `reference to non-existent subpattern`, 5, `reference to non-existent subpattern`, 2},
	{`(?(1`, `malformed number or name after (?(`, 4, `missing closing parenthesis for condition`, 4},
	{`(?(`, `assertion expected after (?( or (?(?C)`, 3, `missing closing parenthesis`, 3},
	{`(?()a)`, `assertion expected after (?( or (?(?C)`, 3, `subpattern name expected`, 3},
	{`(?(a)b)`, `reference to non-existent subpattern`, 5, `reference to non-existent subpattern`, 3},
	{`(?(<a>)b)`, `reference to non-existent subpattern`, 7, `reference to non-existent subpattern`, 4},
	{`(?(R&a)b)`, `reference to non-existent subpattern`, 7, `reference to non-existent subpattern`, 5},
	{`(?(DEFINE)a|b)`, `DEFINE group contains more than one branch`, 13, `DEFINE subpattern contains more than one branch`, 3},
	{`(?(1)a|b|c)(x)`, `conditional group contains more than two branches`, 10, `conditional subpattern contains more than two branches`, 0},
	{`(?(0)a)`, `invalid condition (?(0)`, 5, `reference to non-existent subpattern`, 4},
	{`(?(?=a)b|c|d)`, `conditional group contains more than two branches`, 12, `conditional subpattern contains more than two branches`, 0},
	{`(?(?a)b)`, `assertion expected after (?( or (?(?C)`, 3, `assertion expected after (?( or (?(?C)`, 2},
	{`(?(xx)`, `missing )`, 6, `missing closing parenthesis`, 6},
	{`(?<a>x)(?<a>y)`, `two named subpatterns have the same name`, 11, `two named subpatterns have the same name (PCRE2_DUPNAMES not set)`, 12},
	{`(?<1a>x)`, `group name must start with a non-digit`, 3, `subpattern name must start with a non-digit`, 3},
	{`(?|(?<a>x)|(?<b>y))`, `different names for subpatterns of the same number are not allowed`, 15, `different names for subpatterns of the same number are not allowed`, 16},
	{`(?<a23456789012345678901234567890123>x)`, `subpattern name is too long (maximum 32 characters)`, 36, `subpattern name is too long (maximum 32 code units)`, 36},
	{`\N{name}`, `PCRE does not support \L, \l, \N{name}, \U, or \u`, 1, `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`, 2},
	{`[\N]`, `\N is not supported in a class`, 2, `\N is not supported in a class`, 3},
	{`\u1234`, `PCRE does not support \L, \l, \N{name}, \U, or \u`, 1, `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`, 2},
	{`\l`, `PCRE does not support \L, \l, \N{name}, \U, or \u`, 1, `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`, 2},
	{`\L`, `PCRE does not support \L, \l, \N{name}, \U, or \u`, 1, `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`, 2},
	{`\U`, `PCRE does not support \L, \l, \N{name}, \U, or \u`, 1, `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`, 2},
	{`(?<=\X)`, `lookbehind assertion is not fixed length`, 6, `lookbehind assertion is not fixed length`, 0},
	{`(?<=\R)`, `lookbehind assertion is not fixed length`, 6, `lookbehind assertion is not fixed length`, 0},
	{`a**`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
	{`a+++`, `nothing to repeat`, 3, `quantifier does not follow a repeatable item`, 3},
	{`a?{2}`, `nothing to repeat`, 4, `quantifier does not follow a repeatable item`, 4},
	{`a{2}{3}`, `nothing to repeat`, 6, `quantifier does not follow a repeatable item`, 6},
	{`(?<=(a|bc))x`, `lookbehind assertion is not fixed length`, 10, `lookbehind assertion is not fixed length`, 0},
	{`(?<=a(b|cd))x`, `lookbehind assertion is not fixed length`, 11, `lookbehind assertion is not fixed length`, 0},
	{`(?<=a{2,3})x`, `lookbehind assertion is not fixed length`, 10, `lookbehind assertion is not fixed length`, 0},
	{`(?>a`, `missing )`, 4, `missing closing parenthesis`, 4},
	{`(?:a`, `missing )`, 4, `missing closing parenthesis`, 4},
	{`(?=a`, `missing )`, 4, `missing closing parenthesis`, 4},
	{`(?!a`, `missing )`, 4, `missing closing parenthesis`, 4},
	{`(?!`, `missing )`, 3, `missing closing parenthesis`, 3},
	{`(?|a`, `missing )`, 4, `missing closing parenthesis`, 4},
	{`(?'n`, `syntax error in subpattern name (missing terminator)`, 4, `syntax error in subpattern name (missing terminator?)`, 4},
	{`(?&`, `subpattern name expected`, 3, `subpattern name expected`, 3},
	{`(?&a`, `syntax error in subpattern name (missing terminator)`, 4, `syntax error in subpattern name (missing terminator?)`, 4},
	{`(?&a)`, `reference to non-existent subpattern`, 4, `reference to non-existent subpattern`, 3},
	{`{1}`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
	{`|*`, `nothing to repeat`, 1, `quantifier does not follow a repeatable item`, 1},
	{`(|*)`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
	{`[]`, `missing terminating ] for character class`, 2, `missing terminating ] for character class`, 2},
	{`[^]`, `missing terminating ] for character class`, 3, `missing terminating ] for character class`, 3},
	{`[z-[:alpha:]]`, `invalid range in character class`, 3, `invalid range in character class`, 4},
	{`[[=a=]]`, `POSIX collating elements are not supported`, 1, `POSIX collating elements are not supported`, 1},
	{`[\Qa]`, `missing terminating ] for character class`, 5, `missing terminating ] for character class`, 5},
	{`[\E]`, `missing terminating ] for character class`, 4, `missing terminating ] for character class`, 4},
	{`\E*`, `nothing to repeat`, 2, `quantifier does not follow a repeatable item`, 2},
}

// TestLenient lists patterns that only one of the libraries takes; we take them.
func TestLenient(t *testing.T) {
	for _, tt := range []struct{ pattern, subject string }{
		{`\i`, "i"}, {`[\d-a]+`, "3-a"}, {`[\w-\d]+`, "a-3"}, {`[\R]`, "R"}, {`(?^i:A)`, "a"}, {`(?(VERSION>=10)a|b)`, "a"},
		{`(?=a\K)`, "a"}, {`(?<=(?:a|bc))x`, "bcx"}, {`(*ACCEPT)?`, ""}, {`(*COMMIT:name)a`, "a"}, {`(?(R1)b|a)`, "a"},
	} {
		re, err := Compile(tt.pattern, 0)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if ok, err := re.Match(tt.subject, 0, make([]int, 2*re.NumCaptures()+2), nil); !ok || err != nil {
			t.Errorf("%s on %q: %v, %v", tt.pattern, tt.subject, ok, err)
		}
	}
}
