package moderation

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	mrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

// room is one room with its moderator keys.
type room struct {
	m              *link.Moderator
	id, moderators ID
	now            time.Time
}

func newRoom(tb testing.TB) *room {
	tb.Helper()
	l, err := link.New([32]byte{1}, [32]byte{2})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := link.NewModerator(*l.Moderator)
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := l.Room()
	if err != nil {
		tb.Fatal(err)
	}
	return &room{m, keys.ID, l.Moderators, time.UnixMilli(1_800_000_000_000)}
}

func leaf(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
}

func public(k ed25519.PrivateKey) Key { return Key(k[ed25519.SeedSize:]) }

func newKEM(tb testing.TB) *ecdh.PrivateKey {
	tb.Helper()
	kem, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return kem
}

func TestNobodyIsAppointedUnderTheModeratorKey(t *testing.T) {
	r := newRoom(t)
	if _, err := NewGrant(r.m, r.id, ID{1}, Key{2}, Key(r.m.KEM.PublicKey().Bytes()), r.now); !errors.Is(err, ErrGrant) {
		t.Errorf("%v, want ErrGrant", err)
	}
	raw, err := NewGrant(r.m, r.id, ID{1}, Key{2}, Key{3}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	if g, err := ReadGrant(raw, r.id, r.moderators, r.now); err != nil || g.Holder {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestAKnockIsForOneKeyRoomAndPerson(t *testing.T) {
	r := newRoom(t)
	kem, mine, key := newKEM(t), newKEM(t), leaf(1)
	ticket := leaf(9)
	k := &Knock{Person: ID{5}, KEM: Key(mine.PublicKey().Bytes()), Name: strings.Repeat("x", maxName), Ticket: SignKnock(ticket, r.id, ID{5}, public(key))}
	box, err := SealKnock(Key(kem.PublicKey().Bytes()), r.id, k, key)
	if err != nil || len(box) > 1024 {
		t.Fatalf("%d bytes, %v", len(box), err)
	}
	from := &Knocking{ID{5}, public(key), ed25519.PublicKey(ticket[32:])}
	if got, err := OpenKnock(box, kem, r.id, from); err != nil || got.Name != k.Name || got.KEM != k.KEM {
		t.Errorf("%+v, %v", got, err)
	}
	for name, open := range map[string]func() (*Knock, error){
		"another key":            func() (*Knock, error) { return OpenKnock(box, mine, r.id, from) },
		"another room":           func() (*Knock, error) { return OpenKnock(box, kem, ID{}, from) },
		"another person":         func() (*Knock, error) { return OpenKnock(box, kem, r.id, &Knocking{ID{6}, from.Key, from.TicketKey}) },
		"another leaf":           func() (*Knock, error) { return OpenKnock(box, kem, r.id, &Knocking{ID{5}, Key{}, from.TicketKey}) },
		"another ticket":         func() (*Knock, error) { return OpenKnock(box, kem, r.id, &Knocking{ID{5}, from.Key, make([]byte, 32)}) },
		"no ticket":              func() (*Knock, error) { return OpenKnock(box, kem, r.id, &Knocking{ID{5}, from.Key, nil}) },
		"a ticket key of 1 byte": func() (*Knock, error) { return OpenKnock(box, kem, r.id, &Knocking{ID{5}, from.Key, []byte{1}}) },
	} {
		if _, err := open(); !errors.Is(err, ErrBox) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SealKnock(Key{}, r.id, k, key); !errors.Is(err, ErrBox) {
		t.Errorf("sealed to a key of low order: %v", err)
	}
	k.Name += "x"
	if _, err := SealKnock(Key(kem.PublicKey().Bytes()), r.id, k, key); !errors.Is(err, ErrSize) {
		t.Errorf("a name of 513 bytes: %v", err)
	}
}

func TestANoteIsForOnePerson(t *testing.T) {
	r := newRoom(t)
	kem := newKEM(t)
	to := Key(kem.PublicKey().Bytes())
	box, err := SealNote(to, r.id, ID{5}, "Gleich.")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := OpenNote(box, kem, r.id, ID{5}); err != nil || text != "Gleich." {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := OpenNote(box, kem, r.id, ID{6}); !errors.Is(err, ErrBox) {
		t.Errorf("for another person: %v", err)
	}
	for name, text := range map[string]string{"nothing": "", "501 bytes": strings.Repeat("x", 501), "not UTF-8": "\xff"} {
		if _, err := SealNote(to, r.id, ID{5}, text); !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNobodyComesUninvited judges random commits under random rules, and says
// of each who was let in what let them in.
func TestNobodyComesUninvited(t *testing.T) {
	r := newRoom(t)
	random := mrand.New(mrand.NewPCG(1, 2))
	holder, helper := leaf(1), leaf(2)
	own := NewOwnGrant(r.m, r.id, ID{1}, public(holder), r.now)
	appointed, err := NewGrant(r.m, r.id, ID{2}, public(helper), Key{7}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	people := make([]Coming, 8)
	for i := range people {
		people[i] = Coming{ID{byte(i + 1)}, public(leaf(byte(i + 1))), i%3 == 2}
	}
	let := 0
	for range 600 {
		policy := &wire.Policy{Version: 1, Unmoderated: "lock", Lobby: random.IntN(2) == 0, Locked: random.IntN(3) == 0}
		c := &Change{}
		admitted := map[Coming]bool{}
		for _, p := range people {
			switch random.IntN(5) {
			case 0, 1:
				c.Adds = append(c.Adds, p)
			case 2:
				c.Removes = append(c.Removes, p)
			case 3:
				c.Adds, c.Removes = append(c.Adds, p), append(c.Removes, p)
			}
			if m := Mark(p.Key[:]); random.IntN(10) == 0 {
				policy.Barred = append(policy.Barred, m[:])
			} else if random.IntN(6) == 0 {
				policy.Dismissed = append(policy.Dismissed, m[:])
			}
		}
		for _, p := range c.Adds {
			if random.IntN(2) == 0 {
				continue
			}
			key, grant := holder, own
			if random.IntN(2) == 0 {
				key, grant = helper, appointed
			}
			signed, err := Sign(&wire.Admit{
				Seq: 1, Until: uint64(r.now.UnixMilli()), People: []wire.Admitted{{Person: p.Person[:], Key: p.Key[:], Viewer: p.Viewer}},
			}, grant, key, r.id)
			if err != nil {
				t.Fatal(err)
			}
			entry, err := Entry(signed)
			if err != nil {
				t.Fatal(err)
			}
			c.Admissions, admitted[p] = append(c.Admissions, entry), true
		}
		_, err := Judge(c, policy, r.id, r.moderators, r.now)
		chosen, admissions := Choose(c.Adds, c.Removes, c.Admissions, policy, r.id, r.moderators, r.now)
		if err == nil && len(chosen) != len(c.Adds) {
			t.Fatal("a nominee leaves out somebody who may come")
		}
		some := &Change{Removes: c.Removes, Admissions: admissions}
		for _, i := range chosen {
			some.Adds = append(some.Adds, c.Adds[i])
		}
		if _, err := Judge(some, policy, r.id, r.moderators, r.now); err != nil {
			t.Fatalf("what a nominee chose is refused: %v", err)
		}
		for _, p := range some.Adds {
			let++
			if marked(policy.Barred, p.Key) {
				t.Fatal("a barred key comes in")
			}
			back := false
			for _, gone := range c.Removes {
				back = back || gone == p
			}
			if (policy.Lobby || policy.Locked) && !back && !admitted[p] {
				t.Fatal("somebody comes in whom nobody admitted")
			}
		}
	}
	if let < 500 {
		t.Errorf("only %d people came: this test looks at nothing", let)
	}
}

// TestSuccessionSettles plays the same policies in two orders, with repetition,
// as a server might: both clients come to hold the same rules.
func TestSuccessionSettles(t *testing.T) {
	random := mrand.New(mrand.NewPCG(3, 4))
	helper := leaf(2)
	own := &Grant{Key: public(leaf(1)), Holder: true}
	appointed := &Grant{Key: public(helper)}
	m := Mark(helper[ed25519.SeedSize:])
	for range 500 {
		var all []*Said
		for version := range uint64(6) {
			p := &wire.Policy{Version: version + 1 + uint64(random.IntN(3))*100}
			grant := own
			if random.IntN(2) == 0 {
				grant, p.Version = appointed, p.Version+uint64(random.IntN(2))*1000
			}
			all = append(all, &Said{p, grant})
		}
		// The last word is a holder's, who dismisses the helper, however far ahead that is.
		last := &Said{&wire.Policy{Version: 300, Dismissed: [][]byte{m[:]}}, own}
		all = append(all, last)
		if one, two := settle(all, random), settle(all, random); one != two {
			t.Fatalf("versions %d and %d hold", one.Statement.(*wire.Policy).Version, two.Statement.(*wire.Policy).Version)
		}
	}
}

func settle(all []*Said, random *mrand.Rand) *Said {
	var known *Said
	for range 3 {
		for _, i := range random.Perm(len(all)) {
			if Succeeds(all[i], known) {
				known = all[i]
			}
		}
	}
	return known
}

func FuzzGrant(f *testing.F) {
	r := newRoom(f)
	f.Add(NewOwnGrant(r.m, r.id, ID{1}, Key{2}, r.now))
	for _, v := range cases[grantVector](f, "grant.json") {
		f.Add([]byte(v.Grant))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == wire.GrantSize { // signed by mistake
			raw = newGrantFrom(r, raw[64:152])
		}
		g, err := ReadGrant(raw, r.id, r.moderators, r.now)
		if (g == nil) == (err == nil) {
			t.Fatal("want a grant or an error")
		}
		if g != nil && !bytes.Equal(newGrant(r.m, r.id, g.Person, g.Key, g.KEM, time.UnixMilli(int64(g.NotAfter))), raw) {
			t.Fatal("a second spelling of one grant")
		}
	})
}

// newGrantFrom signs what a grant says.
func newGrantFrom(r *room, said []byte) []byte {
	g := bytes.Clone(r.m.Signature[ed25519.SeedSize:])
	g = append(append(g, r.m.KEM.PublicKey().Bytes()...), said...)
	return append(g, ed25519.Sign(r.m.Signature, append([]byte(grantLabel+string(r.id[:])), said...))...)
}

func FuzzEntry(f *testing.F) {
	for _, v := range cases[statementVector](f, "statement.json") {
		f.Add([]byte(v.Entry))
	}
	r := newRoom(f)
	key := leaf(1)
	grant := NewOwnGrant(r.m, r.id, ID{1}, public(key), r.now)
	f.Fuzz(func(t *testing.T, b []byte) {
		raw, signed, err := ReadEntry(b)
		if (raw == nil && signed == nil) != (err != nil) {
			t.Fatal("want a grant, a statement or an error")
		}
		if signed == nil {
			return
		}
		if again, err := Entry(signed); err != nil || !bytes.Equal(again, b) {
			t.Fatal("a second spelling of one entry")
		}
		// Signed by mistake.
		signed.Grant, signed.Signature = grant, ed25519.Sign(key, statementInput(r.id, signed.Statement))
		said, err := ReadSigned(signed, r.id, r.moderators, r.now)
		if (said == nil) == (err == nil) {
			t.Fatal("want a statement or an error")
		}
		if said == nil {
			return
		}
		if again, err := Sign(said.Statement, grant, key, r.id); err != nil || again.Statement != signed.Statement {
			t.Fatal("a second spelling of one statement")
		}
	})
}

// FuzzKnock reads what is in a box once it is open.
func FuzzKnock(f *testing.F) {
	r := newRoom(f)
	for _, k := range []*Knock{{Name: "Ada"}, {Name: "", Ticket: make([]byte, 64)}} {
		content, err := encodeKnock(r.id, k, leaf(1))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		in, err := readKnock(content)
		if err != nil {
			return
		}
		if again, err := modes().enc.Marshal(in); err != nil || !bytes.Equal(again, content) {
			t.Fatal("a second spelling of one knock")
		}
	})
}
