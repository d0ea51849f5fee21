package regex

import "strings"

// Differences from PCRE2 10.42 that we accept, with the reasons.

// acceptedSyntax returns why it is right that only one side takes a pattern, or "".
func acceptedSyntax(pattern, refused string, err error) string {
	switch {
	case strings.Contains(refused, `\K is not allowed in lookarounds`):
		return "PCRE 8.x and PCRE2 before 10.38 allow it"
	case strings.Contains(refused, "lookbehind assertion is not fixed length") && err == nil:
		return "we look through groups in lookbehind, as PCRE2 does from 10.43 on"
	}
	return ""
}

// acceptedError returns why we may end with an error where PCRE2 gives want, or "".
func acceptedError(err error, want []int) string {
	if err == ErrRecursionLoop && want == nil {
		return "PCRE2's checks before matching happened to spare it the endless recursion; PCRE 8.x refuses such patterns"
	}
	return ""
}

// acceptedMatch returns why a pattern's matches may differ, or "".
func acceptedMatch(pattern string) string {
	return ""
}
