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

	"paravent/e2ee/link"
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
		T, Name, Text string
		Media         *Media
		Moderator     *struct{ SignatureKey, KemKey, Signature unhex }
	}
	Seq uint64
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
		h := Hello{Name: c.Name, Media: *c.Media}
		if c.Moderator != nil {
			h.Moderator = &Claim{c.Moderator.SignatureKey, c.Moderator.KemKey, c.Moderator.Signature}
		}
		return h
	case "media":
		return *c.Media
	case "chat":
		return Chat{c.Text}
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
			seq, content, err := Open(v.Body, v.epoch(), v.receiver())
			if verdict(err) != v.Verdict || seq != v.Seq {
				t.Fatalf("want %s, got %v with number %d", v.Verdict, err, seq)
			}
			if v.Verdict != "ok" {
				return
			}
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
		if _, _, err := Open(turned, v.epoch(), v.receiver()); err == nil {
			t.Fatalf("opened with bit %d turned", bit)
		}
	}
	for size := range v.Body {
		if _, _, err := Open(v.Body[:size], v.epoch(), v.receiver()); err == nil {
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
		"a long name":            Hello{Name: strings.Repeat("x", maxName+1)},
		"a long media id":        Media{Camera: "123456789"},
		"half a claim":           Hello{Moderator: &Claim{}},
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

func TestClaimIsForOneLeaf(t *testing.T) {
	m, err := link.NewModerator([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	leafKey := ed25519.PublicKey(bytes.Repeat([]byte{3}, 32))
	group, person := [32]byte{1}, Person{2}
	c := NewClaim(m, group, person, leafKey)
	if !c.Holds(m.Hash(), group, person, leafKey) {
		t.Error("does not hold")
	}
	for name, ok := range map[string]bool{
		"another room":   c.Holds([16]byte{}, group, person, leafKey),
		"another group":  c.Holds(m.Hash(), [32]byte{}, person, leafKey),
		"another person": c.Holds(m.Hash(), group, Person{}, leafKey),
		"another leaf":   c.Holds(m.Hash(), group, person, make([]byte, 32)),
		"a short key":    c.Holds(m.Hash(), group, person, leafKey[1:]),
	} {
		if ok {
			t.Errorf("%s: holds", name)
		}
	}
}

func FuzzDataOpen(f *testing.F) {
	all := vectors(f)
	for _, v := range all {
		f.Add([]byte(v.Body), false)
		if content, err := v.receiver().unseal(v.Body, v.epoch()); err == nil {
			f.Add(content, true)
		}
	}
	v := all[0]
	f.Fuzz(func(t *testing.T, input []byte, inside bool) {
		if !inside {
			_, _, err := Open(input, v.epoch(), v.receiver())
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
