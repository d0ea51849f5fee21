package regex

import (
	"slices"
	"strings"
)

// Differences from PCRE2 10.42 that we accept, with the reasons. Besides those that the functions below decide:
//
//   - PCRE2 computes too large a minimum length for a few patterns with back-references in branch resets, and finds nothing in short
//     subjects then (it does with no_start_optimize). With firstline and a pattern that begins by a newline it does not try the newline.
//     Other seeds than the fixed one can show either.
//   - \X and \p{…} follow the Unicode version of the Go release (15), PCRE2 10.42's is 14. Scripts are by Script, not Script_Extensions,
//     and by full name only. Script runs (*sr:…) are not supported.
//   - Under the CRLF conventions a search that failed at a CR goes on at the LF, where PCRE skips both.
//   - Callouts are skipped, as when no function is set.

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

// acceptedMatch returns why a match may differ, or "".
func acceptedMatch(pattern string, got, want []int) string {
	switch {
	case strings.HasPrefix(pattern, "(*"):
		return "with a leading verb the places where PCRE tries a match at all depend on its study of the pattern"
	case strings.HasPrefix(pattern, "(?=") && want == nil:
		return "PCRE2 10.42 looks for the literal after a leading lookahead as if it had to come after what that saw"
	case strings.Contains(pattern, `\R*`) && want == nil:
		return `PCRE2 10.42 takes \R and \s for disjoint, so that \R*\s never gives back`
	case strings.Contains(pattern, "(?1)") && len(got) == len(want) && slices.Equal(got[:2], want[:2]):
		return "PCRE2's interpreter can leave captures of a recursion behind; its JIT, as we, does not"
	}
	return ""
}
