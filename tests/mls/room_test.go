package mls

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"paravent/e2ee/group"
	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// member is somebody of either implementation.
type member struct {
	id     [group.PersonSize]byte
	key    [ed25519.PublicKeySize]byte
	viewer bool
	stay   *group.Stay // nil: of the other implementation
}

func (m *member) name() string { return hex.EncodeToString(m.id[:]) }

// room is one room with its link, its rules and a moderator who signs.
type room struct {
	t          testing.TB
	d          *driver
	link       *link.Link
	moderator  *link.Moderator
	id         moderation.ID
	chair      ed25519.PrivateKey
	grant      []byte
	seq        uint64
	policy     *wire.Policy
	signed     *wire.Signed
	generation *link.Generation // nil: the first
	members    []*member
	leaves     map[string]uint32 // by name
	state      string            // what the members agreed on last
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRoom(t testing.TB, d *driver) *room {
	t.Helper()
	var secret, moderator [link.SecretSize]byte
	_, _ = rand.Read(secret[:])
	_, _ = rand.Read(moderator[:])
	l, err := link.New(secret, moderator)
	check(t, err)
	keys, err := link.NewModerator(moderator)
	check(t, err)
	derived, err := l.Room()
	check(t, err)
	_, chair, err := ed25519.GenerateKey(nil)
	check(t, err)
	r := &room{t: t, d: d, link: l, moderator: keys, id: derived.ID, chair: chair, policy: moderation.NoPolicy()}
	r.grant = moderation.NewOwnGrant(keys, r.id, moderation.ID{1}, moderation.Key(chair[32:]), now.Add(time.Hour))
	opened := d.must(map[string]any{
		"do": "open", "secret": hex.EncodeToString(secret[:]), "moderators": hex.EncodeToString(l.Moderators[:]), "now": now.UnixMilli(),
	})
	if opened.Room != hex.EncodeToString(r.id[:]) {
		t.Fatal("another room id")
	}
	return r
}

func (r *room) sign(s wire.Statement) *wire.Signed {
	r.t.Helper()
	signed, err := moderation.Sign(s, r.grant, r.chair, r.id)
	check(r.t, err)
	return signed
}

// rule lays down new rules, which everybody gets to know.
func (r *room) rule(change func(*wire.Policy)) {
	r.t.Helper()
	p := *r.policy
	r.seq++
	p.Seq, p.Version = r.seq, p.Version+1
	change(&p)
	r.policy, r.signed = &p, r.sign(&p)
	told := r.d.must(map[string]any{"do": "rules", "signed": map[string]string{
		"statement": r.signed.Statement,
		"grant":     hex.EncodeToString(r.signed.Grant),
		"signature": hex.EncodeToString(r.signed.Signature),
	}})
	if !told.Holds {
		r.t.Fatal("the rules do not hold there")
	}
	for _, m := range r.members {
		if m.stay != nil && !m.stay.Know(r.signed, now) {
			r.t.Fatal("the rules do not hold here")
		}
	}
}

// admit lets people in and returns the statement.
func (r *room) admit(people []*member) wire.Signed {
	r.t.Helper()
	r.seq++
	a := &wire.Admit{Seq: r.seq, Until: uint64(now.Add(time.Minute).UnixMilli()), People: []wire.Admitted{}}
	for _, m := range people {
		a.People = append(a.People, wire.Admitted{Person: m.id[:], Key: m.key[:], Viewer: m.viewer})
	}
	return *r.sign(a)
}

// arrive makes somebody of this (ours) or of the other implementation who is
// not in the group yet. Some of ours have the moderator link.
func (r *room) arrive(ours, viewer, holder bool) *member {
	r.t.Helper()
	m := &member{viewer: viewer}
	if !ours {
		made := r.d.must(map[string]any{"do": "person", "viewer": viewer})
		copy(m.id[:], unhex(r.t, made.ID))
		copy(m.key[:], unhex(r.t, made.Key))
		return m
	}
	_, key, err := ed25519.GenerateKey(nil)
	check(r.t, err)
	_, _ = rand.Read(m.id[:])
	copy(m.key[:], key[32:])
	l := &link.Link{Secret: r.link.Secret, Moderators: r.link.Moderators, Generation: r.generation}
	if holder {
		l = r.link
	}
	role := group.Participant
	if viewer {
		role = group.Viewer
	}
	m.stay, err = group.New(l, nil, group.Self{Person: m.id, Key: key, Role: role})
	check(r.t, err)
	if r.signed != nil {
		m.stay.Know(r.signed, now)
	}
	return m
}

// keyPackage returns a fresh KeyPackage of somebody.
func (r *room) keyPackage(m *member) []byte {
	r.t.Helper()
	if m.stay == nil {
		return unhex(r.t, r.d.must(map[string]any{"do": "package", "who": m.name()}).KeyPackage)
	}
	b, err := m.stay.KeyPackage()
	check(r.t, err)
	return b
}

// describe writes an epoch as the other implementation does.
func describe(e *group.Epoch) string {
	parts := []string{fmt.Sprint(e.Number), hex.EncodeToString(e.Authenticator[:]), hex.EncodeToString(e.BaseKey[:])}
	for _, s := range e.Seats {
		parts = append(parts, fmt.Sprintf("%d:%x:%d", s.Leaf, s.Person, s.Role))
	}
	return strings.Join(parts, " ")
}

// found makes the group with its first member.
func (r *room) found(m *member) {
	r.t.Helper()
	var state string
	if m.stay == nil {
		state = r.d.must(map[string]any{"do": "found", "who": m.name()}).States[m.name()]
	} else {
		step, err := m.stay.Found()
		check(r.t, err)
		state = describe(step.Epoch)
	}
	r.settle([]*member{m}, state)
}

// settle notes what everybody has come to.
func (r *room) settle(members []*member, state string) {
	r.members, r.state, r.leaves = members, state, map[string]uint32{}
	for _, seat := range strings.Fields(state)[3:] {
		var leaf uint32
		parts := strings.Split(seat, ":")
		_, _ = fmt.Sscan(parts[0], &leaf)
		r.leaves[parts[1]] = leaf
	}
}

// change is what a commit is to do.
type change struct {
	removes, adds []*member
	admitted      []*member        // of adds: they need it
	asleep        map[*member]bool // of removes: they are not told, having lost their connection
	begins        *link.Generation
}

// commit has a member commit; "" as Welcome if nobody is added.
func (r *room) commit(by *member, c *change) (commit, welcome []byte) {
	r.t.Helper()
	if by.stay == nil {
		return r.commitThere(by, c)
	}
	var made *wire.Commit
	if c.begins != nil {
		made = by.stay.Rotate(now)
	} else {
		n := &wire.Nominate{Epoch: by.stay.Number()}
		for _, m := range c.removes {
			n.Removes = append(n.Removes, m.id[:])
		}
		for _, m := range c.adds {
			n.Adds = append(n.Adds, wire.Adding{Person: m.id[:], KeyPackage: r.keyPackage(m)})
		}
		if len(c.admitted) > 0 {
			n.Admissions = []wire.Signed{r.admit(c.admitted)}
		}
		made = by.stay.Nominate(n, now)
	}
	if made == nil || len(made.Adds) != len(c.adds) {
		r.t.Fatal("nothing, or not everything, was committed")
	}
	return made.Commit, made.Welcome
}

func (r *room) commitThere(by *member, c *change) (commit, welcome []byte) {
	r.t.Helper()
	removes, adds, admissions := []uint32{}, []string{}, []string{}
	for _, m := range c.removes {
		removes = append(removes, r.leaves[m.name()])
	}
	for _, m := range c.adds {
		adds = append(adds, hex.EncodeToString(r.keyPackage(m)))
	}
	if len(c.admitted) > 0 {
		signed := r.admit(c.admitted)
		entry, err := moderation.Entry(&signed)
		check(r.t, err)
		admissions = append(admissions, hex.EncodeToString(entry))
	}
	order := map[string]any{"do": "commit", "who": by.name(), "adds": adds, "removes": removes, "admissions": admissions}
	if c.begins != nil {
		order["generation"] = map[string]any{"number": c.begins.Number, "secret": hex.EncodeToString(c.begins.Secret[:])}
	}
	made := r.d.must(order)
	return unhex(r.t, made.Commit), unhex(r.t, made.Welcome)
}

// step makes a commit and has everybody follow it, who must agree.
func (r *room) step(by *member, c *change) {
	r.t.Helper()
	commit, welcome := r.commit(by, c)
	var stay []*member
	leaving := map[*member]bool{}
	for _, m := range c.removes {
		leaving[m] = true
	}
	for _, m := range r.members {
		if !leaving[m] {
			stay = append(stay, m)
		}
	}
	there := make(chan map[string]string, 1)
	go func() {
		defer close(there) // also when the test has failed in there
		there <- r.orderThere(by, commit, welcome, c)
	}()
	states := r.orderHere(commit, welcome, c)
	maps.Copy(states, <-there)
	for _, m := range c.removes {
		if !c.asleep[m] && states[m.name()+" leaving"] != "removed" {
			r.t.Fatal("the removed go on")
		}
	}
	everybody := append(stay, c.adds...)
	now := states[by.name()]
	for _, m := range everybody {
		if states[m.name()] != now {
			r.t.Fatalf("members do not agree:\n%s\n%s", states[m.name()], now)
		}
	}
	if now == r.state || len(strings.Fields(now)) != 3+len(everybody) {
		r.t.Fatal("not a new epoch of these people")
	}
	r.settle(everybody, now)
	if g := c.begins; g != nil {
		r.generation = g
		r.d.must(map[string]any{"do": "link", "number": g.Number, "secret": hex.EncodeToString(g.Secret[:])})
	}
}

// orderThere has the other implementation follow.
func (r *room) orderThere(by *member, commit, welcome []byte, c *change) map[string]string {
	states := map[string]string{}
	ask := func(author string, followers, newcomers []string) map[string]string {
		return r.d.must(map[string]any{
			"do": "order", "author": author, "commit": hex.EncodeToString(commit), "welcome": hex.EncodeToString(welcome),
			"followers": followers, "newcomers": newcomers,
		}).States
	}
	author, followers, leaving, newcomers := "", []string{}, []string{}, []string{}
	gone := map[*member]bool{}
	for _, m := range c.removes {
		gone[m] = true
	}
	for _, m := range r.members {
		switch {
		case m.stay != nil || c.asleep[m]:
		case m == by:
			author = m.name()
		case gone[m]:
			leaving = append(leaving, m.name())
		default:
			followers = append(followers, m.name())
		}
	}
	for _, m := range c.adds {
		if m.stay == nil {
			newcomers = append(newcomers, m.name())
		}
	}
	for name, state := range ask("", leaving, []string{}) {
		states[name+" leaving"] = state
	}
	maps.Copy(states, ask(author, followers, newcomers))
	return states
}

// orderHere has ours follow.
func (r *room) orderHere(commit, welcome []byte, c *change) map[string]string {
	r.t.Helper()
	states := map[string]string{}
	gone := map[*member]bool{}
	for _, m := range c.removes {
		gone[m] = true
	}
	for _, m := range r.members {
		if m.stay == nil || c.asleep[m] {
			continue
		}
		step, err := m.stay.Committed(&wire.Committed{Epoch: m.stay.Number(), Commit: commit}, now)
		check(r.t, err)
		switch {
		case gone[m] && step.Forget && step.Epoch == nil:
			states[m.name()+" leaving"] = "removed"
		case step.Epoch != nil:
			states[m.name()] = describe(step.Epoch)
		}
	}
	var epoch uint64
	_, _ = fmt.Sscan(strings.Fields(r.state)[0], &epoch)
	for _, m := range c.adds {
		if m.stay == nil {
			continue
		}
		step, err := m.stay.Welcome(&wire.Welcome{Epoch: epoch + 1, Welcome: welcome}, now)
		check(r.t, err)
		if step.Epoch != nil {
			states[m.name()] = describe(step.Epoch)
		}
	}
	return states
}
