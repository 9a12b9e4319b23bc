package group

import (
	"bytes"
	"crypto/ed25519"
	"slices"

	"paravent/e2ee/mls"
)

// roster is everybody in the group, by leaf number.
type roster map[uint32]Seat

// rosterOf checks every leaf of a group and returns whose they are; key is
// k_leaf.
func rosterOf(g *mls.Group, key []byte) (roster, error) {
	r := roster{}
	for _, m := range g.Members() {
		s, err := seatOf(m.Leaf, m.Index, key)
		if err != nil {
			return nil, err
		}
		r[m.Index] = s
	}
	return r, checkSeats(r.all())
}

// all returns the seats by leaf.
func (r roster) all() []Seat {
	all := make([]Seat, 0, len(r))
	for _, s := range r {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Seat) int { return int(a.Leaf) - int(b.Leaf) })
	return all
}

// find returns the seat of a person.
func (r roster) find(person []byte) (Seat, bool) {
	for _, s := range r {
		if bytes.Equal(s.Person[:], person) {
			return s, true
		}
	}
	return Seat{}, false
}

// checkSeats checks that everybody in a group is in it once, and that their
// leaves can be named by a key id.
func checkSeats(seats []Seat) error {
	if len(seats) > MembersMax {
		return profile("at most 500 members")
	}
	people := make(map[[PersonSize]byte]bool, len(seats))
	keys := make(map[[ed25519.PublicKeySize]byte]bool, len(seats))
	for _, s := range seats {
		if s.Leaf > LeafMax {
			return profile("leaves that a key id can hold")
		}
		if people[s.Person] || keys[s.Key] {
			return profile("one leaf and one key a person")
		}
		people[s.Person], keys[s.Key] = true, true
	}
	return nil
}
