package bot

import (
	"bytes"
	"crypto/ed25519"
	"slices"

	"paravent/e2ee/data"
	"paravent/e2ee/group"
	"paravent/e2ee/moderation"
)

// Member is somebody in the group, as the others are told.
type Member struct {
	ID        ID
	Name      string // empty until it has introduced itself
	Self      bool
	Moderator bool // has shown a grant that holds
	Appointed bool // a moderator by appointment, which can be withdrawn
	Viewer    bool // receives only
	Away      bool // its connection is broken
	HandUp    bool
	Compared  bool // says to have compared the present safety code
	Sends     [sources]bool
	Emoji     string // four symbols of its key
}

// someone is what is known of a person: of a member, what was signed with its
// key, and of anybody what the server says.
type someone struct {
	member   bool
	seat     group.Seat
	said     bool // it has introduced itself
	name     string
	media    data.Media
	hand     uint64
	kem      []byte            // X25519; nil until it has introduced itself
	grant    *moderation.Grant // nil: no moderator
	compared uint64            // epoch in which it compared, 0: never
	away     bool
	removed  bool // a moderator has put it out: its leaf goes with the next commit
}

func (p *Person) someone(id ID) *someone {
	s := p.people[id]
	if s == nil {
		s = &someone{}
		p.people[id] = s
	}
	return s
}

// members takes over who is in the group. What was said under another key was
// said by somebody else.
func (p *Person) members(e *group.Epoch) {
	present := make(map[ID]bool, len(e.Seats))
	for _, seat := range e.Seats {
		id := ID(seat.Person)
		present[id] = true
		s := p.someone(id)
		if s.member && s.seat.Key == seat.Key {
			s.seat = seat
			continue
		}
		*s = someone{member: true, seat: seat, away: s.away}
		if id != p.id {
			p.events.put(Arrived{id})
		}
	}
	for id, s := range p.people {
		if s.member && !present[id] {
			delete(p.people, id)
			delete(p.orders.removing, id)
			delete(p.orders.doubtful, id)
			p.events.put(Left{id, s.name})
		}
	}
}

// moderates reports whether a member has shown a grant that is not withdrawn.
func (p *Person) moderates(s *someone) bool {
	return s.grant != nil && s.grant.Key == s.seat.Key && !moderation.Withdrawn(s.grant, p.rules.policy)
}

// Self returns this person's id.
func (p *Person) Self() ID { return p.id }

// Members returns everybody in the group, this person included, by leaf.
func (p *Person) Members() (all []Member) {
	err := p.call(func() error {
		if p.epoch == nil {
			return nil
		}
		for _, seat := range p.epoch.Seats {
			all = append(all, p.shown(seat.Person))
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return all
}

func (p *Person) shown(id ID) Member {
	s := p.people[id]
	if s == nil {
		return Member{ID: id}
	}
	m := Member{
		ID: id, Name: s.name, Self: id == p.id, Moderator: p.moderates(s), Viewer: s.seat.Role == group.Viewer,
		Away: s.away, HandUp: s.hand > 0, Compared: p.epoch != nil && s.compared > 0 && s.compared == p.epoch.Number,
		Emoji: emojiOf(s.seat.Key[:]),
	}
	for i, mid := range midsOf(s.media) {
		m.Sends[i] = mid != ""
	}
	if m.Self {
		m.Name, m.HandUp, m.Moderator = cleanName(p.options.Name), p.hand > 0, p.isModerator()
		for i, mid := range p.mids {
			m.Sends[i] = mid != ""
		}
	}
	m.Appointed = m.Moderator && s.grant != nil && !s.grant.Holder
	return m
}

// midsOf returns the media ids by source.
func midsOf(m data.Media) [sources]string {
	return [sources]string{m.Microphone, m.Camera, m.Screen, m.ScreenAudio}
}

func mediaOf(mids [sources]string) data.Media {
	return data.Media{Microphone: mids[Microphone], Camera: mids[Camera], Screen: mids[Screen], ScreenAudio: mids[ScreenAudio]}
}

// hear takes a message of a member.
func (p *Person) hear(h *heardContent) {
	id := ID(h.seat.Person)
	s := p.people[id]
	if s == nil || !s.member || s.seat.Key != h.seat.Key || s.removed {
		return // gone meanwhile, or to be gone
	}
	viewer := h.seat.Role == group.Viewer
	switch c := h.content.(type) {
	case data.Hello:
		p.introduced(id, s, &c)
	case data.Media:
		if !viewer {
			s.media = c
			p.permit() // where masks are wanted, a camera counts by what is said of it
			p.events.put(Introduced{p.shown(id)})
			p.showAll()
		}
	case data.Chat:
		allowed := p.rules.policy.Chat || p.moderates(s) || h.alone
		if text := cleanText(c.Text); text != "" && !viewer && allowed {
			p.events.put(Said{id, s.name, text, h.alone})
		}
	case data.Hand:
		s.hand = c.Since
		p.events.put(Hand{id, c.Since > 0})
	case data.Reaction:
		if slices.Contains(Reactions(), c.Emoji) {
			p.events.put(Reacted{id, c.Emoji})
		}
	case data.Compared:
		s.compared = h.epoch
		p.events.put(Compared{id, h.epoch})
	case data.Speaking:
		p.events.put(Speaking{id})
	case data.Policy:
		p.know(c.Signed())
	}
}

// introduced takes a hello. One that shows a grant that does not hold is void.
func (p *Person) introduced(id ID, s *someone, c *data.Hello) {
	var grant *moderation.Grant
	if c.Grant != nil {
		g, err := moderation.ReadGrant(c.Grant, p.keys.room.ID, p.link.Moderators, p.options.now())
		if err != nil || g.Person != s.seat.Person || g.Key != s.seat.Key {
			return
		}
		grant = g
		p.rules.note(g)
	}
	// A holder's key is a holder's alone: under it anybody would pass for one.
	holder := grant != nil && grant.Holder
	if holder != (p.rules.modKEM != nil && bytes.Equal(c.KEM, p.rules.modKEM)) {
		return
	}
	s.said, s.name, s.kem, s.hand = true, cleanName(c.Name), c.KEM, c.Hand
	if grant != nil {
		s.grant = grant
	}
	if s.seat.Role != group.Viewer {
		s.media = c.Media
	}
	p.permit()
	p.events.put(Introduced{p.shown(id)})
	p.showAll()
}

// keysNow returns the signature keys of all members.
func (p *Person) keysNow() map[[ed25519.PublicKeySize]byte]bool {
	all := make(map[[ed25519.PublicKeySize]byte]bool)
	if p.epoch != nil {
		for _, s := range p.epoch.Seats {
			all[s.Key] = true
		}
	}
	return all
}

// Epoch says which epoch of the group this person has keys of.
type Epoch struct {
	Number        uint64
	Authenticator [32]byte // equal for all who hold the same keys (RFC 9420, section 8.7)
	Members       int      // 0: outside a group
}

// Epoch returns the present epoch.
func (p *Person) Epoch() (e Epoch) {
	_ = p.call(func() error {
		if p.epoch != nil {
			e = Epoch{p.epoch.Number, p.epoch.Authenticator, len(p.epoch.Seats)}
		}
		return nil
	})
	return e
}
