package wire

import "unicode/utf8"

// malformed says what was wanted of a message. It never holds any of it.
type malformed string

func (m malformed) Error() string { return "wire: want " + string(m) }

// scanner reads JSON (RFC 8259) from a frame that is valid UTF-8. The first
// fault stays; after it nothing is read any more. Not safe for concurrent use.
type scanner struct {
	in  []byte
	at  int
	err error
}

func (s *scanner) fail(want string) {
	if s.err == nil {
		s.err = malformed(want)
	}
	s.at = len(s.in)
}

// peek returns the next byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.in); s.at++ {
		switch c := s.in[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take consumes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// want consumes c, which must come next.
func (s *scanner) want(c byte) {
	if !s.take(c) {
		s.fail("JSON punctuation")
	}
}

// word consumes a literal name if it comes next.
func (s *scanner) word(w string) bool {
	s.peek()
	if len(s.in)-s.at < len(w) || string(s.in[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// integer reads a number without sign, fraction, exponent or leading zero, up
// to MaxInteger.
func (s *scanner) integer() uint64 {
	s.peek()
	start := s.at
	var n uint64
	for ; s.at < len(s.in) && s.in[s.at] >= '0' && s.in[s.at] <= '9'; s.at++ {
		n = n*10 + uint64(s.in[s.at]-'0')
		if n > MaxInteger {
			s.fail("an integer below 2^53")
			return 0
		}
	}
	if s.at == start || s.in[start] == '0' && s.at > start+1 {
		s.fail("an integer")
		return 0
	}
	return n // what cannot follow a number is refused by the next want
}

// text reads a string. The result may be part of the frame: it is to be
// copied, not kept.
func (s *scanner) text() []byte {
	s.want('"')
	start := s.at
	for ; s.at < len(s.in); s.at++ {
		switch c := s.in[s.at]; {
		case c == '"':
			s.at++
			return s.in[start : s.at-1]
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			s.fail("no control character in text")
			return nil
		}
	}
	s.fail("the end of a text")
	return nil
}

// escaped goes on with a text that has a backslash at s.at.
func (s *scanner) escaped(start int) []byte {
	out := append([]byte(nil), s.in[start:s.at]...)
	for s.at < len(s.in) {
		c := s.in[s.at]
		s.at++
		switch {
		case c == '"':
			return out
		case c == '\\':
			out = s.escape(out)
		case c < 0x20:
			s.fail("no control character in text")
		default:
			out = append(out, c)
		}
	}
	s.fail("the end of a text")
	return nil
}

// escape appends the character whose escape follows the backslash before s.at.
func (s *scanner) escape(out []byte) []byte {
	if s.at == len(s.in) {
		return out
	}
	c := s.in[s.at]
	s.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		return utf8.AppendRune(out, s.unicode())
	}
	s.fail("a JSON escape")
	return out
}

// unicode reads the four digits after \u, and a second such escape where the
// first is half of a pair (RFC 8259, section 7).
func (s *scanner) unicode() rune {
	high := s.hex4()
	if high < 0xd800 || high > 0xdfff {
		return high
	}
	if high > 0xdbff || len(s.in)-s.at < 2 || s.in[s.at] != '\\' || s.in[s.at+1] != 'u' {
		s.fail("whole surrogate pairs")
		return 0
	}
	s.at += 2
	low := s.hex4()
	if low < 0xdc00 || low > 0xdfff {
		s.fail("whole surrogate pairs")
		return 0
	}
	return 0x10000 + (high-0xd800)<<10 + (low - 0xdc00)
}

func (s *scanner) hex4() rune {
	if len(s.in)-s.at < 4 {
		s.fail("four hexadecimal digits")
		return 0
	}
	var r rune
	for _, c := range s.in[s.at : s.at+4] {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			r |= rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			r |= rune(c-'A') + 10
		default:
			s.fail("four hexadecimal digits")
			return 0
		}
	}
	s.at += 4
	return r
}
