package wire

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

func (*Knock) client()     {}
func (*Act) client()       {}
func (*Join) client()      {}
func (*Resume) client()    {}
func (*Ready) client()     {}
func (*Commit) client()    {}
func (*Resync) client()    {}
func (*Data) client()      {}
func (*Publish) client()   {}
func (*Subscribe) client() {}
func (*Answer) client()    {}
func (*Watch) client()     {}
func (*Leave) client()     {}
func (*Ping) client()      {}

func (*Challenge) server() {}
func (*Refused) server()   {}
func (*Waiting) server()   {}
func (*Joined) server()    {}
func (*Resumed) server()   {}
func (*Arrived) server()   {}
func (*Away) server()      {}
func (*Back) server()      {}
func (*Left) server()      {}
func (*Nominate) server()  {}
func (*Committed) server() {}
func (*Rejected) server()  {}
func (*Welcome) server()   {}
func (*Regroup) server()   {}
func (*Relayed) server()   {}
func (*Published) server() {}
func (*Offered) server()   {}
func (*Tracks) server()    {}
func (*Shown) server()     {}
func (*Wanted) server()    {}
func (*Lost) server()      {}
func (*Pong) server()      {}
func (*Knocked) server()   {}
func (*Unknocked) server() {}
func (*Acted) server()     {}
func (*Moderated) server() {}
func (*Over) server()      {}
func (*Warned) server()    {}

func (*Policy) statement()  {}
func (*Admit) statement()   {}
func (*Deny) statement()    {}
func (*Note) statement()    {}
func (*Remove) statement()  {}
func (*Stop) statement()    {}
func (*Appoint) statement() {}
func (*End) statement()     {}

// Decode reads one frame of a browser. It refuses everything that is not
// exactly a message of wire.go: an unknown type or field, a field that is
// missing, double, null, of the wrong type or beyond its limit, anything after
// the object, invalid UTF-8. The error never holds any of the frame, and the
// message shares no memory with it. Safe for concurrent use.
func Decode(frame []byte) (ClientMessage, error) { return decode[ClientMessage](clientMessages, frame) }

// DecodeServer is Decode for a client: it reads one frame of the server.
func DecodeServer(frame []byte) (ServerMessage, error) {
	return decode[ServerMessage](serverMessages, frame)
}

// Encode writes a message to a browser as one frame. It fails when a field
// is beyond its limit. Safe for concurrent use.
func Encode(m ServerMessage) ([]byte, error) { return encode(serverMessages, m) }

// EncodeClient is Encode for a client: it writes a message to the server.
func EncodeClient(m ClientMessage) ([]byte, error) { return encode(clientMessages, m) }

// DecodeStatement is Decode for what is inside Signed.
func DecodeStatement(text string) (Statement, error) {
	return decode[Statement](statements, []byte(text))
}

// EncodeStatement writes what is to be signed.
func EncodeStatement(s Statement) (string, error) {
	text, err := encode(statements, s)
	return string(text), err
}

func decode[M any](t table, frame []byte) (M, error) {
	var none M
	if !utf8.Valid(frame) {
		return none, malformed("UTF-8")
	}
	s := &scanner{in: frame}
	s.want('{')
	if key := s.text(); string(key) != "t" {
		s.fail("t before all other members")
	}
	s.want(':')
	m := t.byName[string(s.text())]
	if m == nil {
		s.fail("a type that this side may send")
		return none, s.err
	}
	v := reflect.New(m.typ)
	s.members(m.Shape, v.Elem(), s.take(','))
	if s.peek(); s.err == nil && s.at != len(s.in) {
		s.fail("one object and no more")
	}
	if s.err != nil {
		return none, s.err
	}
	out, _ := reflect.TypeAssert[M](v)
	return out, nil
}

// value reads a value of the given shape into v.
func (s *scanner) value(shape *Shape, v reflect.Value) {
	switch shape.Kind {
	case Object:
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		s.want('{')
		s.members(shape, v, s.peek() == '"')
	case Bytes:
		v.SetBytes(s.bytes(shape))
	case Text:
		text := s.text()
		if !shape.fits(text) {
			s.fail("text within its limit")
		}
		v.SetString(string(text))
	case Integer:
		n := s.integer()
		if !shape.counts(n) {
			s.fail("one of a few integers")
		}
		if v.CanInt() {
			v.SetInt(int64(n))
		} else {
			v.SetUint(n)
		}
	case Bool:
		yes := s.word("true")
		if !yes && !s.word("false") {
			s.fail("true or false")
		}
		v.SetBool(yes)
	case List:
		s.list(shape, v)
	case Invalid:
		s.fail("a value with a form")
	}
}

