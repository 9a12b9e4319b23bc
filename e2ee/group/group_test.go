package group

import (
	"slices"
	"testing"
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

func TestComeAndGo(t *testing.T) {
	r := newRoom(t)
	r.open()
	people := r.guests(5)
	r.order(r.ask(r.chair, &wire.Nominate{Adds: adding(people...)}), []*person{r.chair}, people)
	if !r.chair.epoch.Mine || len(r.chair.epoch.Added) != 5 || people[0].epoch.Mine || !people[0].epoch.Anew {
		t.Error("who made the epoch, and how, is not told")
	}
	all := append(people, r.chair)

	leaving := people[2]
	before := leaving.epoch
	made := r.ask(people[1], &wire.Nominate{Removes: ids(leaving)})
	step := must(leaving.Committed(&wire.Committed{Epoch: made.Epoch, Commit: made.Commit}, now))
	if !step.Forget || step.Epoch != nil || leaving.Number() != 0 || leaving.Export("x", nil, 16) != nil {
		t.Error("who was removed goes on")
	}
	all = slices.DeleteFunc(all, func(p *person) bool { return p == leaving })
	r.order(made, all, nil)
	if r.chair.epoch.BaseKey == before.BaseKey || !slices.Equal(r.chair.epoch.Removed, []uint32{before.Leaf}) {
		t.Error("the epoch after a removal")
	}
	r.order(r.ask(people[4], &wire.Nominate{}), all, nil)
}

func TestResync(t *testing.T) {
	r := newRoom(t)
	r.open()
	people := r.guests(3)
	r.order(r.ask(r.chair, &wire.Nominate{Adds: adding(people...)}), []*person{r.chair}, people)
	stuck := people[1]
	rest := []*person{r.chair, people[0], people[2]}
	missed := r.ask(people[0], &wire.Nominate{})
	r.order(missed, rest, nil)
	later := r.ask(people[2], &wire.Nominate{})
	r.order(later, rest, nil)
	r.rule(func(p *wire.Policy) { p.Lobby, p.Locked = true, true }, people...) // who comes back needs no admission

	step := must(stuck.Committed(&wire.Committed{Epoch: later.Epoch, Commit: later.Commit}, now))
	if step.Resync == nil || step.Forget || step.Resync.Epoch != stuck.Number() {
		t.Fatal("no resync asked for")
	}
	again := must(stuck.Lost(now.Add(9 * time.Second)))
	if again.Resync != nil {
		t.Error("asked again too soon")
	}
	back := wire.Adding{Person: ids(stuck)[0], KeyPackage: step.Resync.KeyPackage}
	made := r.ask(r.chair, &wire.Nominate{Adds: []wire.Adding{back}, Removes: ids(stuck)})
	if len(made.Adds) != 1 || len(made.Removes) != 1 {
		t.Fatal("not removed and added")
	}
	r.order(made, rest, []*person{stuck})
	if step := must(stuck.Lost(now)); step.Resync == nil {
		t.Error("the resync is over, and another may be asked for")
	}
}

func TestTwoCommitsForOneEpoch(t *testing.T) {
	r := newRoom(t)
	r.open()
	people := r.guests(2)
	r.order(r.ask(r.chair, &wire.Nominate{Adds: adding(people...)}), []*person{r.chair}, people)
	all := append(people, r.chair)
	first, second := r.ask(people[0], &wire.Nominate{}), r.ask(people[1], &wire.Nominate{})
	r.order(first, all, nil)
	before := r.chair.epoch
	people[1].Rejected(&wire.Rejected{Epoch: second.Epoch})
	for _, p := range all {
		// The one that lost, and the one that won once more: both of an epoch gone by.
		for _, m := range []*wire.Commit{first, second} {
			if step := must(p.Committed(&wire.Committed{Epoch: m.Epoch, Commit: m.Commit}, now)); step != (Step{}) {
				t.Error("a commit of an epoch gone by has an effect")
			}
		}
		// A server that says it were of this epoch.
		step := must(p.Committed(&wire.Committed{Epoch: p.Number(), Commit: second.Commit}, now))
		if step.Epoch != nil || step.Resync == nil || p.Number() != before.Number {
			t.Error("a replayed commit is taken")
		}
	}
}

// A server that shows some one commit and others another splits the group:
// their safety codes differ, and neither can follow the other again.
func TestFork(t *testing.T) {
	r := newRoom(t)
	r.open()
	people := r.guests(3)
	r.order(r.ask(r.chair, &wire.Nominate{Adds: adding(people...)}), []*person{r.chair}, people)
	left, right := []*person{r.chair, people[0]}, []*person{people[1], people[2]}
	r.order(r.ask(r.chair, &wire.Nominate{}), left, nil)
	r.order(r.ask(people[1], &wire.Nominate{}), right, nil)
	if left[0].epoch.Number != right[0].epoch.Number || left[0].epoch.Authenticator == right[0].epoch.Authenticator ||
		left[0].epoch.BaseKey == right[0].epoch.BaseKey {
		t.Fatal("two branches look alike")
	}
	made := r.ask(people[0], &wire.Nominate{})
	if step := must(people[1].Committed(&wire.Committed{Epoch: made.Epoch, Commit: made.Commit}, now)); step.Epoch != nil || step.Resync == nil {
		t.Error("a commit of the other branch is taken")
	}
}

func TestRotation(t *testing.T) {
	r := newRoom(t)
	r.open()
	people := r.guests(3)
	r.order(r.ask(r.chair, &wire.Nominate{Adds: adding(people...)}), []*person{r.chair}, people)
	all := append(people, r.chair)
	if r.chair.Rotate(now) != nil {
		t.Error("begins a generation that nobody ordered")
	}
	g := must(link.NewGeneration(*r.link.Moderator, 1))
	join := must(g.Join())
	wanted := &wire.Generation{Number: 1, Key: join[32:]}
	r.rule(func(p *wire.Policy) { p.Generation = wanted }, people...)
	if people[0].Rotate(now) != nil {
		t.Error("without the moderator link")
	}
	made := r.chair.Rotate(now)
	// Another commit wins; then the holder tries again.
	r.order(r.ask(people[0], &wire.Nominate{}), all, nil)
	if step := must(people[1].Committed(&wire.Committed{Epoch: people[1].Number(), Commit: made.Commit}, now)); step.Epoch != nil {
		t.Error("a rotation of the epoch before is taken")
	}
	people[1].lost = time.Time{}
	made = r.chair.Rotate(now)
	r.order(made, all, nil)
	for _, p := range all {
		if p.epoch.Generation == nil || *p.epoch.Generation != *g {
			t.Fatal("the new link is not told")
		}
	}

	// Newcomers need the new generation; a link of it holds both.
	late, old := r.person(&link.Link{Secret: r.link.Secret, Moderators: r.link.Moderators, Generation: g}, Participant), r.guest()
	made = r.ask(people[2], &wire.Nominate{Adds: adding(late, old)})
	r.order(made, all, []*person{late})
	if step := must(old.Welcome(&wire.Welcome{Epoch: made.Epoch + 1, Welcome: made.Welcome}, now)); step.Epoch != nil || step.Resync == nil {
		t.Error("the old link opens the new generation")
	}
	// A group founded anew begins with the newest generation.
	r.enter(people[0], must(people[0].Found()))
	if people[0].present.generation != 1 {
		t.Error("regroups under an old link")
	}
}

func TestPassphrase(t *testing.T) {
	r := newRoom(t)
	words := make([]byte, 32)
	self := func() Self { return Self{Person: [16]byte(random(16)), Key: r.chair.key, Role: Participant} }
	first := &person{Stay: must(New(r.participant(), words, self()))}
	r.enter(first, must(first.Found()))
	for _, other := range []*person{r.guest(), {Stay: must(New(r.participant(), random(32), Self{Person: [16]byte(random(16)), Key: r.guest().key, Role: Participant}))}} {
		other.id = other.self.Person
		first.rules = r.chair.rules
		made := first.Nominate(&wire.Nominate{Adds: adding(other), Admissions: []wire.Signed{admission(r, other)}}, now)
		if made == nil {
			t.Fatal("nobody added")
		}
		if step := must(other.Welcome(&wire.Welcome{Epoch: made.Epoch + 1, Welcome: made.Welcome}, now)); step.Epoch != nil {
			t.Error("enters without the passphrase")
		}
		first.Rejected(&wire.Rejected{Epoch: made.Epoch})
	}
	right := r.guest()
	right.Stay = must(New(r.participant(), words, right.self))
	made := first.Nominate(&wire.Nominate{Adds: adding(right), Admissions: []wire.Signed{admission(r, right)}}, now)
	r.order(made, []*person{first}, []*person{right})
}

// admission lets in somebody whose keys may not be those of p.key.
func admission(r *room, p *person) wire.Signed {
	p.key = p.self.Key
	return r.admit(p)
}
