package main

import (
	"errors"
	"slices"
	"time"

	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

type admissionCase struct {
	Verdict string `json:"verdict"`
	Name    string `json:"name"`
	ids
	Policy  string      `json:"policy"` // the statement; empty: version 0
	Adds    []comingOne `json:"adds"`
	Removes []comingOne `json:"removes"`
	A       []hexBytes  `json:"a"`
	K       []hexBytes  `json:"k"`
	Kicked  []hexBytes  `json:"kicked,omitempty"` // persons in K, when it is ok
	Chosen  []int       `json:"chosen"`           // what a nominee may add of Adds if it is offered A
}

type comingOne struct {
	Person hexBytes `json:"person"`
	Key    hexBytes `json:"key"`
	Viewer bool     `json:"viewer"`
}

// doorway is one commit, as judged by one client.
type doorway struct {
	*house
	file                  *file
	holder, helper        *someone // moderators: one with M, one appointed
	ada, bob              *someone // who come
	holderGrant           []byte
	helperGrant           []byte
	open, lobby, lockdown *wire.Policy
}

func newDoorway() (*doorway, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	s := &doorway{
		house: h, holder: newSomeone("holder"), helper: newSomeone("helper"), ada: newSomeone("ada"), bob: newSomeone("bob"),
		file: &file{About: "Admission (PROTOCOL.md, Admission): what a client makes of a commit before it applies it."},
	}
	s.holderGrant = h.ownGrant(s.holder)
	if s.helperGrant, err = h.grant(s.helper); err != nil {
		return nil, err
	}
	s.open, s.lobby, s.lockdown = plainPolicy(), plainPolicy(), plainPolicy()
	s.lobby.Lobby, s.lockdown.Locked = true, true
	return s, nil
}

func plainPolicy() *wire.Policy {
	return &wire.Policy{
		Seq: 1, Version: 1, Chat: true, Share: true, Unmoderated: "lock",
		Speakers: [][]byte{}, Silenced: [][]byte{}, Dismissed: [][]byte{}, Barred: [][]byte{},
	}
}

func barring(p *wire.Policy, marks ...[]byte) *wire.Policy {
	c := *p
	c.Barred = marks
	return &c
}

func dismissing(p *wire.Policy, marks ...[]byte) *wire.Policy {
	c := *p
	c.Dismissed = marks
	return &c
}

// entry is a statement as it stands in authenticated data.
func (s *doorway) entry(statement wire.Statement, grant []byte, by *someone) []byte {
	signed, err := s.signed(statement, grant, by)
	if err != nil {
		return nil
	}
	entry, err := moderation.Entry(signed)
	if err != nil {
		return nil
	}
	return entry
}

func (s *doorway) admit(until time.Time, grant []byte, by *someone, people ...moderation.Coming) []byte {
	a := &wire.Admit{Seq: 1, Until: uint64(until.UnixMilli()), People: []wire.Admitted{}}
	for _, p := range people {
		a.People = append(a.People, wire.Admitted{Person: p.Person[:], Key: p.Key[:], Viewer: p.Viewer})
	}
	return s.entry(a, grant, by)
}

func shown(all []moderation.Coming) []comingOne {
	list := make([]comingOne, 0, len(all))
	for _, c := range all {
		list = append(list, comingOne{c.Person[:], c.Key[:], c.Viewer})
	}
	return list
}

func entries(all [][]byte) []hexBytes {
	list := make([]hexBytes, 0, len(all))
	for _, e := range all {
		list = append(list, e)
	}
	return list
}

// add writes a case with the verdict of the reference, which must be the one
// that is expected here.
func (s *doorway) add(verdict, name string, p *wire.Policy, c moderation.Change) error {
	one := admissionCase{
		Verdict: verdict, Name: name, ids: s.ids(), Adds: shown(c.Adds), Removes: shown(c.Removes), A: entries(c.Admissions), K: entries(c.Kicks),
		Chosen: []int{},
	}
	policy := moderation.NoPolicy()
	if p != nil {
		text, err := wire.EncodeStatement(p)
		if err != nil {
			return err
		}
		one.Policy, policy = text, p
	}
	kicks, err := moderation.Judge(&c, policy, s.house.room.ID, s.link.Moderators, s.now)
	if verdictOf(err) != verdict {
		return errors.Join(errReference, errors.New("gen: "+name), err)
	}
	for _, said := range kicks {
		if r, ok := said.Statement.(*wire.Remove); ok {
			one.Kicked = append(one.Kicked, r.Person)
		}
	}
	chosen, _ := moderation.Choose(c.Adds, c.Removes, c.Admissions, policy, s.house.room.ID, s.link.Moderators, s.now)
	one.Chosen = append(one.Chosen, chosen...)
	s.file.Cases = append(s.file.Cases, one)
	return nil
}

func verdictOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, moderation.ErrEntry):
		return "bad entry"
	case errors.Is(err, moderation.ErrBarred):
		return "barred"
	case errors.Is(err, moderation.ErrNotAdmitted):
		return "not admitted"
	default:
		return err.Error()
	}
}

