package signaling

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"paravent/signaling/wire"
)

// history is a room under random events, with a clock of its own: no
// goroutine, no signature. What conn checks is taken for granted.
type history struct {
	t     testing.TB
	rng   *rand.Rand
	now   time.Time
	media *fakeMedia
	hub   *Hub
	room  *room
	id    int
	all   []*guest
	tried string    // the present step, for failures
	wake  time.Time // when the room wants to look again

	policy *wire.Policy    // before the present step
	mods   map[mark]bool   // keys whose orders may count in the present step
	known  map[PeerID]bool // who had media before it
	inside map[*person]bool
}

// guest is a browser: its connection, and what it knows.
type guest struct {
	name   string
	person personID
	mail   *mail
	grant  *grant
	tokens [][]byte // the last is the present one
	seq    uint64
}

func newHistory(t testing.TB, seed uint64) *history {
	t.Helper()
	media := newFakeMedia()
	h := &history{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), now: start(), media: media,
		hub: NewHub(media, Limits{People: 12}), mods: make(map[mark]bool),
	}
	h.room = newRoom(h.hub, roomID{1}, moderatorsID{2}, newRuleset())
	return h
}

func (h *history) failf(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("after %s: "+format, append([]any{h.tried}, args...)...)
}

// key is a key of which there are few, so that they meet again.
func (h *history) key(kind string) (k publicKey) {
	copy(k[:], fmt.Sprint(kind, h.rng.IntN(4)))
	return k
}

func (h *history) grantOf(g *guest, holder bool) *grant {
	made := &grant{raw: make([]byte, wire.GrantSize), person: g.person, notAfter: milliseconds(h.now.Add(24 * time.Hour)), holder: holder}
	copy(made.key[:], "key of "+g.name)
	if !holder {
		copy(made.kem[:], "kem of "+g.name)
	}
	copy(made.raw, g.name)
	return made
}

// join is a newcomer, with whatever it may show.
func (h *history) join(holder bool) {
	h.id++
	g := &guest{name: fmt.Sprint("p", h.id), mail: newMail()}
	g.person = named(g.name)
	e := &entry{room: h.room.id, person: g.person, network: uint64(h.rng.IntN(5))}
	if holder {
		g.grant = h.grantOf(g, true)
		e.moderator = g.grant
		h.mods[markOf(g.grant.key)] = true
		if h.rng.IntN(3) == 0 {
			e.policy = h.sign(g, h.newPolicy())
		}
	}
	if h.rng.IntN(2) == 0 {
		e.ticket = &ticket{raw: []byte("ticket"), key: h.key("ticket"), device: h.key("device"), viewer: h.rng.IntN(4) == 0, many: h.rng.IntN(3) == 0}
	}
	if h.rng.IntN(2) == 0 {
		words := h.key("words")
		e.passphrase = &words
	}
	if h.rng.IntN(2) == 0 {
		k := h.key("generation")
		e.generation = &wire.GenerationProof{Number: uint64(h.rng.IntN(3)), Key: k[:]}
	}
	verdict := make(chan error, 1)
	h.room.handle(enter{
		join: &wire.Join{Person: g.person[:], KeyPackage: []byte("kp"), Device: "desktop"}, entry: e, mail: g.mail, verdict: verdict,
	}, h.now)
	if <-verdict == nil {
		h.all = append(h.all, g)
	}
}

func (h *history) newPolicy() *wire.Policy {
	p := *h.room.rules.policy
	p.Version += uint64(1 + h.rng.IntN(8)/7)
	toggles := []*bool{&p.Lobby, &p.Lobby, &p.Locked, &p.Quiet, &p.Chat, &p.Share, &p.Tickets, &p.Verify}
	for range 1 + h.rng.IntN(2) {
		b := toggles[h.rng.IntN(len(toggles))]
		*b = !*b
	}
	p.Unmoderated = []string{goesOn, goesOn, locks, ends}[h.rng.IntN(4)]
	pick := func(list [][]byte, id []byte) [][]byte {
		if h.rng.IntN(3) > 0 {
			return nil
		}
		return append(slices.Clone(list), id)
	}
	someone := named(fmt.Sprint("p", 1+h.rng.IntN(h.id+1)))
	p.Silenced, p.Speakers = pick(p.Silenced, someone[:]), pick(p.Speakers, someone[:])
	switch m := markOf(h.key([]string{"ticket", "device"}[h.rng.IntN(2)])); h.rng.IntN(6) {
	case 0:
		p.Barred = append(slices.Clone(p.Barred), m[:])
	case 1:
		p.Barred = nil
	case 2:
		if g := h.pick(func(g *guest) bool { return g.grant != nil }); g != nil {
			d := markOf(g.grant.key)
			p.Dismissed = append(slices.Clone(p.Dismissed), d[:])
		}
	case 3:
		k := h.key("words")
		p.Passphrase = k[:]
	case 4:
		p.Passphrase = nil
	}
	if h.rng.IntN(12) == 0 {
		k := h.key("generation")
		p.Generation = &wire.Generation{Number: uint64(h.rng.IntN(3)), Key: k[:]}
	} else if h.rng.IntN(4) == 0 {
		p.Generation = nil
	}
	for _, list := range []*[][]byte{&p.Silenced, &p.Speakers, &p.Barred, &p.Dismissed} {
		if len(*list) > 30 {
			*list = nil
		}
	}
	return &p
}

