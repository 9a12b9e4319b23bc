package group

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/mls"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

const (
	baseKeyLabel = "SFrame 1.0 Base Key" // RFC 9605, section 5.2
	packagesMax  = 4                     // KeyPackages given out and not yet used; older ones are erased
	pendingMax   = 4                     // commits of one's own on their way for one epoch
)

// present is the epoch that a person is in.
type present struct {
	group      *mls.Group
	roster     roster
	generation uint32 // link generation whose PSK the group takes
}

// pending is a commit of one's own that the server may order.
type pending struct {
	commit  []byte
	next    *present
	allowed *allowed
}

// Stay is one person's stay in one room, as far as the group is concerned. It
// is not safe for concurrent use.
type Stay struct {
	self       Self
	identity   []byte
	room       moderation.ID
	moderators moderation.ID // mh
	leafMAC    []byte
	links      *links
	rules      *moderation.Said            // the Policy that holds; nil: version 0
	kicks      map[[PersonSize]byte][]byte // entries of Remove statements not carried out yet
	vouched    map[who]*moderation.Grant   // for whom a moderator has spoken, and under which grant
	known      roster                      // who was in the group when this person was last in it

	packages []*mls.Own // oldest first
	present  *present   // nil outside a group
	pending  []pending  // oldest first
	last     uint32     // link generation of the group that this person is in, or was in last
	been     bool       // in a group, now or earlier
	lost     time.Time  // when a resync was last asked for; zero while the group can be followed
}

// New begins a stay. l is the person's link, passphrase what link.Stretch made
// of the words that the person said (32 bytes), or nil. Self is copied.
func New(l *link.Link, passphrase []byte, self Self) (*Stay, error) {
	if len(self.Key) != ed25519.PrivateKeySize || leafLabels[self.Role] == "" {
		return nil, profile("a signature key and a role")
	}
	room, err := l.Room()
	if err != nil {
		return nil, err
	}
	known, err := linksOf(l, room, passphrase)
	if err != nil {
		return nil, err
	}
	self.Key = slices.Clone(self.Key)
	return &Stay{
		self:       self,
		identity:   identityOf(room.LeafMAC, self.Role, self.Person, self.Key[ed25519.SeedSize:]),
		room:       room.ID,
		moderators: l.Moderators,
		leafMAC:    room.LeafMAC,
		links:      known,
		kicks:      map[[PersonSize]byte][]byte{},
		vouched:    map[who]*moderation.Grant{},
	}, nil
}

// KeyPackage makes a fresh KeyPackage, for Join, Resume and Resync. The private
// keys of the last four are kept until a Welcome for one of them is used.
func (s *Stay) KeyPackage() ([]byte, error) {
	own, err := mls.NewKeyPackage(s.identity, s.self.Key)
	if err != nil {
		return nil, err
	}
	s.packages = append(s.packages, own)
	for len(s.packages) > packagesMax {
		s.packages[0].Erase(nil)
		s.packages = s.packages[1:]
	}
	return own.Message(), nil
}

// ReadKeyPackage returns whose KeyPackage this is; Leaf is 0. It fails unless
// the KeyPackage is sound and its MAC is that of this room.
func (s *Stay) ReadKeyPackage(b []byte) (Seat, error) {
	_, seat, err := s.readKeyPackage(b)
	return seat, err
}

func (s *Stay) readKeyPackage(b []byte) (*mls.KeyPackage, Seat, error) {
	if len(b) > keyPackageMax {
		return nil, Seat{}, profile("a key package within the limit")
	}
	k, err := mls.ReadKeyPackage(b)
	if err != nil {
		return nil, Seat{}, err
	}
	seat, err := seatOf(k.Leaf(), 0, s.leafMAC)
	return k, seat, err
}

// Number returns the epoch reached, for Resume; 0 outside a group.
func (s *Stay) Number() uint64 {
	if s.present == nil {
		return 0
	}
	return s.present.group.Epoch()
}

// Found makes the group, with this person alone (Joined, Resumed or Regroup
// with Found). It goes on with the link generation of the group that this
// person was in, which others were in too; else it begins with the newest.
func (s *Stay) Found() (Step, error) {
	own, err := mls.NewKeyPackage(s.identity, s.self.Key)
	if err != nil {
		return Step{}, err
	}
	g, err := mls.Found(slices.Concat(s.room[:], random(GroupSize-len(s.room))), own)
	if err != nil {
		return Step{}, err
	}
	generation := s.last
	if !s.been {
		generation = s.links.newest(s.Policy())
	}
	return s.enterAnew(g, generation)
}

// Welcome enters the group by a Welcome for one of the KeyPackages given out.
func (s *Stay) Welcome(m *wire.Welcome, now time.Time) (Step, error) {
	if len(s.packages) == 0 {
		return Step{}, nil // no Welcome can be for this person
	}
	g, generation, err := s.join(m)
	if err != nil {
		// A member in good standing is not driven out by a bad Welcome.
		if s.present == nil || !s.lost.IsZero() {
			return s.resync(Step{}, now)
		}
		return Step{}, nil
	}
	return s.enterAnew(g, generation)
}

