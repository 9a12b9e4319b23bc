package group

import (
	"testing"

	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// lured founds a group of somebody who was not admitted, and reports whether p
// lets itself be added to it.
func (r *room) lured(p, stranger *person) bool {
	r.t.Helper()
	stranger.Know(r.sign(&wire.Policy{Seq: 1 << 30, Version: 1 << 30, Unmoderated: "lock"}), now) // its rules are its own
	r.enter(stranger, must(stranger.Found()))
	made := r.ask(stranger, &wire.Nominate{Adds: adding(p)})
	step := must(p.Welcome(&wire.Welcome{Epoch: 1, Welcome: made.Welcome}, now))
	return step.Epoch != nil
}

func TestWhoeverHasBeenInTheGroupFollowsNoStranger(t *testing.T) {
	r := newRoom(t)
	bob, cleo := r.guest(), r.guest()
	admitted := r.admit(bob)
	made := r.ask(r.chair, &wire.Nominate{Adds: adding(bob), Admissions: []wire.Signed{admitted}})
	r.order(made, []*person{r.chair}, []*person{bob})
	for _, p := range []*person{r.chair, bob} {
		if r.lured(p, r.guest()) {
			t.Error("a member followed a stranger")
		}
	}
	bob.Disband() // the server says that the group is given up
	if r.lured(bob, r.guest()) {
		t.Error("somebody whose group was given up followed a stranger")
	}
	if !r.lured(r.guest(), r.guest()) {
		t.Error("a newcomer cannot know; else this test shows nothing")
	}
	cleoAdmitted := r.admit(cleo)
	bob.Know(&cleoAdmitted, now)
	if !r.lured(bob, cleo) {
		t.Error("whoever was admitted meanwhile may invite")
	}
	mark := moderation.Mark(cleo.key[32:])
	newcomer := r.guest()
	r.rule(func(p *wire.Policy) { p.Barred = [][]byte{mark[:]} }, newcomer)
	if r.lured(newcomer, cleo) {
		t.Error("somebody barred invited a newcomer who knows the rules")
	}
}
