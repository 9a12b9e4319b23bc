package mls

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// ownVectors is e2ee/vectors/mls.json, as the first implementation has written
// it: one member's stay.
type ownVectors struct {
	Link struct {
		Secret unhex
	}
	SignaturePrivate unhex
	KeyPackage       unhex
	InitPrivate      unhex
	LeafPrivate      unhex
	Welcome          unhex
	Joined           agreed
	Steps            []struct {
		Verdict, Name string
		Commit        unhex
		agreed
	}
}

type agreed struct {
	Epoch         uint64
	Authenticator unhex
	BaseKey       unhex
	Members       [][2]any // leaf, member_id in hex
}

func readOwn(tb testing.TB) *ownVectors {
	tb.Helper()
	b, err := os.ReadFile("../vectors/mls.json")
	if err != nil {
		tb.Fatal(err)
	}
	v := &ownVectors{}
	if err := json.Unmarshal(b, v); err != nil {
		tb.Fatal(err)
	}
	return v
}

// own returns the KeyPackage that the Welcome is for.
func (v *ownVectors) own() *Own {
	return &Own{
		pub:    must(readMessage(v.KeyPackage, formatKeyPackage, "", (*reader).keyPackage)),
		signer: ed25519.NewKeyFromSeed(v.SignaturePrivate),
		init:   bytes.Clone(v.InitPrivate),
		leaf:   bytes.Clone(v.LeafPrivate),
	}
}

func (a *agreed) check(t *testing.T, g *Group) {
	t.Helper()
	if g.Epoch() != a.Epoch {
		t.Errorf("epoch %d, want %d", g.Epoch(), a.Epoch)
	}
	same(t, "authenticator", g.Authenticator(), a.Authenticator)
	same(t, "base key", must(g.Export("SFrame 1.0 Base Key", nil, 32)), a.BaseKey)
	members := g.Members()
	if len(members) != len(a.Members) {
		t.Fatalf("%d members, want %d", len(members), len(a.Members))
	}
	for i, m := range members {
		var id unhex
		if err := id.UnmarshalText([]byte(a.Members[i][1].(string))); err != nil {
			t.Fatal(err)
		}
		if float64(m.Index) != a.Members[i][0] {
			t.Errorf("leaf %d, want %v", m.Index, a.Members[i][0])
		}
		same(t, "member", m.Identity[1:17], id)
	}
}

// TestOwnVectors goes through the stay. What the profile alone refuses
// (package group tests that) must not look like any other commit here.
func TestOwnVectors(t *testing.T) {
	v := readOwn(t)
	psk := func(secret []byte) Lookup { return func([]byte) []byte { return secret } }
	secret := pskOfLink(v.Link.Secret)
	w := must(OpenWelcome(v.Welcome, []*Own{v.own()}))
	if _, err := w.Join(psk(make([]byte, 32))); !errors.Is(err, ErrInvalid) {
		t.Error("joins without the link: ", err)
	}
	if _, err := w.Join(psk(nil)); !errors.Is(err, ErrInvalid) {
		t.Error("joins without a psk: ", err)
	}
	g := must(w.Join(psk(secret)))
	v.Joined.check(t, g)
	kinds := map[string]error{"malformed": ErrMalformed, "invalid": ErrInvalid, "epoch": ErrEpoch, "removed": ErrRemoved}
	for _, s := range v.Steps {
		t.Run(s.Verdict+"/"+s.Name, func(t *testing.T) {
			c, err := ReadCommit(s.Commit)
			if err == nil {
				same(t, "the commit encoded again", c.message.append(header(formatPublic)), s.Commit)
			}
			if s.Verdict == "profile" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var next *Group
			if err == nil {
				next, err = g.Process(c, psk(secret))
			}
			if s.Verdict != "ok" {
				if !errors.Is(err, kinds[s.Verdict]) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s.check(t, next)
			g = next
		})
	}
}

// pskOfLink returns psk[0] (PROTOCOL.md, "Link").
func pskOfLink(secret []byte) []byte {
	prk := extract([]byte("paravent v1"), secret)
	return mac(prk, []byte("mls psk\x01")) // the first block of HKDF-Expand
}

func TestOneSpellingOnly(t *testing.T) {
	v := readOwn(t)
	for _, b := range [][]byte{v.KeyPackage, v.Welcome, v.Steps[0].Commit} {
		// The shortest length of a vector, written in one byte more.
		for i := 4; i < 40; i++ {
			longer := append(bytes.Clone(b[:i]), append([]byte{0x40, b[i]}, b[i+1:]...)...)
			if b[i]>>6 == 0 && readsAtAll(longer) {
				t.Fatalf("a second spelling at %d", i)
			}
		}
		if readsAtAll(append(bytes.Clone(b), 0)) || readsAtAll(b[:len(b)-1]) {
			t.Error("bytes after the end, or too few")
		}
	}
}

func readsAtAll(b []byte) bool {
	_, kp := readMessage(b, formatKeyPackage, "", (*reader).keyPackage)
	_, w := readMessage(b, formatWelcome, "", (*reader).welcome)
	_, c := ReadCommit(b)
	return kp == nil || w == nil || c == nil
}

// Decoders take anything, and what they take has one encoding.
func fuzzMessage[T interface{ append(b []byte) []byte }](f *testing.F, format uint16, read func(*reader) T) {
	f.Helper()
	v := readOwn(f)
	f.Add([]byte(v.KeyPackage))
	f.Add([]byte(v.Welcome))
	for _, s := range v.Steps {
		f.Add([]byte(s.Commit))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readMessage(b, format, "", read)
		if err == nil && !bytes.Equal(m.append(header(format)), b) {
			t.Fatal("a second encoding")
		}
	})
}

func FuzzPublicMessage(f *testing.F)  { fuzzMessage(f, formatPublic, (*reader).publicMessage) }
func FuzzWelcomeMessage(f *testing.F) { fuzzMessage(f, formatWelcome, (*reader).welcome) }
func FuzzKeyPackage(f *testing.F)     { fuzzMessage(f, formatKeyPackage, (*reader).keyPackage) }

// FuzzTree checks besides that no tree, however wrong, is more than refused.
func FuzzTree(f *testing.F) {
	v := readOwn(f)
	w := must(OpenWelcome(v.Welcome, []*Own{v.own()}))
	g := must(w.Join(func([]byte) []byte { return pskOfLink(v.Link.Secret) }))
	f.Add(g.tree.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := readTree(b)
		if err != nil {
			return
		}
		if !bytes.Equal(tr.encode(), b) {
			t.Fatal("a second encoding")
		}
		_ = tr.check(&groupContext{groupID: g.ID(), treeHash: g.context.treeHash})
		for i := range tr.nodes {
			tr.resolution(nodeIndex(i))
		}
	})
}

// FuzzSecrets reads what only comes sealed.
func FuzzSecrets(f *testing.F) {
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decode(b, "", (*reader).groupSecrets); err == nil && !bytes.Equal(s.append(nil), b) {
			t.Fatal("a second encoding of secrets")
		}
		if i, err := decode(b, "", (*reader).groupInfo); err == nil && !bytes.Equal(i.append(nil), b) {
			t.Fatal("a second encoding of a group info")
		}
	})
}
