package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"paravent/signaling/wire"
)

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type generation struct {
	Number uint32
	Secret unhex
}

type vector struct {
	Verdict, Name, Text string
	Link                struct {
		Origin                        string
		Secret, Moderators, Moderator unhex
		Generation                    *generation
		Masked                        bool
		Ticket                        *struct{ Secret, Ticket unhex }
		Rules                         *struct {
			Policy           string
			Passphrase, Host unhex
		}
	}
	Derived struct {
		Room, JoinKey, LeafMac, PSK, PassphraseSalt, SignatureKey, KemKey unhex
		Generation                                                        struct{ JoinKey, PSK unhex }
		Generations                                                       []generation
	}
	Proof struct{ Nonce, Person, LeafSeed, JoinSignature, GenerationSignature, ModeratorSignature unhex }
}

// cases reads a file of vectors.
func cases[V any](tb testing.TB, name string) []V {
	tb.Helper()
	b, err := os.ReadFile("../vectors/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []V }
	if err := json.Unmarshal(b, &file); err != nil {
		tb.Fatal(err)
	}
	if len(file.Cases) == 0 {
		tb.Fatal("no vectors in " + name)
	}
	return file.Cases
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func TestVectors(t *testing.T) {
	for _, v := range cases[vector](t, "link.json") {
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
	text, err := l.String(origin)
	if err != nil || origin != v.Link.Origin || text != v.Text {
		t.Errorf("not the same text again: %s", text)
	}
	room, err := l.Room()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "secret", l.Secret[:], v.Link.Secret)
	equal(t, "mh", l.Moderators[:], v.Link.Moderators)
	equal(t, "room", room.ID[:], v.Derived.Room)
	equal(t, "join key", room.Join[ed25519.SeedSize:], v.Derived.JoinKey)
	equal(t, "leaf mac", room.LeafMAC, v.Derived.LeafMac)
	equal(t, "psk", room.PSK, v.Derived.PSK)
	equal(t, "passphrase salt", room.PassphraseSalt, v.Derived.PassphraseSalt)
	p := v.Proof
	proves(t, JoinProof, room.Join, p.JoinSignature, p.Nonce, room.ID[:], p.Person, nil)
	proves(t, ModeratorProof, ed25519.NewKeyFromSeed(p.LeafSeed), p.ModeratorSignature, p.Nonce, room.ID[:], p.Person, nil)
	checkParts(t, v, l, room)
	checkModerator(t, v, l)
}

// proves checks a proof against the vector's.
func proves(t *testing.T, proof Proof, key ed25519.PrivateKey, want, nonce, room, person, other []byte) {
	t.Helper()
	signature, err := proof.Sign(key, nonce, room, person, other)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, string(proof), signature, want)
	if !proof.Verify(public(key), nonce, room, person, other, signature) {
		t.Errorf("%s: does not verify", proof)
	}
}

func checkParts(t *testing.T, v *vector, l *Link, room *Room) {
	t.Helper()
	if (l.Generation == nil) != (v.Link.Generation == nil) || (l.Ticket == nil) != (v.Link.Ticket == nil) || (l.Rules == nil) != (v.Link.Rules == nil) {
		t.Fatal("a part lost or invented")
	}
	if l.Masked != v.Link.Masked {
		t.Errorf("masked: %t", l.Masked)
	}
	if g := l.Generation; g != nil {
		equal(t, "generation", g.Secret[:], v.Link.Generation.Secret)
		join, err := g.Join()
		if err != nil {
			t.Fatal(err)
		}
		psk, err := PSK(g.Secret)
		if err != nil || g.Number != v.Link.Generation.Number {
			t.Errorf("generation %d: %v", g.Number, err)
		}
		equal(t, "join key of the generation", public(join), v.Derived.Generation.JoinKey)
		equal(t, "psk of the generation", psk, v.Derived.Generation.PSK)
		proves(t, GenerationProof, join, v.Proof.GenerationSignature, v.Proof.Nonce, room.ID[:], v.Proof.Person, nil)
	}
	if ticket := l.Ticket; ticket != nil {
		equal(t, "ticket secret", ticket.Secret[:], v.Link.Ticket.Secret)
		equal(t, "ticket", ticket.Signed, v.Link.Ticket.Ticket)
	}
	if r := l.Rules; r != nil {
		text, err := wire.EncodeStatement(r.Policy)
		if err != nil || text != v.Link.Rules.Policy {
			t.Errorf("policy %s: %v", text, err)
		}
		equal(t, "passphrase", r.Passphrase, v.Link.Rules.Passphrase)
		equal(t, "host token", r.Host, v.Link.Rules.Host)
	}
}

func checkModerator(t *testing.T, v *vector, l *Link) {
	t.Helper()
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
	equal(t, "M", l.Moderator[:], v.Link.Moderator)
	equal(t, "signature key", public(m.Signature), v.Derived.SignatureKey)
	equal(t, "kem key", m.KEM.PublicKey().Bytes(), v.Derived.KemKey)
	for _, want := range v.Derived.Generations {
		g, err := NewGeneration(*l.Moderator, want.Number)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "secret of a generation", g.Secret[:], want.Secret)
	}
}

