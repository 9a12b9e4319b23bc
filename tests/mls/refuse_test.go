package mls

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"paravent/e2ee/group"
	"paravent/signaling/wire"
)

// refusesThere says whether a member of the other implementation refuses a
// commit as being of this kind ("": any).
func (r *room) refusesThere(m *member, commit []byte, kind string) bool {
	r.t.Helper()
	a := r.d.ask(map[string]any{
		"do": "order", "author": "", "commit": hex.EncodeToString(commit), "welcome": "",
		"followers": []string{m.name()}, "newcomers": []string{},
	})
	return a.Fault != "" && (kind == "" || a.Fault == kind)
}

// refusesHere says whether one of ours refuses a commit and keeps its epoch.
func (r *room) refusesHere(m *member, commit []byte) bool {
	r.t.Helper()
	before := m.stay.Number()
	step, err := m.stay.Committed(&wire.Committed{Epoch: before, Commit: commit}, now)
	check(r.t, err)
	return step.Epoch == nil && !step.Forget && m.stay.Number() == before
}

// TestBothRefuse shows each implementation what the other, or nobody, would
// have committed.
func TestBothRefuse(t *testing.T) {
	r := newRoom(t, start(t))
	ours, theirs := r.arrive(true, false, true), r.arrive(false, false, false)
	second, fourth := r.arrive(true, false, false), r.arrive(false, false, false)
	r.found(ours)
	crowd := []*member{theirs, second, fourth}
	r.step(ours, &change{adds: crowd, admitted: crowd})

	// Bits turned on the way, in commits of both.
	for _, by := range []*member{ours, theirs} {
		commit, _ := r.commit(by, &change{removes: []*member{}})
		for range 40 {
			turned := bytes.Clone(commit)
			turned[rand.IntN(len(turned))] ^= 1 << rand.IntN(8)
			if !r.refusesThere(fourth, turned, "") || !r.refusesHere(second, turned) {
				t.Fatal("a turned bit is taken")
			}
		}
		if by.stay != nil {
			by.stay.Rejected(&wire.Rejected{Epoch: by.stay.Number()})
		}
	}

	// Rules that the committer does not know, or lies about: a newcomer without admission.
	guest := r.arrive(true, false, false)
	lobby := *r.policy
	r.rule(func(p *wire.Policy) { p.Lobby = false })
	withoutHere, _ := r.commit(ours, &change{adds: []*member{guest}})
	withoutThere, _ := r.commit(theirs, &change{adds: []*member{guest}})
	r.rule(func(p *wire.Policy) { p.Lobby = lobby.Lobby })
	for _, commit := range [][]byte{withoutHere, withoutThere} {
		if !r.refusesThere(fourth, commit, "profile") || !r.refusesHere(second, commit) {
			t.Error("somebody comes in whom nobody has admitted")
		}
	}
	ours.stay.Rejected(&wire.Rejected{Epoch: ours.stay.Number()})

	// Somebody with a link of another room, and of an epoch gone by.
	old, _ := r.commit(theirs, &change{})
	r.step(theirs, &change{})
	if !r.refusesThere(fourth, old, "epoch") || !r.refusesHere(second, old) {
		t.Error("a commit of the epoch before is taken")
	}

	// Two commits for one epoch split the group: the codes differ, and neither half can follow the other.
	left, _ := r.commit(ours, &change{})
	right, _ := r.commit(theirs, &change{})
	step, err := second.stay.Committed(&wire.Committed{Epoch: second.stay.Number(), Commit: left}, now)
	check(t, err)
	there := r.d.must(map[string]any{
		"do": "order", "author": "", "commit": hex.EncodeToString(right), "welcome": "",
		"followers": []string{fourth.name()}, "newcomers": []string{},
	}).States[fourth.name()]
	if here := describe(step.Epoch); here == there || strings.Fields(here)[0] != strings.Fields(there)[0] {
		t.Error("two branches agree, or are not of one number")
	}
	if !r.refusesThere(fourth, left, "epoch") || !r.refusesHere(second, right) {
		t.Error("a half follows the other")
	}
}

// TestAnotherRoom lets somebody with another link knock at both.
func TestAnotherRoom(t *testing.T) {
	d := start(t)
	elsewhere := newRoom(t, d)
	stranger := elsewhere.arrive(true, false, false)
	r := newRoom(t, d)
	ours, theirs := r.arrive(true, false, true), r.arrive(false, false, false)
	r.found(ours)
	r.step(ours, &change{adds: []*member{theirs}, admitted: []*member{theirs}})
	r.rule(func(p *wire.Policy) { p.Lobby = false })
	offered := r.keyPackage(stranger)
	made := ours.stay.Nominate(&wire.Nominate{
		Epoch: ours.stay.Number(), Adds: []wire.Adding{{Person: stranger.id[:], KeyPackage: offered}},
	}, now)
	if made == nil || len(made.Adds) > 0 {
		t.Error("added by ours")
	}
	a := d.ask(map[string]any{
		"do": "commit", "who": theirs.name(), "adds": []string{hex.EncodeToString(offered)}, "removes": []int{}, "admissions": []string{},
	})
	if a.Fault != "profile" {
		t.Error("added by theirs: ", a.Fault)
	}
	if _, err := ours.stay.ReadKeyPackage(offered); err == nil {
		t.Error("a stranger's KeyPackage looks like one of the room")
	}
	if seat, err := ours.stay.ReadKeyPackage(r.keyPackage(theirs)); err != nil || seat.Person != theirs.id ||
		seat.Role != group.Participant || !slices.Equal(seat.Key[:], theirs.key[:]) {
		t.Error("theirs does not: ", err)
	}
}
