package group

import (
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// must returns v, which a sound input gives.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// room is a room of the tests: its moderator link, and the server that orders
// what its people commit.
type room struct {
	t         testing.TB
	link      *link.Link
	moderator *link.Moderator
	chair     *person // holder of M
	policy    *wire.Signed
	seq       uint64
}

// person is somebody in the room, or waiting.
type person struct {
	*Stay
	id    [PersonSize]byte
	key   ed25519.PrivateKey
	epoch *Epoch
}

func newRoom(t testing.TB) *room {
	t.Helper()
	l := must(link.New([32]byte{7}, [32]byte{8}))
	r := &room{t: t, link: l, moderator: must(link.NewModerator([32]byte{8}))}
	r.chair = r.person(l, Participant)
	r.enter(r.chair, must(r.chair.Found()))
	return r
}

// participant returns the participant link of the room.
func (r *room) participant() *link.Link {
	return &link.Link{Secret: r.link.Secret, Moderators: r.link.Moderators}
}

func (r *room) person(l *link.Link, role Role) *person {
	r.t.Helper()
	p := &person{key: ed25519.NewKeyFromSeed(random(32))}
	_, _ = rand.Read(p.id[:])
	p.Stay = must(New(l, nil, Self{p.id, p.key, role}))
	if r.policy != nil {
		p.Know(r.policy, now)
	}
	return p
}

func (r *room) guest() *person { return r.person(r.participant(), Participant) }

func (r *room) guests(n int) []*person {
	all := make([]*person, n)
	for i := range all {
		all[i] = r.guest()
	}
	return all
}

// enter takes a step that must lead into an epoch.
func (r *room) enter(p *person, step Step) {
	r.t.Helper()
	if step.Epoch == nil || step.Resync != nil {
		r.t.Fatal("no epoch entered")
	}
	p.epoch = step.Epoch
}

func (p *person) publicKey() moderation.Key { return moderation.Key(p.key[ed25519.SeedSize:]) }

// grant returns the chair's own grant.
func (r *room) grant() []byte {
	return moderation.NewOwnGrant(r.moderator, r.chair.room, r.chair.id, r.chair.publicKey(), now.Add(time.Hour))
}

// sign signs as the chair.
func (r *room) sign(s wire.Statement) *wire.Signed {
	r.t.Helper()
	return must(moderation.Sign(s, r.grant(), r.chair.key, r.chair.room))
}

func (r *room) next() uint64 {
	r.seq++
	return r.seq
}

// rule lays down a policy, which all of people get to know.
func (r *room) rule(change func(*wire.Policy), people ...*person) {
	r.t.Helper()
	p := *r.chair.Policy()
	p.Seq = r.next()
	p.Version++
	change(&p)
	r.policy = r.sign(&p)
	for _, one := range append(people, r.chair) {
		if !one.Know(r.policy, now) {
			r.t.Fatal("the policy does not hold")
		}
	}
}

func (r *room) open(people ...*person) {
	r.t.Helper()
	r.rule(func(p *wire.Policy) { p.Lobby = false }, people...)
}

// admit returns the chair's admission of people.
func (r *room) admit(people ...*person) wire.Signed {
	r.t.Helper()
	a := &wire.Admit{Seq: r.next(), Until: uint64(now.Add(time.Minute).UnixMilli())}
	for _, p := range people {
		a.People = append(a.People, wire.Admitted{
			Person: slices.Clone(p.id[:]), Key: p.key[ed25519.SeedSize:], Viewer: p.self.Role == Viewer,
		})
	}
	return *r.sign(a)
}

// adding names people with fresh KeyPackages.
func adding(people ...*person) []wire.Adding {
	var all []wire.Adding
	for _, p := range people {
		all = append(all, wire.Adding{Person: slices.Clone(p.id[:]), KeyPackage: must(p.KeyPackage())})
	}
	return all
}

func ids(people ...*person) [][]byte {
	var all [][]byte
	for _, p := range people {
		all = append(all, slices.Clone(p.id[:]))
	}
	return all
}

// ask nominates by for what n says, in its present epoch.
func (r *room) ask(by *person, n *wire.Nominate) *wire.Commit {
	r.t.Helper()
	n.Epoch = by.Number()
	made := by.Nominate(n, now)
	if made == nil {
		r.t.Fatal("nothing was committed")
	}
	return made
}

// order makes a commit win: everybody in members follows it, and everybody in
// newcomers enters.
func (r *room) order(made *wire.Commit, members, newcomers []*person) {
	r.t.Helper()
	for _, p := range members {
		r.enter(p, must(p.Committed(&wire.Committed{Epoch: made.Epoch, Commit: made.Commit}, now)))
	}
	for _, p := range newcomers {
		r.enter(p, must(p.Welcome(&wire.Welcome{Epoch: made.Epoch + 1, Welcome: made.Welcome}, now)))
	}
	r.agree(slices.Concat(members, newcomers)...)
}

// agree checks that people have the same epoch, keys and members.
func (r *room) agree(people ...*person) {
	r.t.Helper()
	first := people[0].epoch
	for _, p := range people {
		e := p.epoch
		if e.Number != first.Number || e.BaseKey != first.BaseKey || e.Authenticator != first.Authenticator ||
			e.GroupID != first.GroupID || !slices.Equal(e.Seats, first.Seats) {
			r.t.Fatal("members do not agree")
		}
	}
}
