package description

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// borrowed counts the strings in v that lie in text.
func borrowed(v reflect.Value, text string) (n int) {
	switch v.Kind() { //nolint:exhaustive // the others hold no strings
	case reflect.String:
		begin := uintptr(unsafe.Pointer(unsafe.StringData(text)))
		at := uintptr(unsafe.Pointer(unsafe.StringData(v.String())))
		if v.Len() > 0 && at >= begin && at < begin+uintptr(len(text)) {
			n++
		}
	case reflect.Pointer:
		if !v.IsNil() {
			n += borrowed(v.Elem(), text)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			n += borrowed(field, text)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			n += borrowed(v.Index(i), text)
		}
	}
	return n
}

// TestTextIsNotKept: what was read stays for as long as a connection, the text
// does not.
func TestTextIsNotKept(t *testing.T) {
	for name, text := range map[string]string{"plain": offer, "simulcast": simulcast.Replace(offer)} {
		text = strings.Clone(text)
		o, err := ReadOffer(text)
		if err != nil {
			t.Fatal(err)
		}
		if n := borrowed(reflect.ValueOf(o), text); n != 0 || o.Sections[0].Mid == "" || o.Ufrag == "" {
			t.Errorf("%s: %d strings are parts of the text", name, n)
		}
	}
	text := strings.Clone(answer)
	_, slots := NewOffer(local(), 1, 1, counter(7))
	a, err := ReadAnswer(text, slots)
	if err != nil {
		t.Fatal(err)
	}
	if n := borrowed(reflect.ValueOf(a), text); n != 0 || a.Ufrag == "" {
		t.Errorf("answer: %d strings are parts of the text", n)
	}
	if borrowed(reflect.ValueOf(text[3:9]), text) != 1 {
		t.Error("parts are not found")
	}
}