func admissions() (*file, error) {
	s, err := newDoorway()
	if err != nil {
		return nil, err
	}
	for _, play := range []func() error{s.goodComings, s.uninvited, s.badEntries, s.withdrawnOnes, s.kicks} {
		if err := play(); err != nil {
			return nil, err
		}
	}
	return s.file, nil
}

type coming struct {
	verdict, name string
	policy        *wire.Policy
	change        moderation.Change
}

func (s *doorway) all(list []coming) error {
	for _, c := range list {
		if err := s.add(c.verdict, c.name, c.policy, c.change); err != nil {
			return err
		}
	}
	return nil
}

func list(all ...moderation.Coming) []moderation.Coming { return all }

func viewer(c moderation.Coming) moderation.Coming {
	c.Viewer = true
	return c
}

func (s *doorway) goodComings() error {
	ada, bob, holder, helper := s.ada.coming(), s.bob.coming(), s.holder.coming(), s.helper.coming()
	soon, day := s.now.Add(time.Minute), 24*time.Hour
	byHolder := s.admit(soon, s.holderGrant, s.holder, ada, viewer(bob))
	return s.all([]coming{
		{"ok", "nobody comes or goes", nil, moderation.Change{}},
		{"ok", "somebody goes", nil, moderation.Change{Removes: list(ada)}},
		{"ok", "an open room", s.open, moderation.Change{Adds: list(ada, viewer(bob))}},
		{"ok", "back to its place, in the lobby's time", s.lobby, moderation.Change{Adds: list(ada), Removes: list(ada)}},
		{"ok", "back to its place, before any policy", nil, moderation.Change{Adds: list(ada), Removes: list(bob, ada)}},
		{"ok", "a moderator, in the lobby's time", s.lobby, moderation.Change{Adds: list(holder), Admissions: [][]byte{s.holderGrant}}},
		{"ok", "a moderator, in a locked room", s.lockdown, moderation.Change{Adds: list(helper), Admissions: [][]byte{s.helperGrant}}},
		{"ok", "admitted, a viewer too", s.lobby, moderation.Change{Adds: list(viewer(bob), ada), Admissions: [][]byte{byHolder}}},
		{"ok", "one of two admitted comes", s.lobby, moderation.Change{Adds: list(ada), Admissions: [][]byte{byHolder}}},
		{"ok", "admitted into a locked room", s.lockdown, moderation.Change{Adds: list(ada), Admissions: [][]byte{byHolder}}},
		{"ok", "admitted before any policy", nil, moderation.Change{Adds: list(ada), Admissions: [][]byte{byHolder}}},
		{"ok", "admitted into an open room", s.open, moderation.Change{Adds: list(ada), Admissions: [][]byte{byHolder}}},
		{"ok", "admitted by two, each one", s.lobby, moderation.Change{Adds: list(ada, bob), Admissions: [][]byte{
			s.admit(soon, s.holderGrant, s.holder, ada), s.admit(soon, s.helperGrant, s.helper, bob),
		}}},
		{"ok", "an admission that ended 24 hours ago", s.lobby, moderation.Change{Adds: list(ada), Admissions: [][]byte{
			s.admit(s.now.Add(-day), s.holderGrant, s.holder, ada),
		}}},
		{"ok", "a grant that ended an hour ago", s.lobby, moderation.Change{Adds: list(holder), Admissions: [][]byte{s.pastGrant(s.holder, time.Hour)}}},
	})
}

