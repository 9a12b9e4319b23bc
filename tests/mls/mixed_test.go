package mls

import (
	"crypto/ed25519"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

var (
	factor = flag.Int("mixed", 1, "how many times 1000 random commits are made")
	seed   = flag.Uint64("seed", 0, "what happens in the random commits; 0: something new")
)

// plans are groups of mixed members: how many there are about, and how many
// commits they make. Every member works on every commit, so the large groups
// are few.
var plans = []struct{ size, commits int }{
	{1, 40}, {2, 450}, {3, 300}, {5, 110}, {8, 50}, {13, 26}, {24, 14}, {64, 10},
}

// history makes random commits in one room.
type history struct {
	*room
	random *rand.Rand
	size   int
}

func (h *history) chance(p float64) bool { return h.random.Float64() < p }

// take removes n random people from list and returns them.
func (h *history) take(list *[]*member, n int) []*member {
	var taken []*member
	for range min(n, len(*list)) {
		i := h.random.IntN(len(*list))
		taken = append(taken, (*list)[i])
		*list = append((*list)[:i:i], (*list)[i+1:]...)
	}
	return taken
}

// newcomers arrive, of both kinds.
func (h *history) newcomers(n int) []*member {
	var all []*member
	for range n {
		all = append(all, h.arrive(h.chance(0.5), h.chance(0.15), h.chance(0.2)))
	}
	return all
}

// wish chooses who goes, who comes back with a new leaf, and who comes.
func (h *history) wish(by *member) *change {
	var others []*member
	for _, m := range h.members {
		if m != by {
			others = append(others, m)
		}
	}
	c := &change{asleep: map[*member]bool{}}
	kind := h.random.Float64()
	if kind < 0.1 {
		return c
	}
	var again []*member
	if kind < 0.3 {
		again = h.take(&others, 1+h.random.IntN(2))
	}
	surplus := len(h.members) - h.size
	if kind < 0.55 {
		c.removes = h.take(&others, max(0, surplus)+h.random.IntN(1+(h.size+5)/6))
	}
	wanted := 0
	if surplus < 0 && h.chance(0.7) {
		wanted = min(-surplus, 1+h.random.IntN(40))
	}
	if kind > 0.4 {
		wanted += h.random.IntN(3)
	}
	fresh := h.newcomers(min(wanted, 64-len(again)))
	for _, m := range again {
		c.asleep[m] = h.chance(0.5)
	}
	c.removes = append(c.removes, again...)
	c.adds = append(append(c.adds, again...), fresh...)
	h.random.Shuffle(len(c.adds), func(i, j int) { c.adds[i], c.adds[j] = c.adds[j], c.adds[i] })
	if h.policy.Lobby || h.policy.Locked {
		c.admitted = fresh
	}
	return c
}

// rotation has a new link generation begun, by whoever of the members can.
func (h *history) rotation() bool {
	number := uint32(1)
	if h.generation != nil {
		number = h.generation.Number + 1
	}
	g, err := link.NewGeneration(*h.link.Moderator, number)
	check(h.t, err)
	join, err := g.Join()
	check(h.t, err)
	wanted := &wire.Generation{Number: uint64(number), Key: join[ed25519.SeedSize:]}
	if p := h.policy.Generation; p == nil || p.Number != wanted.Number {
		h.rule(func(p *wire.Policy) { p.Generation = wanted })
	}
	for _, i := range h.random.Perm(len(h.members)) {
		by := h.members[i]
		if by.stay == nil || by.stay.Rotate(now) != nil {
			if by.stay != nil {
				by.stay.Rejected(&wire.Rejected{Epoch: by.stay.Number()})
			}
			h.step(by, &change{begins: g})
			return true
		}
	}
	return false
}

func (h *history) next() {
	if h.chance(0.05) {
		h.rule(func(p *wire.Policy) { p.Lobby, p.Locked = h.chance(0.5), h.chance(0.2) })
	}
	if h.chance(0.02) && h.rotation() {
		return
	}
	by := h.members[h.random.IntN(len(h.members))]
	h.step(by, h.wish(by))
}

// TestMixedMembers: after each of a thousand random commits of rotating
// committers of both implementations everybody has the same epoch
// authenticator, base key and members. With -short of fewer commits.
func TestMixedMembers(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d", s)
	d := start(t)
	random := rand.New(rand.NewPCG(s, s))
	commits, largest := 0, 0
	part := 1
	if testing.Short() {
		part = 8 // one commit of eight
	}
	for range *factor {
		for i, plan := range plans {
			plan.commits /= part
			began := time.Now()
			h := &history{newRoom(t, d), random, plan.size}
			h.found(h.arrive(i%2 == 0, false, true))
			for range plan.commits {
				h.next()
				commits++
				largest = max(largest, len(h.members))
			}
			t.Logf("%d commits around %d members: %v", plan.commits, plan.size, time.Since(began).Round(time.Millisecond))
		}
	}
	t.Logf("%d commits, at most %d members", commits, largest)
}
