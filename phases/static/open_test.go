package static

import (
	"testing"
)

// TestOpenEndsAtZero: a zero byte, which only a script can put into a path, ends it.
func TestOpenEndsAtZero(t *testing.T) {
	f, st, err := open(t.TempDir() + "/\x00none")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !st.IsDir() {
		t.Errorf("%v is no directory", st.Name())
	}
}