// join checks a Welcome (PROTOCOL.md, "Welcome") and returns the group and its
// link generation.
func (s *Stay) join(m *wire.Welcome) (*mls.Group, uint32, error) {
	if len(m.Welcome) > welcomeMax {
		return nil, 0, profile("a welcome within the limit")
	}
	w, err := mls.OpenWelcome(m.Welcome, s.packages)
	if err != nil {
		return nil, 0, err
	}
	if len(w.PSKs) != 1 || w.Others {
		return nil, 0, profile("one psk")
	}
	generation, ok := generationOf(w.PSKs[0])
	if !ok {
		return nil, 0, profile("a psk of this link")
	}
	g, err := w.Join(func([]byte) []byte { return s.links.psk(generation, s.Policy()) })
	if err != nil {
		return nil, 0, err
	}
	if g.Epoch() != m.Epoch {
		return nil, 0, mls.ErrEpoch
	}
	r, err := s.checkJoined(g)
	if err != nil {
		return nil, 0, err
	}
	if !s.invites(r[w.Signer]) {
		return nil, 0, profile("an invitation by somebody known")
	}
	// No group goes back: others than these members may have its later keys.
	if s.present != nil && bytes.Equal(s.present.group.ID(), g.ID()) && g.Epoch() <= s.Number() {
		return nil, 0, mls.ErrEpoch
	}
	return g, generation, nil
}

// enterAnew enters a group by founding or by a Welcome: nothing before it
// counts any more.
func (s *Stay) enterAnew(g *mls.Group, generation uint32) (Step, error) {
	r, err := s.checkJoined(g)
	if err != nil {
		return Step{}, err
	}
	next := &present{g, r, generation}
	var step Step
	var gone []uint32
	if before := s.present; before != nil && bytes.Equal(before.group.ID(), g.ID()) {
		gone = before.roster.without(r)
	} else {
		step.Forget = true
	}
	s.forget()
	for _, used := range s.packages {
		used.Erase(g)
	}
	s.packages = nil
	s.lost = time.Time{}
	step.Epoch, err = s.enter(next)
	if err != nil {
		return Step{}, err
	}
	step.Epoch.Anew = true
	step.Epoch.Added = []Seat{r[g.Own()]}
	step.Epoch.Removed = gone
	return step, nil
}

// without returns the leaves of r that have other people, or nobody, in next.
func (r roster) without(next roster) []uint32 {
	var gone []uint32
	for _, seat := range r.all() {
		if next[seat.Leaf].Key != seat.Key {
			gone = append(gone, seat.Leaf)
		}
	}
	return gone
}

// enter makes next the present epoch and returns what it gives.
func (s *Stay) enter(next *present) (*Epoch, error) {
	key, err := next.group.Export(baseKeyLabel, nil, BaseKeySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if s.present != nil {
		s.present.group.Erase(next.group)
	}
	s.present, s.last, s.been, s.lost = next, next.generation, true, time.Time{}
	s.known = next.roster
	s.dropPending()
	return &Epoch{
		GroupID:       [GroupSize]byte(next.group.ID()),
		Number:        next.group.Epoch(),
		BaseKey:       [BaseKeySize]byte(key),
		Authenticator: [32]byte(next.group.Authenticator()),
		Leaf:          next.group.Own(),
		Seats:         next.roster.all(),
	}, nil
}

// resync asks to be removed and added anew, unless that was asked for a moment
// ago; it completes step.
func (s *Stay) resync(step Step, now time.Time) (Step, error) {
	if !s.lost.IsZero() && now.Sub(s.lost) < resyncEvery {
		return step, nil
	}
	own, err := s.KeyPackage()
	if err != nil {
		return Step{}, err
	}
	s.lost = now
	s.dropPending()
	step.Resync = &wire.Resync{Epoch: s.Number(), KeyPackage: own}
	return step, nil
}

// Lost asks for a resync when frames show that the group has gone on without
// this person; at most once in 10 s.
func (s *Stay) Lost(now time.Time) (Step, error) { return s.resync(Step{}, now) }

// Export derives a secret of the present epoch (RFC 9420, section 8.5); nil
// outside a group.
func (s *Stay) Export(label string, context []byte, length int) []byte {
	if s.present == nil {
		return nil
	}
	b, err := s.present.group.Export(label, context, length)
	if err != nil {
		return nil
	}
	return b
}

// Disband forgets the group and keeps link, person and KeyPackages (Regroup,
// Waiting).
func (s *Stay) Disband() Step {
	s.lost = time.Time{}
	s.forget()
	return Step{Forget: true}
}

// forget erases the group and the commits on their way.
func (s *Stay) forget() {
	s.dropPending()
	clear(s.kicks)
	if s.present != nil {
		s.present.group.Erase(nil)
	}
	s.present = nil
}

// dropPending erases the commits on their way, but not the epoch that one of
// them may have led to.
func (s *Stay) dropPending() {
	for _, p := range s.pending {
		s.drop(p)
	}
	s.pending = nil
}

func (s *Stay) drop(p pending) {
	switch {
	case s.present == nil:
		p.next.group.Erase(nil)
	case s.present.group != p.next.group:
		p.next.group.Erase(s.present.group)
	}
}

// Erase overwrites every secret. The stay is over.
func (s *Stay) Erase() {
	s.forget()
	for _, given := range s.packages {
		given.Erase(nil)
	}
	s.packages = nil
	s.links.erase()
	clear(s.leafMAC)
	clear(s.self.Key)
}
