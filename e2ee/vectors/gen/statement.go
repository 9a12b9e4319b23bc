package main

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

type statementCase struct {
	Verdict string     `json:"verdict"` // of clients, who allow for wrong clocks
	Server  string     `json:"server"`  // of the server, which does not
	Name    string     `json:"name"`
	Signed  signedCase `json:"signed"`
	ids
	Seed  hexBytes `json:"seed,omitempty"`  // of the key that signed a good one
	Seq   uint64   `json:"seq,omitempty"`   // its number
	Entry hexBytes `json:"entry,omitempty"` // it, as an entry of a commit's authenticated data
}

// policy is one with something in every member.
func policy(seq, version uint64) *wire.Policy {
	key, mark := secret("generation key"), secret("mark")
	return &wire.Policy{
		Seq: seq, Version: version, Lobby: true, Chat: true, Share: true, Verify: true, Masked: true, Unmoderated: "lock",
		Generation: &wire.Generation{Number: 1, Key: key[:]}, Passphrase: key[:],
		Speakers: [][]byte{mark[:16]}, Silenced: [][]byte{}, Dismissed: [][]byte{}, Barred: [][]byte{mark[16:]},
	}
}

func statements() (*file, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	f := &file{About: "Statements (PROTOCOL.md, Statements): what is made of one at a time, leaving its number aside."}
	ada, bob := newSomeone("ada"), newSomeone("bob")
	appointed, err := h.grant(bob)
	if err != nil {
		return nil, err
	}
	key := bob.public()
	for _, good := range []struct {
		name      string
		statement wire.Statement
		grant     []byte
		by        *someone
	}{
		{"a policy", policy(1, 1), h.ownGrant(ada), ada},
		{"a policy of an appointed moderator", policy(2, 2), appointed, bob},
		{"an admission", &wire.Admit{
			Seq: 3, Until: uint64(h.now.UnixMilli()), People: []wire.Admitted{{Person: bob.id[:], Key: key[:]}, {Person: ada.id[:], Key: key[:], Viewer: true}},
		}, h.ownGrant(ada), ada},
		{"a denial", &wire.Deny{Seq: 4, Person: bob.id[:]}, h.ownGrant(ada), ada},
		{"a note", &wire.Note{Seq: 5, Person: bob.id[:], Box: []byte{1, 2, 3}}, h.ownGrant(ada), ada},
		{"a removal", &wire.Remove{Seq: 6, Person: bob.id[:], How: "ban"}, h.ownGrant(ada), ada},
		{"a stop for all", &wire.Stop{Seq: 7, Source: "hand"}, h.ownGrant(ada), ada},
		{"an appointment", &wire.Appoint{Seq: 8, Grant: appointed}, h.ownGrant(ada), ada},
		{"an end, numbered 2^53 - 1", &wire.End{Seq: 1<<53 - 1}, h.ownGrant(ada), ada},
		{"under a grant that ended an hour ago", &wire.End{Seq: 9}, h.pastGrant(ada, time.Hour), ada},
	} {
		signed, err := h.signed(good.statement, good.grant, good.by)
		if err != nil {
			return nil, err
		}
		entry, err := moderation.Entry(signed)
		if err != nil {
			return nil, err
		}
		c := statementCase{
			Verdict: "ok", Server: "ok", Name: good.name, Signed: shownSigned(signed), ids: h.ids(),
			Seed: good.by.seed[:], Seq: moderation.SeqOf(good.statement), Entry: entry,
		}
		if strings.Contains(good.name, "ended") {
			c.Server = "past"
		}
		f.Cases = append(f.Cases, c)
	}
	return f, h.badStatements(f, ada, bob)
}

func (h *house) pastGrant(s *someone, ago time.Duration) []byte {
	return moderation.NewOwnGrant(h.moderator, h.room.ID, s.id, s.public(), h.now.Add(-ago))
}

// sayText signs any text.
func (h *house) sayText(label, text string, grant []byte, key ed25519.PrivateKey) *wire.Signed {
	signature := ed25519.Sign(key, slices.Concat([]byte(label), h.room.ID[:], []byte(text)))
	return &wire.Signed{Statement: text, Grant: grant, Signature: signature}
}

const statementLabel = "paravent statement v1"

