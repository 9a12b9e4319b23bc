package wire

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// side is one direction of the wire, or what is inside Signed, for tests that
// hold for all of them.
type side struct {
	folder string
	all    table
	decode func([]byte) (any, error)
	encode func(any) ([]byte, error)
}

func sides() []side {
	return []side{
		{
			"client", clientMessages,
			func(f []byte) (any, error) { return Decode(f) },
			func(m any) ([]byte, error) { return EncodeClient(m.(ClientMessage)) },
		},
		{
			"server", serverMessages,
			func(f []byte) (any, error) { return DecodeServer(f) },
			func(m any) ([]byte, error) { return Encode(m.(ServerMessage)) },
		},
		{
			"statement", statements,
			func(f []byte) (any, error) { return DecodeStatement(string(f)) },
			func(m any) ([]byte, error) {
				text, err := EncodeStatement(m.(Statement))
				return []byte(text), err
			},
		},
	}
}

// examples returns the files of a folder by name.
func examples(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	out := make(map[string][]byte)
	for _, p := range paths {
		if out[filepath.Base(p)], err = os.ReadFile(p); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestExamples(t *testing.T) {
	for _, s := range sides() {
		seen := make(map[reflect.Type]bool)
		for name, frame := range examples(t, s.folder) {
			m, err := s.decode(frame)
			if strings.HasPrefix(name, "bad-") {
				if err == nil {
					t.Errorf("%s/%s: read as %T", s.folder, name, m)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s/%s: %v", s.folder, name, err)
				continue
			}
			seen[reflect.TypeOf(m).Elem()] = true
			if again, err := s.encode(m); err != nil || !bytes.Equal(again, frame) {
				t.Errorf("%s/%s: written back as %s (%v)", s.folder, name, again, err)
			}
		}
		for _, m := range s.all.list {
			if !seen[m.typ] {
				t.Errorf("%s: no good example of %s", s.folder, m.T)
			}
		}
	}
}

func TestEveryFieldHasAFormAndALimit(t *testing.T) {
	var check func(path string, s *Shape)
	check = func(path string, s *Shape) {
		limited := s.Enum != nil || s.Kind == Object || s.Kind == Integer || s.Kind == Bool || s.Max > 0
		if s.Kind == Invalid || !limited || s.Min > s.Max {
			t.Errorf("%s: no form or no limit", path)
		}
		if s.Elem != nil {
			check(path+"[]", s.Elem)
		}
		for _, f := range s.Fields {
			if f.Name == "" || f.Name == "t" || len(s.Fields) > 64 {
				t.Errorf("%s: a field that cannot be told apart", path)
			}
			apart := f.Shape.Kind == Integer && f.Shape.Enum != nil && !f.Shape.counts(0)
			if f.Optional && f.Shape.Kind != Bytes && f.Shape.Kind != Object && !apart {
				t.Errorf("%s.%s: absent and zero would be the same", path, f.Name)
			}
			check(path+"."+f.Name, f.Shape)
		}
	}
	for _, s := range sides() {
		for _, m := range s.all.list {
			check(m.T, m.Shape)
		}
	}
}

func TestWhiteSpaceAndEscapesOfOtherWriters(t *testing.T) {
	for name, frame := range map[string]string{
		"white space": " {\t\"t\" :\n\"ready\" , \"epoch\":\r1 } ",
		"escapes":     `{"\u0074":"re\u0061dy","epoch":1}`,
	} {
		m, err := Decode([]byte(frame))
		if err != nil || !reflect.DeepEqual(m, &Ready{Epoch: 1}) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	m, err := Decode([]byte(`{"t":"answer","sdp":"\ud83d\ude00\/\u00e9"}`))
	if err != nil || m.(*Answer).SDP != "😀/é" {
		t.Errorf("surrogate pair: %v, %v", m, err)
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	person := make([]byte, PersonSize)
	for name, m := range map[string]ServerMessage{
		"nothing":          nil,
		"a nil message":    (*Pong)(nil),
		"bytes too long":   &Relayed{From: person, Body: make([]byte, 16641)},
		"bytes too short":  &Away{Person: person[1:]},
		"bytes missing":    &Away{},
		"text too long":    &Offered{SDP: strings.Repeat("x", 131073)},
		"text not UTF-8":   &Offered{SDP: "\xff"},
		"unknown word":     &Refused{Code: "because"},
		"list too long":    &Tracks{Person: person, Tracks: make([]Track, 9)},
		"negative integer": &Nominate{DeadlineMs: -1},
		"great integer":    &Rejected{Epoch: MaxInteger + 1},
		"bad list element": &Tracks{Person: person, Tracks: []Track{{Mid: "0", Kind: "smell"}}},
	} {
		frame, err := Encode(m)
		if err == nil {
			t.Errorf("%s: written as %s", name, frame)
		}
	}
	if _, err := EncodeClient(nil); err == nil {
		t.Error("nothing was written for the server")
	}
}

func TestErrorsHoldNothingOfTheFrame(t *testing.T) {
	for _, s := range sides() {
		for name, frame := range examples(t, s.folder) {
			_, err := s.decode(frame)
			var m malformed
			if err != nil && !errors.As(err, &m) {
				t.Errorf("%s/%s: %T is not one of the fixed sentences", s.folder, name, err)
			}
		}
	}
}

func TestMessageSharesNoMemoryWithItsFrame(t *testing.T) {
	frame := []byte(`{"t":"answer","sdp":"v=0"}`)
	m, err := Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frame {
		frame[i] = 'x'
	}
	if m.(*Answer).SDP != "v=0" {
		t.Fatal("the message changed with the frame")
	}
}

// FuzzDecode holds that Decode never panics, and that what it reads is written
// back to a frame that reads the same, whichever side it is of.
func FuzzDecode(f *testing.F) {
	for _, s := range sides() {
		for _, frame := range examples(f, s.folder) {
			if len(frame) < 8192 {
				f.Add(frame)
			}
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, s := range sides() {
			m, err := s.decode(frame)
			if err != nil {
				continue
			}
			again, err := s.encode(m)
			if err != nil {
				t.Fatalf("%T was read and cannot be written: %v", m, err)
			}
			n, err := s.decode(again)
			if err != nil || !reflect.DeepEqual(m, n) {
				t.Fatalf("%T reads otherwise once written: %v", m, err)
			}
		}
	})
}
