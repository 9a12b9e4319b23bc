package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
)

type grantCase struct {
	Verdict string   `json:"verdict"` // of clients, who allow for wrong clocks
	Server  string   `json:"server"`  // of the server, which does not
	Name    string   `json:"name"`
	Grant   hexBytes `json:"grant"`
	ids
	Made *grantMade `json:"made,omitempty"` // what a good one says
}

type grantMade struct {
	Moderator hexBytes `json:"moderator"` // M
	Person    hexBytes `json:"person"`
	Key       hexBytes `json:"key"`
	KEM       hexBytes `json:"kem"`
	NotAfter  uint64   `json:"notAfter"`
	Holder    bool     `json:"holder"`
	Mark      hexBytes `json:"mark"` // of the key
}

func (h *house) goodGrant(name string, raw []byte) (grantCase, error) {
	g, err := moderation.ReadGrant(raw, h.room.ID, h.link.Moderators, h.now)
	if err != nil {
		return grantCase{}, err
	}
	mark := moderation.Mark(g.Key[:])
	c := grantCase{Verdict: "ok", Server: "ok", Name: name, Grant: raw, ids: h.ids(), Made: &grantMade{
		Moderator: h.link.Moderator[:], Person: g.Person[:], Key: g.Key[:], KEM: g.KEM[:], NotAfter: g.NotAfter, Holder: g.Holder, Mark: mark[:],
	}}
	if g.NotAfter < uint64(h.now.UnixMilli()) {
		c.Server = "past"
	}
	return c, nil
}

// signGrant signs what a grant says, right or wrong.
func (h *house) signGrant(label string, said []byte, key ed25519.PrivateKey) []byte {
	signature := ed25519.Sign(key, slices.Concat([]byte(label), h.room.ID[:], said))
	return slices.Concat(h.moderator.Signature[ed25519.SeedSize:], h.moderator.KEM.PublicKey().Bytes(), said, signature)
}

func grants() (*file, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	f := &file{About: "Grants (PROTOCOL.md, Grants): what a client, and the server, make of one at a time."}
	ada, bob := newSomeone("ada"), newSomeone("bob")
	own := h.ownGrant(ada)
	appointed, err := h.grant(bob)
	if err != nil {
		return nil, err
	}
	at := func(after time.Duration) []byte {
		return moderation.NewOwnGrant(h.moderator, h.room.ID, ada.id, ada.public(), h.now.Add(after))
	}
	for _, good := range []struct {
		name string
		raw  []byte
	}{
		{"a holder's own", own},
		{"an appointed member's", appointed},
		{"that ends now", at(0)},
		{"that ended a moment ago", at(-time.Millisecond)},
		{"that ended 24 hours ago", at(-24 * time.Hour)},
	} {
		c, err := h.goodGrant(good.name, good.raw)
		if err != nil {
			return nil, err
		}
		f.Cases = append(f.Cases, c)
	}
	bad, err := h.badGrants(own, at(-24*time.Hour-time.Millisecond))
	if err != nil {
		return nil, err
	}
	for _, b := range bad {
		b.Verdict, b.Server = "bad grant", "bad grant"
		f.Cases = append(f.Cases, b)
	}
	return f, nil
}

func (h *house) badGrants(own, late []byte) ([]grantCase, error) {
	ada := newSomeone("ada")
	said := own[64:152]
	other, err := link.NewModerator(secret("another M"))
	if err != nil {
		return nil, err
	}
	foreign := moderation.NewOwnGrant(other, h.room.ID, ada.id, ada.public(), h.now.Add(time.Hour))
	elsewhere := h.ids()
	room := secret("another room")
	elsewhere.Room = room[:16]
	moderators := h.ids()
	hash := other.Hash()
	moderators.Moderators = hash[:]
	beyond := binary.BigEndian.AppendUint64(slices.Clone(said[:80]), 1<<53)
	list := []grantCase{
		{Name: "that ended more than 24 hours ago", Grant: late},
		{Name: "of the moderators of another room", Grant: foreign},
		{Name: "the keys of another room's moderators before a good one", Grant: slices.Concat(foreign[:64], own[64:])},
		{Name: "signed by those of another room", Grant: slices.Concat(own[:64], foreign[64:])},
		{Name: "in another room", Grant: own, ids: elsewhere},
		{Name: "in a room of other moderators", Grant: own, ids: moderators},
		{Name: "signed by the leaf", Grant: h.signGrant("paravent grant v1", said, ada.key)},
		{Name: "under another label", Grant: h.signGrant("paravent ticket v1", said, h.moderator.Signature)},
		{Name: "a time of 2^53", Grant: h.signGrant("paravent grant v1", beyond, h.moderator.Signature)},
		{Name: "nothing", Grant: nil},
		{Name: "one byte short", Grant: own[:215]},
		{Name: "one byte long", Grant: append(slices.Clone(own), 0)},
		{Name: "a signature of zeros", Grant: slices.Concat(own[:152], make([]byte, 64))},
		{Name: "zeros", Grant: make([]byte, 216)},
	}
	for name, at := range map[string]int{"signature key": 0, "KEM key": 32, "person": 64, "key": 80, "kem": 112, "time": 151, "signature": 152} {
		list = append(list, grantCase{Name: name + " changed", Grant: flip(own, 8*at)})
	}
	slices.SortFunc(list[len(list)-7:], func(a, b grantCase) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	for i := range list {
		if list[i].Room == nil {
			list[i].ids = h.ids()
		}
	}
	return list, nil
}