func (h *house) badStatements(f *file, ada, bob *someone) error {
	own := h.ownGrant(ada)
	end := `{"t":"end","seq":1}`
	good := h.sayText(statementLabel, end, own, ada.key)
	push := func(server, name string, s *wire.Signed) {
		f.Cases = append(f.Cases, statementCase{Verdict: "refused", Server: server, Name: name, Signed: shownSigned(s), ids: h.ids()})
	}
	add := func(name string, s *wire.Signed) { push("refused", name, s) }
	change := func(name string, change func(s *wire.Signed)) {
		s := *good
		change(&s)
		add(name, &s)
	}
	other, err := link.NewModerator(secret("another M"))
	if err != nil {
		return err
	}
	foreign := moderation.NewOwnGrant(other, h.room.ID, ada.id, ada.public(), h.now.Add(time.Hour))
	push("past", "under a grant that ended more than 24 hours ago", h.sayText(statementLabel, end, h.pastGrant(ada, 25*time.Hour), ada.key))
	add("under a grant of another room's moderators", h.sayText(statementLabel, end, foreign, ada.key))
	add("signed by another than the grant names", h.sayText(statementLabel, end, own, bob.key))
	add("signed by the moderator key", h.sayText(statementLabel, end, own, h.moderator.Signature))
	add("under another label", h.sayText("paravent data signature v1", end, own, ada.key))
	change("another statement", func(s *wire.Signed) { s.Statement = `{"t":"end","seq":2}` })
	change("a grant that was changed", func(s *wire.Signed) { s.Grant = flip(s.Grant, 8*70) })
	change("a signature that was changed", func(s *wire.Signed) { s.Signature = flip(s.Signature, 9) })
	change("a signature of zeros", func(s *wire.Signed) { s.Signature = make([]byte, 64) })
	if err := h.elsewhere(add, ada); err != nil {
		return err
	}
	nested, err := wire.EncodeStatement(&wire.Appoint{Seq: 1, Grant: foreign})
	if err != nil {
		return err
	}
	add("appoints by a grant of another room's moderators", h.sayText(statementLabel, nested, own, ada.key))
	for _, bad := range badTexts() {
		add(bad[0], h.sayText(statementLabel, bad[1], own, ada.key))
	}
	return nil
}

// elsewhere signs for another room of the same moderators.
func (h *house) elsewhere(add func(string, *wire.Signed), ada *someone) error {
	l := &link.Link{Secret: secret("another L"), Moderators: h.link.Moderators}
	room, err := l.Room()
	if err != nil {
		return err
	}
	signed, err := moderation.Sign(&wire.End{Seq: 1}, h.ownGrant(ada), ada.key, room.ID)
	if err != nil {
		return err
	}
	add("signed for another room", signed)
	return nil
}

func badTexts() [][2]string {
	person := `"AAAAAAAAAAAAAAAAAAAAAA"`
	return [][2]string{
		{"no text", ``},
		{"no JSON", `end`},
		{"cut short", `{"t":"end","seq":1`},
		{"a message of another kind", `{"t":"ping"}`},
		{"a type that is none", `{"t":"unmute","seq":1}`},
		{"white space", `{"t":"end", "seq":1}`},
		{"a line break after", `{"t":"end","seq":1}` + "\n"},
		{"an escape", `{"t":"\u0065nd","seq":1}`},
		{"a byte order mark", "\ufeff" + `{"t":"end","seq":1}`},
		{"members in another order", `{"t":"deny","person":` + person + `,"seq":1}`},
		{"the type last", `{"seq":1,"t":"end"}`},
		{"a member twice", `{"t":"end","seq":1,"seq":1}`},
		{"a member too many", `{"t":"end","seq":1,"why":"x"}`},
		{"a member missing", `{"t":"end"}`},
		{"a number as text", `{"t":"end","seq":"1"}`},
		{"a number with a fraction", `{"t":"end","seq":1.0}`},
		{"a number with an exponent", `{"t":"end","seq":1e0}`},
		{"a number with a leading zero", `{"t":"end","seq":01}`},
		{"a negative number", `{"t":"end","seq":-1}`},
		{"a number of 2^53", `{"t":"end","seq":9007199254740992}`},
		{"null", `{"t":"stop","seq":1,"person":null,"source":"hand"}`},
		{"something that turns a device on", `{"t":"start","seq":1,"source":"microphone"}`},
		{"a source that is none", `{"t":"stop","seq":1,"source":"speaker"}`},
		{"a person of 15 bytes", `{"t":"deny","seq":1,"person":"AAAAAAAAAAAAAAAAAAAA"}`},
		{"unused bits set", `{"t":"deny","seq":1,"person":"AAAAAAAAAAAAAAAAAAAAAB"}`},
		{"padding", `{"t":"deny","seq":1,"person":"AAAAAAAAAAAAAAAAAAAAAA=="}`},
		{"something after the end", `{"t":"end","seq":1}{}`},
		{"in a list", `[{"t":"end","seq":1}]`},
		{"nested in itself", `{"t":"end","seq":{"t":"end","seq":1}}`},
		{"__proto__", `{"t":"end","seq":1,"__proto__":{}}`},
	}
}