// members reads the members of an object, of which the first may have been
// read, and its closing brace. More says that a member comes next.
func (s *scanner) members(shape *Shape, v reflect.Value, more bool) {
	var seen uint64 // one bit a field; no message has more than 64
	for more && s.err == nil {
		key := s.text()
		i := slices.IndexFunc(shape.Fields, func(f Field) bool { return f.Name == string(key) })
		if i < 0 || seen&(1<<i) != 0 {
			s.fail("known members, each once")
			return
		}
		seen |= 1 << i
		s.want(':')
		s.value(shape.Fields[i].Shape, v.Field(shape.Fields[i].index))
		more = s.take(',')
	}
	s.want('}')
	for i, f := range shape.Fields {
		if !f.Optional && seen&(1<<i) == 0 {
			s.fail("every member")
		}
	}
}

func (s *scanner) list(shape *Shape, v reflect.Value) {
	s.want('[')
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	if s.take(']') {
		return
	}
	for n := 0; s.err == nil; n++ {
		if n == shape.Max {
			s.fail("a list within its limit")
			return
		}
		v.Grow(1)
		v.SetLen(n + 1)
		s.value(shape.Elem, v.Index(n))
		if !s.take(',') {
			break
		}
	}
	s.want(']')
}

// bytes reads base64url without padding. Go's decoder skips line breaks, and
// bits after the last byte are its Strict's business.
func (s *scanner) bytes(shape *Shape) []byte {
	text := s.text()
	n := base64.RawURLEncoding.DecodedLen(len(text))
	if s.err != nil || n < shape.Min || n > shape.Max || bytes.ContainsAny(text, "\r\n") {
		s.fail("bytes within their limits")
		return nil
	}
	out := make([]byte, n)
	if _, err := base64.RawURLEncoding.Strict().Decode(out, text); err != nil {
		s.fail("base64url without padding")
	}
	return out
}

// fits says whether a text keeps to its limits.
func (s *Shape) fits(text []byte) bool {
	if s.Enum != nil {
		return slices.Contains(s.Enum, string(text))
	}
	return len(text) <= s.Max
}

// counts says whether an integer is one that may be said.
func (s *Shape) counts(n uint64) bool {
	return s.Enum == nil || slices.Contains(s.Enum, strconv.FormatUint(n, 10))
}

func encode(t table, m any) ([]byte, error) {
	v := reflect.ValueOf(m)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, malformed("a message")
	}
	message := t.byType[v.Type().Elem()]
	if message == nil {
		return nil, malformed("a message of this side")
	}
	out := append(make([]byte, 0, 256), `{"t":"`...)
	out = append(append(out, message.T...), '"')
	return appendMembers(out, message.Shape, v.Elem())
}

// appendMembers writes the members that follow at least one other, and the
// closing brace.
func appendMembers(out []byte, shape *Shape, v reflect.Value) ([]byte, error) {
	var err error
	for _, f := range shape.Fields {
		member := v.Field(f.index)
		if f.Optional && (member.Kind() == reflect.Pointer && member.IsNil() ||
			member.Kind() == reflect.Slice && member.Len() == 0 || member.CanInt() && member.IsZero()) {
			continue
		}
		if out[len(out)-1] != '{' {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), f.Name...), `":`...)
		if out, err = appendValue(out, f.Shape, member); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendValue(out []byte, shape *Shape, v reflect.Value) ([]byte, error) {
	switch shape.Kind {
	case Object:
		return appendMembers(append(out, '{'), shape, reflect.Indirect(v))
	case Bytes:
		if v.Len() < shape.Min || v.Len() > shape.Max {
			return nil, malformed("bytes within their limits")
		}
		out = base64.RawURLEncoding.AppendEncode(append(out, '"'), v.Bytes())
		return append(out, '"'), nil
	case Text:
		text := v.String()
		if !shape.fits([]byte(text)) || !utf8.ValidString(text) {
			return nil, malformed("UTF-8 within its limit")
		}
		return appendText(out, text), nil
	case Integer:
		return appendInteger(out, shape, v)
	case Bool:
		if v.Bool() {
			return append(out, "true"...), nil
		}
		return append(out, "false"...), nil
	case List:
		return appendList(out, shape, v)
	case Invalid:
	}
	return nil, malformed("a value with a form")
}
