package wire

import (
	"reflect"
	"strconv"
)

func appendList(out []byte, shape *Shape, v reflect.Value) ([]byte, error) {
	if v.Len() > shape.Max {
		return nil, malformed("a list within its limit")
	}
	out = append(out, '[')
	for i := range v.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, shape.Elem, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendInteger(out []byte, shape *Shape, v reflect.Value) ([]byte, error) {
	var n uint64
	if v.CanInt() {
		n = uint64(v.Int()) // a negative one is beyond MaxInteger
	} else {
		n = v.Uint()
	}
	if n > MaxInteger {
		return nil, malformed("an integer from 0 to 2^53 - 1")
	}
	if !shape.counts(n) {
		return nil, malformed("one of a few integers")
	}
	return strconv.AppendUint(out, n, 10), nil
}

// appendText writes a string as JavaScript's JSON.stringify does, byte for
// byte: the client compares, so as to find members that come twice.
func appendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, `\b`...)
		case '\t':
			out = append(out, `\t`...)
		case '\n':
			out = append(out, `\n`...)
		case '\f':
			out = append(out, `\f`...)
		case '\r':
			out = append(out, `\r`...)
		default:
			if c < 0x20 {
				out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				out = append(out, c)
			}
		}
	}
	return append(out, '"')
}
