package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type vector struct {
	Verdict, Name, Text string
	Link                struct {
		Origin                        string
		Secret, Moderators, Moderator unhex
	}
	Derived struct{ Room, JoinKey, LeafMac, PSK, SignatureKey, KemKey unhex }
	Proof   struct{ Nonce, Person, JoinSignature, ModeratorSignature unhex }
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	b, err := os.ReadFile("../vectors/link.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		tb.Fatal(err)
	}
	return file.Cases
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			origin, l, err := Parse(v.Text)
			switch {
			case v.Verdict == "ok" && err == nil:
				check(t, &v, origin, l)
			case v.Verdict == "bad link" && errors.Is(err, ErrLink):
			default:
				t.Fatalf("want %s, got error %v", v.Verdict, err)
			}
		})
	}
}

func check(t *testing.T, v *vector, origin string, l *Link) {
	t.Helper()
	equal := func(what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", what, got, want)
		}
	}
	if origin != v.Link.Origin || l.String(origin) != v.Text {
		t.Errorf("not the same text again: %s", l.String(origin))
	}
	room, err := l.Room()
	if err != nil {
		t.Fatal(err)
	}
	equal("secret", l.Secret[:], v.Link.Secret)
	equal("mh", l.Moderators[:], v.Link.Moderators)
	equal("room", room.ID[:], v.Derived.Room)
	equal("join key", room.Join[ed25519.SeedSize:], v.Derived.JoinKey)
	equal("leaf mac", room.LeafMAC, v.Derived.LeafMac)
	equal("psk", room.PSK, v.Derived.PSK)
	p := v.Proof
	signature, err := room.ProveJoin(p.Nonce, p.Person)
	if err != nil {
		t.Fatal(err)
	}
	equal("join proof", signature, p.JoinSignature)
	if !VerifyJoin(v.Derived.JoinKey, v.Link.Moderators, p.Nonce, v.Derived.Room, p.Person, signature) {
		t.Error("join proof does not verify")
	}
	if (l.Moderator == nil) != (v.Link.Moderator == nil) {
		t.Fatal("moderator part lost or invented")
	}
	if l.Moderator == nil {
		return
	}
	m, err := NewModerator(*l.Moderator)
	if err != nil {
		t.Fatal(err)
	}
	equal("M", l.Moderator[:], v.Link.Moderator)
	equal("signature key", m.Signature[ed25519.SeedSize:], v.Derived.SignatureKey)
	equal("kem key", m.KEM.PublicKey().Bytes(), v.Derived.KemKey)
	signature, err = m.Prove(p.Nonce, room.ID[:], p.Person)
	if err != nil {
		t.Fatal(err)
	}
	equal("moderator proof", signature, p.ModeratorSignature)
	if !VerifyModerator(v.Derived.SignatureKey, v.Derived.KemKey, v.Link.Moderators, p.Nonce, room.ID[:], p.Person, signature) {
		t.Error("moderator proof does not verify")
	}
}

func TestProofsAreForOneUse(t *testing.T) {
	l, err := New([32]byte{1}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	room, err := l.Room()
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModerator(*l.Moderator)
	if err != nil {
		t.Fatal(err)
	}
	nonce, person := make([]byte, NonceSize), make([]byte, PersonSize)
	signature, err := room.ProveJoin(nonce, person)
	if err != nil {
		t.Fatal(err)
	}
	moderator, err := m.Prove(nonce, room.ID[:], person)
	if err != nil {
		t.Fatal(err)
	}
	joinKey, mh := room.Join[ed25519.SeedSize:], l.Moderators[:]
	other := bytes.Repeat([]byte{9}, 32)
	for name, ok := range map[string]bool{
		"another nonce":       VerifyJoin(joinKey, mh, other, room.ID[:], person, signature),
		"a short nonce":       VerifyJoin(joinKey, mh, nonce[1:], room.ID[:], person, signature),
		"another person":      VerifyJoin(joinKey, mh, nonce, room.ID[:], other[:16], signature),
		"another room":        VerifyJoin(joinKey, mh, nonce, other[:16], person, signature),
		"another mh":          VerifyJoin(joinKey, other[:16], nonce, room.ID[:], person, signature),
		"another join key":    VerifyJoin(other, mh, nonce, room.ID[:], person, signature),
		"a short join key":    VerifyJoin(joinKey[1:], mh, nonce, room.ID[:], person, signature),
		"no signature":        VerifyJoin(joinKey, mh, nonce, room.ID[:], person, nil),
		"the moderator proof": VerifyJoin(joinKey, mh, nonce, room.ID[:], person, moderator),
		"the join proof as moderator's": VerifyModerator(m.Signature[ed25519.SeedSize:], m.KEM.PublicKey().Bytes(), mh, nonce, room.ID[:], person,
			signature),
		"another kem key": VerifyModerator(m.Signature[ed25519.SeedSize:], other, mh, nonce, room.ID[:], person, moderator),
	} {
		if ok {
			t.Errorf("%s: verifies", name)
		}
	}
	if _, err := room.ProveJoin(nonce[1:], person); !errors.Is(err, ErrSize) {
		t.Errorf("short nonce: %v", err)
	}
}

func FuzzLink(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origin, l, err := Parse(text)
		if err != nil {
			if origin != "" || l != nil {
				t.Fatal("a value beside the error")
			}
			return
		}
		if l.String(origin) != text {
			t.Fatal("a second spelling of one link")
		}
	})
}
