package mls

// header returns what precedes the content of an MLSMessage (section 6).
func header(format uint16) []byte { return appendU16(appendU16(nil, version10), format) }

// readMessage reads an MLSMessage of one wire format (section 6).
func readMessage[T any](b []byte, format uint16, what string, read func(*reader) T) (T, error) {
	return decode(b, what, func(r *reader) T {
		if r.u16() != version10 || r.u16() != format {
			r.fail()
		}
		return read(r)
	})
}
