package moderation

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
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

// place is whose grants count, and when.
type place struct {
	Room, Moderators unhex
	Now              int64
}

func (p place) ids() (room, moderators ID, now time.Time) {
	return ID(p.Room), ID(p.Moderators), time.UnixMilli(p.Now)
}

type signedVector struct {
	Statement        string
	Grant, Signature unhex
}

func (s *signedVector) signed() *wire.Signed {
	return &wire.Signed{Statement: s.Statement, Grant: s.Grant, Signature: s.Signature}
}

type grantVector struct {
	Verdict, Name string
	Grant         unhex
	place
	Made struct {
		Moderator, Person, Key, KEM, Mark unhex
		NotAfter                          uint64
		Holder                            bool
	}
}

func TestGrantVectors(t *testing.T) {
	for _, v := range cases[grantVector](t, "grant.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			room, moderators, now := v.ids()
			g, err := ReadGrant(v.Grant, room, moderators, now)
			if (err == nil) != (v.Verdict == "ok") || (g == nil) != (err != nil) {
				t.Fatalf("%+v, %v: want %s", g, err, v.Verdict)
			}
			if g == nil {
				return
			}
			made := v.Made
			mark := Mark(g.Key[:])
			if g.Person != ID(made.Person) || g.Key != Key(made.Key) || g.KEM != Key(made.KEM) || g.NotAfter != made.NotAfter ||
				g.Holder != made.Holder || !bytes.Equal(mark[:], made.Mark) || !bytes.Equal(g.Raw, v.Grant) {
				t.Errorf("read as %+v", g)
			}
			m, err := link.NewModerator([32]byte(made.Moderator))
			if err != nil {
				t.Fatal(err)
			}
			if again := newGrant(m, room, g.Person, g.Key, g.KEM, time.UnixMilli(int64(g.NotAfter))); !bytes.Equal(again, v.Grant) {
				t.Error("made otherwise")
			}
		})
	}
}

type statementVector struct {
	Verdict, Name string
	Signed        signedVector
	place
	Seed, Entry unhex
	Seq         uint64
}

func TestStatementVectors(t *testing.T) {
	for _, v := range cases[statementVector](t, "statement.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			room, moderators, now := v.ids()
			said, err := ReadSigned(v.Signed.signed(), room, moderators, now)
			if (err == nil) != (v.Verdict == "ok") || (said == nil) != (err != nil) {
				t.Fatalf("%+v, %v: want %s", said, err, v.Verdict)
			}
			if said == nil {
				return
			}
			if SeqOf(said.Statement) != v.Seq {
				t.Errorf("number %d, want %d", SeqOf(said.Statement), v.Seq)
			}
			again, err := Sign(said.Statement, v.Signed.Grant, ed25519.NewKeyFromSeed(v.Seed), room)
			if err != nil || again.Statement != v.Signed.Statement || !bytes.Equal(again.Signature, v.Signed.Signature) {
				t.Errorf("%+v, %v: signed otherwise", again, err)
			}
			entry, err := Entry(again)
			if err != nil || !bytes.Equal(entry, v.Entry) {
				t.Errorf("entry %x, %v", entry, err)
			}
			grant, back, err := ReadEntry(entry)
			if err != nil || grant != nil || back.Statement != again.Statement || !bytes.Equal(back.Signature, again.Signature) {
				t.Errorf("entry read as %+v, %v", back, err)
			}
		})
	}
}

type knockVector struct {
	Verdict, Name, Kind, Text              string
	Box, KEM, Room, Person, Key, TicketKey unhex
	Said                                   struct {
		KEM  unhex
		Name string
	}
}

func TestKnockVectors(t *testing.T) {
	for _, v := range cases[knockVector](t, "knock.json") {
		t.Run(v.Kind+"/"+v.Verdict+"/"+v.Name, func(t *testing.T) {
			kem, err := ecdh.X25519().NewPrivateKey(v.KEM)
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind == "note" {
				text, err := OpenNote(v.Box, kem, ID(v.Room), ID(v.Person))
				if (err == nil) != (v.Verdict == "ok") || text != v.Text {
					t.Errorf("%q, %v: want %s", text, err, v.Verdict)
				}
				return
			}
			k, err := OpenKnock(v.Box, kem, ID(v.Room), &Knocking{ID(v.Person), Key(v.Key), ed25519.PublicKey(v.TicketKey)})
			if (err == nil) != (v.Verdict == "ok") || (k == nil) != (err != nil) {
				t.Fatalf("%+v, %v: want %s", k, err, v.Verdict)
			}
			if k != nil && (k.KEM != Key(v.Said.KEM) || k.Name != v.Said.Name) {
				t.Errorf("opened as %+v", k)
			}
		})
	}
}

