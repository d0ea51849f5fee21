package phases

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Errno prints the system's error inside err as nginx does: "(2: No such file or directory)".
func Errno(err error) string {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return "(" + err.Error() + ")"
	}
	text := no.Error()
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return fmt.Sprintf("(%d: %s)", int(no), text)
}