func (s *doorway) uninvited() error {
	ada, bob, holder := s.ada.coming(), s.bob.coming(), s.holder.coming()
	byHolder := s.admit(s.now, s.holderGrant, s.holder, ada)
	return s.all([]coming{
		{"not admitted", "before any policy", nil, moderation.Change{Adds: list(ada)}},
		{"not admitted", "in the lobby's time", s.lobby, moderation.Change{Adds: list(ada)}},
		{"not admitted", "in a locked room", s.lockdown, moderation.Change{Adds: list(ada)}},
		{"not admitted", "a viewer, in the lobby's time", s.lobby, moderation.Change{Adds: list(viewer(ada))}},
		{"not admitted", "a moderator without its grant", s.lobby, moderation.Change{Adds: list(holder)}},
		{"not admitted", "one of two without admission", s.lobby, moderation.Change{Adds: list(ada, bob), Admissions: [][]byte{byHolder}}},
		{"not admitted", "in the place of another", s.lobby, moderation.Change{Adds: list(ada), Removes: list(bob)}},
		{"not admitted", "a new key in its own place", s.lobby, moderation.Change{
			Adds: list(moderation.Coming{Person: ada.Person, Key: bob.Key}), Removes: list(ada),
		}},
		{"not admitted", "a viewer back as a participant", s.lobby, moderation.Change{Adds: list(ada), Removes: list(viewer(ada))}},
		{"not admitted", "a participant back as a viewer", s.lobby, moderation.Change{Adds: list(viewer(ada)), Removes: list(ada)}},
		{"barred", "a barred key in an open room", barring(s.open, s.ada.mark()), moderation.Change{Adds: list(ada)}},
		{"barred", "a barred key back to its place", barring(s.open, s.ada.mark()), moderation.Change{Adds: list(ada), Removes: list(ada)}},
		{"barred", "a barred key that was admitted", barring(s.lobby, s.bob.mark(), s.ada.mark()), moderation.Change{
			Adds: list(ada), Admissions: [][]byte{byHolder},
		}},
		{"barred", "one barred, one not admitted", barring(s.lobby, s.ada.mark()), moderation.Change{Adds: list(bob, ada)}},
		{"ok", "a barred key goes", barring(s.open, s.ada.mark()), moderation.Change{Removes: list(ada)}},
		{"ok", "another key is barred", barring(s.open, s.bob.mark()), moderation.Change{Adds: list(ada)}},
	})
}

func (s *doorway) badEntries() error {
	ada, bob, holder := s.ada.coming(), s.bob.coming(), s.holder.coming()
	soon, day := s.now.Add(time.Minute), 24*time.Hour
	good := s.admit(soon, s.holderGrant, s.holder, ada)
	spoilt := slices.Clone(good)
	spoilt[len(spoilt)-1] = 0xff
	with := func(name string, adds []moderation.Coming, a ...[]byte) coming {
		return coming{"bad entry", name, s.lobby, moderation.Change{Adds: adds, Admissions: a}}
	}
	many := make([][]byte, 65)
	for i := range many {
		many[i] = good
	}
	return s.all([]coming{
		with("an admission of another key", list(moderation.Coming{Person: ada.Person, Key: bob.Key}), good),
		with("an admission of another person", list(moderation.Coming{Person: bob.Person, Key: ada.Key}), good),
		with("an admission of a participant for a viewer", list(viewer(ada)), good),
		with("an admission of a viewer for a participant", list(ada), s.admit(soon, s.holderGrant, s.holder, viewer(ada))),
		with("an admission of nobody", list(ada), good, s.admit(soon, s.holderGrant, s.holder)),
		with("an admission of somebody who does not come", list(ada), good, s.admit(soon, s.holderGrant, s.holder, bob)),
		with("an admission that ended more than 24 hours ago", list(ada), s.admit(s.now.Add(-day-time.Millisecond), s.holderGrant, s.holder, ada)),
		with("an admission under a grant long past", list(ada), s.admit(soon, s.pastGrant(s.holder, 25*time.Hour), s.holder, ada)),
		with("an admission signed by another than the grant names", list(ada), s.admit(soon, s.holderGrant, s.bob, ada)),
		with("an admission by oneself", list(ada), s.admit(soon, s.holderGrant, s.ada, ada)),
		with("a grant for another person", list(ada), s.holderGrant),
		with("a grant for a viewer", list(viewer(holder)), s.holderGrant),
		with("a grant for the same person with another key", list(moderation.Coming{Person: holder.Person, Key: ada.Key}), s.holderGrant),
		with("a grant long past", list(holder), s.pastGrant(s.holder, 25*time.Hour)),
		with("a grant that was changed", list(holder), flip(s.holderGrant, 8*100)),
		with("a statement that admits nobody", list(ada), s.entry(&wire.End{Seq: 1}, s.holderGrant, s.holder)),
		with("a denial", list(ada), s.entry(&wire.Deny{Seq: 1, Person: ada.Person[:]}, s.holderGrant, s.holder)),
		with("a statement that is not UTF-8", list(ada), spoilt),
		with("a statement cut short", list(ada), good[:len(good)-1]),
		with("nothing", list(ada), good, nil),
		with("one byte", list(ada), good, []byte{0}),
		with("280 bytes", list(ada), good, good[:280]),
		with("16385 bytes", list(ada), append(slices.Clone(good), make([]byte, 16385-len(good))...)),
		with("65 entries", list(ada), many...),
		{"bad entry", "a good admission, and nobody comes", s.lobby, moderation.Change{Admissions: [][]byte{good}}},
		{"bad entry", "a bad entry in an open room", s.open, moderation.Change{Adds: list(ada), Admissions: [][]byte{s.holderGrant}}},
		{"ok", "one admission twice", s.lobby, moderation.Change{Adds: list(ada), Admissions: [][]byte{good, good}}},
	})
}