func TestProofsAreForOneUse(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	nonce, room, person := make([]byte, NonceSize), make([]byte, HashSize), make([]byte, PersonSize)
	other := bytes.Repeat([]byte{9}, 32)
	proofs := []Proof{JoinProof, GenerationProof, PassphraseProof, ModeratorProof, TicketProof, DeviceProof}
	for _, proof := range proofs {
		var more []byte
		if proof == TicketProof || proof == DeviceProof {
			more = other
		}
		signature, err := proof.Sign(key, nonce, room, person, more)
		if err != nil {
			t.Fatal(err)
		}
		if !proof.Verify(public(key), nonce, room, person, more, signature) {
			t.Errorf("%s does not verify", proof)
		}
		for name, ok := range map[string]bool{
			"another nonce":   proof.Verify(public(key), other, room, person, more, signature),
			"a short nonce":   proof.Verify(public(key), nonce[1:], room, person, more, signature),
			"another person":  proof.Verify(public(key), nonce, room, other[:16], more, signature),
			"another room":    proof.Verify(public(key), nonce, other[:16], person, more, signature),
			"another key":     proof.Verify(other, nonce, room, person, more, signature),
			"a short key":     proof.Verify(public(key)[1:], nonce, room, person, more, signature),
			"no signature":    proof.Verify(public(key), nonce, room, person, more, nil),
			"a key too much":  proof.Verify(public(key), nonce, room, person, append(bytes.Clone(more), other...), signature),
			"another's other": more != nil && proof.Verify(public(key), nonce, room, person, nonce, signature),
		} {
			if ok {
				t.Errorf("%s, %s: verifies", proof, name)
			}
		}
		for _, another := range proofs {
			if another != proof && (another.Verify(public(key), nonce, room, person, nil, signature) ||
				another.Verify(public(key), nonce, room, person, other, signature)) {
				t.Errorf("%s passes for %s", proof, another)
			}
		}
		if _, err := proof.Sign(key, nonce[1:], room, person, more); !errors.Is(err, ErrSize) {
			t.Errorf("%s over a short nonce: %v", proof, err)
		}
	}
}

func TestRulesThatCannotBeWritten(t *testing.T) {
	l, err := New([32]byte{1}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	for name, rules := range map[string]*Rules{
		"no policy":         {},
		"a policy too long": {Policy: &wire.Policy{Unmoderated: "lock", Barred: make([][]byte, 257)}},
	} {
		l.Rules = rules
		if _, err := l.String("https://meet.example"); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestGenerationZeroIsTheLinksOwn(t *testing.T) {
	if _, err := NewGeneration([32]byte{1}, 0); !errors.Is(err, ErrSize) {
		t.Errorf("%v, want ErrSize", err)
	}
}

func FuzzLink(f *testing.F) {
	for _, v := range cases[vector](f, "link.json") {
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
		if again, err := l.String(origin); err != nil || again != text {
			t.Fatal("a second spelling of one link")
		}
	})
}

// FuzzRules reads what stands in a moderator link, without base64 before it.
func FuzzRules(f *testing.F) {
	for _, v := range cases[vector](f, "link.json") {
		if _, l, err := Parse(v.Text); err == nil && l.Rules != nil {
			b, err := l.Rules.encode()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readRules(b, [32]byte{1})
		if err != nil {
			return
		}
		if again, err := r.encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatal("a second spelling of the same rules")
		}
	})
}