// sign makes an order as a connection hands it over.
func (h *history) sign(g *guest, s wire.Statement) *order {
	text, err := wire.EncodeStatement(s)
	if err != nil {
		h.failf("%v", err)
	}
	by := g.grant
	if by == nil {
		by = h.grantOf(g, h.rng.IntN(2) == 0) // nobody gave it that
	}
	g.seq++
	return &order{
		signed: wire.Signed{Statement: text, Grant: by.raw, Signature: make([]byte, 64)}, grant: by, statement: s, seq: g.seq,
	}
}

func (h *history) pick(fits func(*guest) bool) *guest {
	var some []*guest
	for _, g := range h.all {
		if fits(g) {
			some = append(some, g)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[h.rng.IntN(len(some))]
}

func (h *history) online(g *guest) bool  { return g.mail != nil && h.room.byMail[g.mail] != nil }
func (h *history) offline(g *guest) bool { return !h.online(g) && len(g.tokens) > 0 }

// act has a guest give an order, whether it may or not.
func (h *history) act() {
	g := h.pick(func(g *guest) bool { return h.online(g) && (g.grant != nil || h.rng.IntN(4) == 0) })
	other := h.pick(func(*guest) bool { return true })
	if g == nil {
		return
	}
	p := h.room.byMail[g.mail]
	if p.grant != nil {
		h.mods[markOf(p.grant.key)] = true
	}
	var s wire.Statement
	var appointed *grant
	switch h.rng.IntN(16) {
	case 0, 1, 2, 3:
		s = h.newPolicy()
	case 4, 5, 6, 7, 8:
		admit := &wire.Admit{Until: milliseconds(h.now.Add(time.Minute))}
		for _, p := range h.room.waiting {
			admit.People = append(admit.People, wire.Admitted{Person: p.id[:], Key: make([]byte, 32), Viewer: p.viewer()})
		}
		s = admit
	case 9:
		s = &wire.Deny{Person: other.person[:]}
	case 10, 11:
		s = &wire.Remove{Person: other.person[:], How: []string{"remove", "ban", "lobby"}[h.rng.IntN(3)]}
	case 12:
		s = &wire.Stop{Source: "microphone"}
	case 13, 14:
		appointed = h.grantOf(other, false)
		s = &wire.Appoint{Grant: appointed.raw}
	case 15:
		s = &wire.Note{Person: other.person[:], Box: []byte("x")}
		if h.rng.IntN(8) == 0 {
			s = &wire.End{}
		}
	}
	o := h.sign(g, s)
	o.appointed = appointed
	h.room.handle(act{g.mail, o}, h.now)
	if q := h.room.people[other.person]; q != nil && q.grant == appointed && appointed != nil {
		other.grant = appointed
	}
	if h.rng.IntN(6) == 0 { // once more, by whoever got hold of it
		if thief := h.pick(h.online); thief != nil {
			h.room.handle(act{thief.mail, o}, h.now)
		}
	}
}

// commit has a member answer a nomination.
func (h *history) commit() {
	n := h.room.group.nomination
	if n == nil {
		return
	}
	p := h.room.people[n.nominee]
	if p == nil || p.mail == nil {
		return
	}
	c := &wire.Commit{Epoch: n.epoch, Commit: []byte("c")}
	for _, s := range n.removes {
		c.Removes = append(c.Removes, s.id[:])
	}
	for _, s := range n.adds {
		c.Adds, c.Welcome = append(c.Adds, s.id[:]), []byte("w")
	}
	h.room.handle(say{p.mail, c}, h.now)
}

func (h *history) resume() {
	g := h.pick(h.offline)
	if g == nil {
		g = h.pick(func(g *guest) bool { return len(g.tokens) > 0 })
	}
	if g == nil {
		return
	}
	token := g.tokens[len(g.tokens)-1]
	if h.rng.IntN(5) == 0 {
		token = g.tokens[h.rng.IntN(len(g.tokens))] // perhaps a used one
	}
	m, verdict := newMail(), make(chan error, 1)
	h.room.handle(resume{
		resume: &wire.Resume{Token: token, Epoch: h.room.group.epoch, KeyPackage: []byte("kp")}, hash: hashToken(token), mail: m, verdict: verdict,
	}, h.now)
	if <-verdict == nil {
		g.mail = m
	}
}

func (h *history) step() {
	h.policy, h.known, h.inside = h.room.rules.policy, make(map[PeerID]bool), make(map[*person]bool)
	clear(h.mods)
	for peer := range h.media.events {
		h.known[peer] = true
	}
	for _, p := range h.room.people {
		h.inside[p] = true
	}
	for _, p := range h.room.waiting {
		h.inside[p] = true
	}
	g := h.pick(h.online)
	switch kind := h.rng.IntN(20); {
	case kind < 4:
		h.tried = "a join"
		h.join(false)
	case kind == 4:
		h.tried = "a moderator's join"
		h.join(true)
	case kind < 9:
		h.tried = "an order"
		h.act()
	case kind < 12:
		h.tried = "a commit"
		h.commit()
	case kind == 12:
		h.tried = "a resume"
		h.resume()
	case kind == 13:
		h.tried = "time"
		h.now = h.now.Add(time.Duration(h.rng.IntN(60)) * time.Second)
	case kind < 16:
		h.tried = "a moment"
		h.now = h.now.Add(time.Duration(h.rng.IntN(2000)) * time.Millisecond)
	case g == nil:
		return
	case kind == 16:
		h.tried = "the end of a connection"
		h.room.handle(depart{mail: g.mail, code: closeNormal, good: h.rng.IntN(2) == 0}, h.now)
	case kind == 17:
		h.tried = "a knock"
		m := &wire.Knock{}
		for _, told := range h.room.byMail[g.mail].told {
			m.Boxes = append(m.Boxes, wire.Box{KEMKey: told.kem[:], Sealed: []byte("x")})
		}
		h.room.handle(say{g.mail, m}, h.now)
	default:
		h.tried = "a message"
		someone := h.pick(h.online).person
		h.say(g, []wire.ClientMessage{
			&wire.Ready{}, &wire.Publish{SDP: "x"}, &wire.Subscribe{}, &wire.Data{Body: []byte("x")},
			&wire.Resync{KeyPackage: []byte("kp")}, &wire.Watch{Slot: "1", Person: someone[:], Mid: "0", Size: "large", Priority: "medium"},
		}[h.rng.IntN(6)])
	}
	h.wake = h.room.settle(h.now)
	h.check()
	h.hear()
}

// say has somebody say something. Where the room takes it for something that it
// only passes on, nothing may follow from it.
func (h *history) say(g *guest, m wire.ClientMessage) {
	if h.room.handle(say{g.mail, m}, h.now) || len(h.room.late) > 0 {
		return
	}
	h.hear()
	if wake := h.room.settle(h.now); !wake.Equal(h.wake) {
		h.failf("after %T the room looks again at %v, not at %v", m, wake, h.wake)
	}
	for _, o := range h.all {
		if o.mail == nil {
			continue
		}
		if frames, _ := o.mail.take(); len(frames) > 0 {
			h.failf("after %T %s was told something", m, o.name)
		}
	}
}

// hear reads what everybody was told: tokens, and that there is nothing that
// turns a device on.
func (h *history) hear() {
	for _, g := range h.all {
		if g.mail == nil {
			continue
		}
		frames, _ := g.mail.take()
		for _, frame := range frames {
			m, err := wire.DecodeServer(frame)
			if err != nil {
				h.failf("%s was told nonsense", g.name)
			}
			switch m := m.(type) {
			case *wire.Joined:
				g.tokens = append(g.tokens, m.Token)
			case *wire.Resumed:
				g.tokens = append(g.tokens, m.Token)
			case *wire.Knocked, *wire.Unknocked, *wire.Warned:
				if g.grant == nil {
					h.failf("%s, no moderator, was told %T", g.name, m)
				}
			}
		}
	}
}

// check holds what must be true of every room after every event.
func (h *history) check() {
	r := h.room
	if r.rules.policy != h.policy && !h.mods[markOf(r.rules.author.key)] {
		h.failf("the policy was changed by nobody who may")
	}
	for peer := range h.media.events {
		p := r.byPeer[peer]
		switch {
		case p == nil || r.people[p.id] != p || p.left:
			h.failf("media without being in the room")
		case !slices.ContainsFunc(r.everybodyBut(nil), func(o wire.Person) bool { return personID(o.ID) == p.id }):
			h.failf("media without being on the list")
		case !h.known[peer] && !h.inside[p] || !h.known[peer] && p.token == (tokenHash{}):
			h.checkNew(p)
		}
		if want := p.grant == nil && r.rules.silences(p.id); h.media.silenced[peer] != want {
			h.failf("silenced %v, want %v", !want, want)
		}
	}
	for _, p := range r.people {
		h.checkPerson(p)
	}
	h.checkWaiting()
	h.checkCounts()
}

// checkNew looks at somebody who has just come in.
func (h *history) checkNew(p *person) {
	r := h.room
	if p.grant == nil && p.admission == nil && r.rules.barrier() {
		h.failf("let in without admission")
	}
	if r.rules.barred(p.ticket) && p.grant == nil || p.grant != nil && withdrawn(p.grant, r.rules.policy) {
		h.failf("a barred key returned")
	}
}

func (h *history) checkPerson(p *person) {
	r := h.room
	if p.grant != nil && withdrawn(p.grant, r.rules.policy) {
		h.failf("a moderator whose grant is withdrawn")
	}
	keyPackage, outside := r.group.outsider(p.id)
	if outside && keyPackage != nil && r.rules.barrier() && p.grant == nil && p.admission == nil {
		h.failf("waits to be added, and nobody may")
	}
	if r.tokens[p.token] != p || h.hub.routes[p.token] != r {
		h.failf("in without a token")
	}
	if !r.moderated() && r.unmoderated.IsZero() {
		h.failf("without a moderator, and not told")
	}
	if n := r.group.nomination; n != nil {
		for _, s := range n.adds {
			o := r.people[s.id]
			if s.joins() && !s.member && r.rules.barrier() && (o == nil || o.grant == nil && o.admission == nil) {
				h.failf("asked to add somebody whom nobody admitted")
			}
		}
	}
}

func (h *history) checkWaiting() {
	r := h.room
	seen := make(map[personID]bool)
	for _, p := range r.waiting {
		policy := r.rules.policy
		switch {
		case seen[p.id] || r.people[p.id] != nil || r.byPeer[p.peer] == p:
			h.failf("waits and is in, or waits twice")
		case p.mail == nil || r.byMail[p.mail] != p:
			h.failf("waits without a connection")
		case p.grant != nil:
			h.failf("a moderator waits")
		case p.where == forAdmission && (!policy.Lobby || policy.Locked || r.rules.barred(p.ticket)):
			h.failf("waits for an admission that cannot come")
		case p.where == forUnlock && !policy.Locked, p.where == nowhere, p.where == inside:
			h.failf("waits for nothing")
		case p.where == forModerator && r.moderated():
			h.failf("waits for a moderator who is there")
		case p.where != forAdmission && len(p.boxes) > 0:
			h.failf("a knock that is over")
		}
		seen[p.id] = true
	}
}

func (h *history) checkCounts() {
	r := h.room
	if h.hub.people != len(r.people)+len(r.waiting) || len(h.hub.routes) != len(r.tokens) {
		h.failf("%d people and %d routes counted, of %d, %d and %d", h.hub.people, len(h.hub.routes), len(r.people), len(r.waiting), len(r.tokens))
	}
	if len(r.people)+len(r.waiting) > 2*h.hub.limits.People {
		h.failf("too many people")
	}
}

// TestNoHistoryBreaksTheRules holds, for thousands of random histories and
// after each of their events: nobody has media without admission or without
// being on the list, no barred key comes in, only moderators change the policy,
// whoever is silenced is silenced at the media plane, nobody waits for what
// cannot come; and in the end nothing is left.
func TestNoHistoryBreaksTheRules(t *testing.T) {
	histories := uint64(2000)
	if testing.Short() {
		histories = 300
	}
	var letIn, ruled int
	for seed := range histories {
		h := newHistory(t, seed)
		for range 60 {
			h.step()
		}
		letIn += int(h.room.arrived)
		if h.room.rules.author != nil {
			ruled++
		}
		for _, g := range h.all {
			if h.online(g) {
				h.room.handle(depart{mail: g.mail, code: closeNormal}, h.now)
			}
		}
		h.tried = "everybody has gone"
		h.room.settle(h.now)
		h.now = h.now.Add(resumeTime)
		h.room.settle(h.now)
		if len(h.room.people)+len(h.room.waiting)+len(h.media.events)+len(h.hub.routes)+h.hub.people != 0 {
			t.Fatalf("seed %d: something is left", seed)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if letIn < 3*int(histories) || ruled < int(histories)/2 { // it must not hold for want of events
		t.Errorf("%d people let in and %d rooms ruled", letIn, ruled)
	}
}