type generationVector struct {
	Verdict, Name             string
	Sealed, Exported, GroupID unhex
	Present                   uint32
	Wanted                    *struct {
		Number uint64
		Key    unhex
	}
	Opened struct {
		Moderator, Secret unhex
		Number            uint32
	}
}

func TestGenerationVectors(t *testing.T) {
	for _, v := range cases[generationVector](t, "generation.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			var wanted *wire.Generation
			if v.Wanted != nil {
				wanted = &wire.Generation{Number: v.Wanted.Number, Key: v.Wanted.Key}
			}
			g, err := OpenGeneration(v.Sealed, v.Exported, [32]byte(v.GroupID))
			verdict := "ok"
			switch {
			case err != nil:
				verdict = "forged"
			case !Follows(g, v.Present, wanted):
				verdict = "refused"
			}
			if verdict != v.Verdict {
				t.Fatalf("%s, want %s", verdict, v.Verdict)
			}
			if verdict != "ok" {
				return
			}
			derived, err := link.NewGeneration([32]byte(v.Opened.Moderator), v.Opened.Number)
			if err != nil || g.Number != v.Opened.Number || g.Secret != derived.Secret || !bytes.Equal(g.Secret[:], v.Opened.Secret) {
				t.Errorf("opened as %+v, %v", g, err)
			}
			again, err := SealGeneration(g, v.Exported, [32]byte(v.GroupID), bytes.NewReader(v.Sealed[4:16]))
			if err != nil || !bytes.Equal(again, v.Sealed) {
				t.Errorf("sealed otherwise: %v", err)
			}
		})
	}
}

type comingVector struct {
	Person, Key unhex
	Viewer      bool
}

func comings(all []comingVector) (list []Coming) {
	for _, c := range all {
		list = append(list, Coming{ID(c.Person), Key(c.Key), c.Viewer})
	}
	return list
}

func raw(all []unhex) (list [][]byte) {
	for _, b := range all {
		list = append(list, b)
	}
	return list
}

type admissionVector struct {
	Verdict, Name string
	place
	Policy        string
	Adds, Removes []comingVector
	A, K, Kicked  []unhex
	Chosen        []int
}

func (v *admissionVector) policy(t *testing.T) *wire.Policy {
	t.Helper()
	if v.Policy == "" {
		return NoPolicy()
	}
	s, err := wire.DecodeStatement(v.Policy)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := s.(*wire.Policy)
	if !ok {
		t.Fatal("not a policy")
	}
	return p
}

func TestAdmissionVectors(t *testing.T) {
	verdicts := map[string]error{"ok": nil, "bad entry": ErrEntry, "barred": ErrBarred, "not admitted": ErrNotAdmitted}
	for _, v := range cases[admissionVector](t, "admission.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			room, moderators, now := v.ids()
			policy := v.policy(t)
			adds, removes := comings(v.Adds), comings(v.Removes)
			kicks, err := Judge(&Change{adds, removes, raw(v.A), raw(v.K)}, policy, room, moderators, now)
			if err != verdicts[v.Verdict] || len(kicks) != len(v.Kicked) {
				t.Fatalf("%v, %d kicks: want %s", err, len(kicks), v.Verdict)
			}
			for i, said := range kicks {
				if r, ok := said.Statement.(*wire.Remove); !ok || !bytes.Equal(r.Person, v.Kicked[i]) {
					t.Errorf("kick %+v", said.Statement)
				}
			}
			chosen, admissions := Choose(adds, removes, raw(v.A), policy, room, moderators, now)
			if !slices.Equal(chosen, v.Chosen) {
				t.Errorf("chosen %v, want %v", chosen, v.Chosen)
			}
			var some []Coming
			for _, i := range chosen {
				some = append(some, adds[i])
			}
			if _, err := Judge(&Change{some, removes, admissions, nil}, policy, room, moderators, now); err != nil {
				t.Errorf("what was chosen is refused: %v", err)
			}
		})
	}
}

type successionVector struct {
	Verdict, Name string
	place
	Next  signedVector
	Known *signedVector
}

func TestSuccessionVectors(t *testing.T) {
	for _, v := range cases[successionVector](t, "succession.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			room, moderators, now := v.ids()
			next, err := ReadSigned(v.Next.signed(), room, moderators, now)
			if err != nil {
				t.Fatal(err)
			}
			var known *Said
			if v.Known != nil {
				if known, err = ReadSigned(v.Known.signed(), room, moderators, now); err != nil {
					t.Fatal(err)
				}
			}
			if Succeeds(next, known) != (v.Verdict == "succeeds") {
				t.Error("want otherwise")
			}
			if known != nil && Succeeds(next, known) && Succeeds(known, next) {
				t.Error("each succeeds the other")
			}
		})
	}
}