func (s *doorway) withdrawnOnes() error {
	ada, holder, helper := s.ada.coming(), s.holder.coming(), s.helper.coming()
	byHelper := s.admit(s.now, s.helperGrant, s.helper, ada)
	byHolder := s.admit(s.now, s.holderGrant, s.holder, ada)
	return s.all([]coming{
		{"bad entry", "a grant of somebody dismissed", dismissing(s.lobby, s.helper.mark()), moderation.Change{
			Adds: list(helper), Admissions: [][]byte{s.helperGrant},
		}},
		{"bad entry", "an admission by somebody dismissed", dismissing(s.lobby, s.bob.mark(), s.helper.mark()), moderation.Change{
			Adds: list(ada), Admissions: [][]byte{byHelper},
		}},
		{"bad entry", "an admission by somebody barred", barring(s.lobby, s.helper.mark()), moderation.Change{
			Adds: list(ada), Admissions: [][]byte{byHelper},
		}},
		{"bad entry", "an admission by a holder whose key is barred", barring(s.lobby, s.holder.mark()), moderation.Change{
			Adds: list(ada), Admissions: [][]byte{byHolder},
		}},
		{"bad entry", "the grant of a holder whose key is barred", barring(s.lobby, s.holder.mark()), moderation.Change{
			Adds: list(holder), Admissions: [][]byte{s.holderGrant},
		}},
		{"ok", "a holder cannot be dismissed", dismissing(s.lobby, s.holder.mark()), moderation.Change{
			Adds: list(holder), Admissions: [][]byte{s.holderGrant},
		}},
		{"ok", "nor its admissions", dismissing(s.lobby, s.holder.mark()), moderation.Change{Adds: list(ada), Admissions: [][]byte{byHolder}}},
		{"ok", "somebody dismissed comes into an open room", dismissing(s.open, s.helper.mark()), moderation.Change{Adds: list(helper)}},
	})
}

func (s *doorway) kicks() error {
	ada, bob := s.ada.coming(), s.bob.coming()
	remove := s.entry(&wire.Remove{Seq: 1, Person: ada.Person[:], How: "ban"}, s.holderGrant, s.holder)
	back := s.entry(&wire.Remove{Seq: 2, Person: bob.Person[:], How: "lobby"}, s.helperGrant, s.helper)
	end := s.entry(&wire.End{Seq: 1}, s.holderGrant, s.holder)
	kick := func(verdict, name string, p *wire.Policy, removes []moderation.Coming, k ...[]byte) coming {
		return coming{verdict, name, p, moderation.Change{Removes: removes, Kicks: k}}
	}
	return s.all([]coming{
		kick("ok", "two kicks", s.lobby, list(bob, ada), remove, back),
		kick("ok", "a kick by a holder who was dismissed", dismissing(s.lobby, s.holder.mark()), list(ada), remove),
		kick("ok", "a kick before any policy", nil, list(ada), remove),
		kick("bad entry", "a kick of somebody who stays", s.lobby, list(bob), remove),
		kick("bad entry", "a kick, and nobody goes", s.lobby, nil, remove),
		kick("bad entry", "a kick by somebody dismissed", dismissing(s.lobby, s.helper.mark()), list(bob), back),
		kick("bad entry", "a kick signed by another than the grant names", s.lobby, list(bob),
			s.entry(&wire.Remove{Seq: 2, Person: bob.Person[:], How: "lobby"}, s.helperGrant, s.bob)),
		kick("bad entry", "a grant as a kick", s.lobby, list(s.holder.coming()), s.holderGrant),
		kick("bad entry", "an end as a kick", s.lobby, list(ada), end),
		kick("bad entry", "a kick changed", s.lobby, list(ada), flip(remove, 8*220)),
		kick("bad entry", "nothing", s.lobby, list(ada), nil),
	})
}
