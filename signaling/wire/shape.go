package wire

import (
	"reflect"
	"strconv"
	"strings"
)

// Kind is what a value looks like in JSON.
type Kind int

// The kinds of values.
const (
	Invalid Kind = iota // nothing fits: a field of wire.go that has no form on the wire
	Object
	Bytes   // base64url text, Min to Max bytes once decoded
	Text    // UTF-8, at most Max bytes, or one of Enum
	Integer // 0 to MaxInteger, or one of Enum
	Bool
	List // at most Max of Elem
)

// MaxInteger is the greatest integer on the wire: the greatest that
// JavaScript's numbers hold exactly, with its neighbours (2^53 - 1).
const MaxInteger = 1<<53 - 1

// Shape describes a value, as the tags in wire.go say. It is not to be changed.
type Shape struct {
	Kind     Kind
	Name     string // of an Object: its Go type
	Min, Max int
	Enum     []string
	Fields   []Field
	Elem     *Shape
}

// Field is one member of an Object.
type Field struct {
	Name     string
	Optional bool
	Shape    *Shape
	index    int
}

// Message is one message type: its name "t" and its fields.
type Message struct {
	T     string
	Shape *Shape
	typ   reflect.Type
}

// clientMessages is the first direction, in the order of wire.go.
var clientMessages = messages( //nolint:gochecknoglobals // immutable table
	(*Join)(nil), (*Resume)(nil), (*Ready)(nil), (*Commit)(nil), (*Resync)(nil), (*Data)(nil), (*Publish)(nil),
	(*Subscribe)(nil), (*Answer)(nil), (*Watch)(nil), (*Knock)(nil), (*Act)(nil), (*Leave)(nil), (*Ping)(nil),
)

// serverMessages is the other direction.
var serverMessages = messages( //nolint:gochecknoglobals // immutable table
	(*Challenge)(nil), (*Refused)(nil), (*Waiting)(nil), (*Joined)(nil), (*Resumed)(nil), (*Arrived)(nil),
	(*Away)(nil), (*Back)(nil), (*Left)(nil), (*Nominate)(nil), (*Committed)(nil), (*Rejected)(nil), (*Welcome)(nil),
	(*Regroup)(nil), (*Relayed)(nil), (*Published)(nil), (*Offered)(nil), (*Tracks)(nil), (*Shown)(nil), (*Wanted)(nil), (*Lost)(nil),
	(*Knocked)(nil), (*Unknocked)(nil), (*Acted)(nil), (*Moderated)(nil), (*Over)(nil), (*Warned)(nil), (*Pong)(nil),
)

// statements are what moderators sign, in the order of wire.go.
var statements = messages( //nolint:gochecknoglobals // immutable table
	(*Policy)(nil), (*Admit)(nil), (*Deny)(nil), (*Note)(nil), (*Remove)(nil), (*Stop)(nil), (*Appoint)(nil), (*End)(nil),
)

// ClientMessages returns every message a browser may send.
func ClientMessages() []Message { return clientMessages.list }

// ServerMessages returns every message the server may send.
func ServerMessages() []Message { return serverMessages.list }

// Statements returns everything a moderator may sign.
func Statements() []Message { return statements.list }

// table finds a direction's messages by name and by Go type.
type table struct {
	list   []Message
	byName map[string]*Message
	byType map[reflect.Type]*Message
}

func messages(examples ...any) table {
	t := table{
		list:   make([]Message, len(examples)),
		byName: make(map[string]*Message),
		byType: make(map[reflect.Type]*Message),
	}
	for i, example := range examples {
		typ := reflect.TypeOf(example).Elem()
		name := typ.Name()
		t.list[i] = Message{T: strings.ToLower(name[:1]) + name[1:], Shape: shapeOf(typ, ""), typ: typ}
		t.byName[t.list[i].T] = &t.list[i]
		t.byType[typ] = &t.list[i]
	}
	return t
}

// shapeOf reads a type and the tag of the field that has it.
func shapeOf(t reflect.Type, tag reflect.StructTag) *Shape {
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem(), tag)
	case reflect.Struct:
		return object(t)
	case reflect.String:
		return &Shape{Kind: Text, Max: number(tag, "max"), Enum: enum(tag)}
	case reflect.Uint64, reflect.Int:
		return &Shape{Kind: Integer, Enum: enum(tag)}
	case reflect.Bool:
		return &Shape{Kind: Bool}
	case reflect.Slice:
		return sliceShape(t, tag)
	default:
		return &Shape{}
	}
}

func sliceShape(t reflect.Type, tag reflect.StructTag) *Shape {
	if t.Elem().Kind() != reflect.Uint8 {
		elem := reflect.StructTag(`len:"` + tag.Get("len") + `"`)
		return &Shape{Kind: List, Max: number(tag, "max"), Elem: shapeOf(t.Elem(), elem)}
	}
	if n := number(tag, "len"); n > 0 {
		return &Shape{Kind: Bytes, Min: n, Max: n}
	}
	return &Shape{Kind: Bytes, Min: 1, Max: number(tag, "max")}
}

func object(t reflect.Type) *Shape {
	s := &Shape{Kind: Object, Name: t.Name()}
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		s.Fields = append(s.Fields, Field{
			Name: name, Optional: option == "omitempty", Shape: shapeOf(f.Type, f.Tag), index: i,
		})
	}
	return s
}

// enum returns the only values that a tag allows; nil: it does not say.
func enum(tag reflect.StructTag) []string {
	if all, ok := tag.Lookup("enum"); ok {
		return strings.Split(all, ",")
	}
	return nil
}

// number returns the tag's value, or 0: nothing fits then, and a test says so.
func number(tag reflect.StructTag, key string) int {
	n, err := strconv.Atoi(tag.Get(key))
	if err != nil {
		return 0
	}
	return n
}
