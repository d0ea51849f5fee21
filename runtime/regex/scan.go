package regex

import (
	"strings"
	"unicode/utf8"
)

// one returns the length of the character at pos if it is one of the instruction's, else 0.
func (in *inst) one(s string, pos int) int {
	if pos >= len(s) {
		return 0
	}
	c := s[pos]
	if in.op != opSetUTF && in.scan < scanAllUTF {
		if in.set[c] {
			return 1
		}
		return 0
	}
	if c < utf8.RuneSelf {
		if in.set[c] {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(s[pos:])
	if in.uset.hasHigh(r) {
		return n
	}
	return 0
}

// step returns the offset after n characters from pos, or -1.
func (in *inst) step(s string, pos, n int) int {
	for ; n > 0; n-- {
		l := in.one(s, pos)
		if l == 0 {
			return -1
		}
		pos += l
	}
	return pos
}

// scanAhead takes as many characters as the loop may. It returns the offset after the least number and that after all, or -1.
func (in *inst) scanAhead(s string, pos int) (least, end int) {
	least = pos
	stop := len(s)
	if in.scan < scanAllUTF {
		least += int(in.min)
		if least > len(s) {
			return -1, 0
		}
		if in.max >= 0 && int(in.max) < stop-pos {
			stop = pos + int(in.max)
		}
		switch in.scan {
		case scanAll:
			return least, stop
		case scanNotC:
			// A short look first: a call costs more than a few bytes.
			end = pos
			for end < stop && end < pos+16 {
				if s[end] == in.c {
					stop = end
					break
				}
				end++
			}
			if end < stop {
				if i := strings.IndexByte(s[end:stop], in.c); i >= 0 {
					end += i
				} else {
					end = stop
				}
			}
		default:
			set := in.set
			end = pos
			for end < stop && set[s[end]] {
				end++
			}
		}
		if end < least {
			return -1, 0
		}
		return least, end
	}
	if in.min > 0 {
		if least = in.step(s, pos, int(in.min)); least < 0 {
			return -1, 0
		}
	}
	end = least
	if in.max >= 0 {
		for left := in.max - in.min; left > 0; left-- {
			n := in.one(s, end)
			if n == 0 {
				break
			}
			end += n
		}
		return least, end
	}
	switch in.scan {
	case scanAllUTF:
		end = len(s)
	case scanHigh:
		if in.c2 != 0 && len(s)-end > 32 {
			if i := strings.IndexByte(s[end:], in.c); i >= 0 {
				return least, end + i
			}
			return least, len(s)
		}
		set := in.set
		for end < len(s) && (s[end] >= utf8.RuneSelf || set[s[end]]) {
			end++
		}
	default:
		set := in.set
		for end < len(s) {
			if c := s[end]; c < utf8.RuneSelf {
				if !set[c] {
					break
				}
				end++
				continue
			}
			r, n := utf8.DecodeRuneInString(s[end:])
			if !in.uset.hasHigh(r) {
				break
			}
			end += n
		}
	}
	return least, end
}

// viable tells whether what follows the loop can begin at pos.
func (in *inst) viable(s string, pos int) bool {
	if pos == len(s) {
		return in.tab[256] != 0
	}
	return in.tab[s[pos]] != 0
}

// lastViable returns the last place from end back to least where what follows the loop can begin, or -1.
func (in *inst) lastViable(s string, least, end int, utf bool) int {
	tab := in.tab
	if end == len(s) {
		if tab[256] != 0 {
			return end
		}
		end--
	}
	multi := utf && in.scan >= scanAllUTF
	for end >= least {
		if c := s[end]; tab[c] != 0 && !(multi && c&0xc0 == 0x80) {
			return end
		}
		end--
	}
	return -1
}
