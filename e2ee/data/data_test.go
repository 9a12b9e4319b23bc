package data

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type vector struct {
	Verdict, Name string
	Seal          *struct {
		Seed unhex
		Leaf uint32
		CTR  uint32
		Seq  uint64
		To   unhex
	}
	Body     unhex
	Receiver struct {
		GroupID      unhex
		Epoch        uint64
		BaseKey      unhex
		Self         unhex
		Leaf         uint32
		SignatureKey unhex
		LastSeq      uint64
	}
	Content struct {
		T, Name, Text, Emoji, Statement  string
		Media                            *Media
		Hand, Since                      uint64
		KEM, Moderator, Grant, Signature unhex
	}
	Seq   uint64
	Alone bool
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	b, err := os.ReadFile("../vectors/data.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		tb.Fatal(err)
	}
	return file.Cases
}

func (v *vector) epoch() *Epoch {
	return &Epoch{GroupID: [32]byte(v.Receiver.GroupID), Number: v.Receiver.Epoch, BaseKey: v.Receiver.BaseKey}
}

func (v *vector) receiver() *Receiver {
	r := v.Receiver
	return &Receiver{Self: Person(r.Self), Leaf: r.Leaf, Key: ed25519.PublicKey(r.SignatureKey), LastSeq: r.LastSeq}
}

func (v *vector) content() Content {
	c := v.Content
	switch c.T {
	case "hello":
		return Hello{Name: c.Name, Media: *c.Media, Hand: c.Hand, KEM: c.KEM, Grant: c.Moderator}
	case "media":
		return *c.Media
	case "chat":
		return Chat{c.Text}
	case "hand":
		return Hand{c.Since}
	case "reaction":
		return Reaction{c.Emoji}
	case "compared":
		return Compared{}
	case "speaking":
		return Speaking{}
	case "policy":
		return Policy{c.Statement, c.Grant, c.Signature}
	default:
		return nil
	}
}

func verdict(err error) string {
	for name, kind := range map[string]error{
		"malformed": ErrMalformed, "no key": ErrNoKey, "forged": ErrForged, "replayed": ErrReplayed, "unknown type": ErrUnknownType,
	} {
		if errors.Is(err, kind) {
			return name
		}
	}
	if err == nil {
		return "ok"
	}
	return err.Error()
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			m, err := Open(v.Body, v.epoch(), v.receiver())
			if m == nil {
				m = &Message{}
			}
			if verdict(err) != v.Verdict || m.Seq != v.Seq || m.Alone != v.Alone {
				t.Fatalf("want %s, got %v with number %d", v.Verdict, err, m.Seq)
			}
			if v.Verdict != "ok" {
				return
			}
			content := m.Content
			if !reflect.DeepEqual(content, v.content()) {
				t.Errorf("opened as %+v", content)
			}
			from := &Sender{Leaf: v.Seal.Leaf, Key: ed25519.NewKeyFromSeed(v.Seal.Seed), CTR: v.Seal.CTR, Seq: v.Seal.Seq}
			var to *Person
			if v.Seal.To != nil {
				person := Person(v.Seal.To)
				to = &person
			}
			body, err := Seal(content, v.epoch(), from, to)
			if err != nil || !bytes.Equal(body, v.Body) {
				t.Errorf("sealed otherwise: %v", err)
			}
		})
	}
}

func TestNoBitMayBeTurned(t *testing.T) {
	v := vectors(t)[0]
	for bit := range 8 * len(v.Body) {
		turned := bytes.Clone(v.Body)
		turned[bit/8] ^= 1 << (bit % 8)
		if _, err := Open(turned, v.epoch(), v.receiver()); err == nil {
			t.Fatalf("opened with bit %d turned", bit)
		}
	}
	for size := range v.Body {
		if _, err := Open(v.Body[:size], v.epoch(), v.receiver()); err == nil {
			t.Fatalf("opened cut to %d bytes", size)
		}
	}
}

func TestSealRefusesWhatIsBeyondALimit(t *testing.T) {
	v := vectors(t)[0]
	from := &Sender{Leaf: 3, Key: ed25519.NewKeyFromSeed(v.Seal.Seed), Seq: 1}
	for name, c := range map[string]Content{
		"an empty text":          Chat{},
		"a long text":            Chat{strings.Repeat("x", maxText+1)},
		"text that is not UTF-8": Chat{"\xff"},
		"a long name":            Hello{Name: strings.Repeat("x", maxName+1), KEM: make([]byte, 32)},
		"no KEM key":             Hello{},
		"a long media id":        Media{Camera: "123456789"},
		"half a grant":           Hello{KEM: make([]byte, 32), Grant: make([]byte, 100)},
		"a hand at 2^53":         Hand{1 << 53},
		"another emoji":          Reaction{"🙈"},
		"rules beyond a message": Policy{strings.Repeat("x", maxStatement+1), make([]byte, 216), make([]byte, 64)},
	} {
		if _, err := Seal(c, v.epoch(), from, nil); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	from.Seq = 0
	if _, err := Seal(Chat{"x"}, v.epoch(), from, nil); !errors.Is(err, ErrLimit) {
		t.Errorf("number 0: %v", err)
	}
	from.Seq, from.Leaf = 1, 1024
	if _, err := Seal(Chat{"x"}, v.epoch(), from, nil); !errors.Is(err, ErrLimit) {
		t.Errorf("leaf 1024: %v", err)
	}
}

func FuzzDataOpen(f *testing.F) {
	all := vectors(f)
	for _, v := range all {
		f.Add([]byte(v.Body), false)
		if content, _, err := v.receiver().unseal(v.Body, v.epoch()); err == nil {
			f.Add(content, true)
		}
	}
	v := all[0]
	f.Fuzz(func(t *testing.T, input []byte, inside bool) {
		if !inside {
			_, err := Open(input, v.epoch(), v.receiver())
			if verdict(err) == "ok" && !slices.ContainsFunc(all, func(v vector) bool { return bytes.Equal(v.Body, input) }) {
				t.Fatal("opened a message that nobody sealed")
			}
			return
		}
		seq, content, err := decode(input)
		if err != nil || content == nil {
			return
		}
		again, err := encode(content, seq)
		if err != nil || !bytes.Equal(again, input) {
			t.Fatal("a second spelling of one content")
		}
	})
}
