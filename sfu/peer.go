package sfu

import (
	"slices"
	"sync/atomic"
	"time"

	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// peer is one client. Its goroutine makes all calls on its connections, one
// after another. All fields without a note are that goroutine's.
type peer struct {
	router *Router
	id     PeerID
	events Events
	queue  chan func(*peer)
	wake   chan struct{} // of one element: look what has changed
	quit   chan struct{} // closed by Router.remove
	gone   atomic.Bool
	behind atomic.Bool // the queue was full
	desire atomic.Bool // what viewers want of its tracks has changed

	tracks   map[string]*track // by media id; under Router.mu
	silenced bool              // under Router.mu

	up     *publishing        // nil: none
	down   *subscribing       // nil: none
	before *subscribing       // what down takes the place of as soon as it is connected; nil: nothing
	listed []Track            // what Tracks was last told
	again  *time.Timer        // when the network is to be shared anew
	wanted map[string]*demand // by media id of the pictures that are published
}

func newPeer(r *Router, id PeerID, ev Events) *peer {
	return &peer{
		router: r, id: id, events: ev,
		queue:  make(chan func(*peer), maxQueue),
		wake:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
		again:  time.NewTimer(lookInterval),
		tracks: map[string]*track{},
		wanted: map[string]*demand{},
	}
}

// post queues an operation. A peer that is too far behind loses its
// connections: its client has to begin anew.
func (p *peer) post(do func(*peer)) {
	select {
	case p.queue <- do:
	default:
		p.behind.Store(true)
		p.poke()
	}
}

// poke makes the loop look what has changed. It never waits.
func (p *peer) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// track finds or makes a track. It must be called under Router.mu.
func (p *peer) track(mid string) *track {
	t := p.tracks[mid]
	if t == nil {
		t = &track{publisher: p.id, mid: mid}
		t.silenced.Store(p.silenced)
		p.tracks[mid] = t
	}
	return t
}

func (p *peer) run() {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	defer p.again.Stop()
	defer p.end()
	for {
		// Nothing is done for a peer that is gone, however much is queued.
		if p.gone.Load() {
			return
		}
		select {
		case <-p.quit:
			return
		case do := <-p.queue:
			p.carryOut(do)
		case <-p.wake:
		case <-tick.C:
			p.carryOut((*peer).tick)
		case <-p.again.C:
			p.carryOut((*peer).share)
		}
		p.settle()
	}
}

// carryOut does one operation. One that panics costs the peer its connections
// and nobody anything else.
func (p *peer) carryOut(do func(*peer)) {
	if guard.Do(func() error { do(p); return nil }) != nil {
		p.lose(PublishConnection)
		p.lose(SubscribeConnection)
	}
}

// end closes what is left. No slot anywhere keeps a track of this peer.
func (p *peer) end() {
	p.dropUp()
	p.dropDown()
	p.router.mu.Lock()
	var orphans []*track
	for _, t := range p.tracks {
		orphans = append(orphans, t)
	}
	p.router.mu.Unlock()
	for _, t := range orphans {
		for _, s := range t.watchers() {
			s.forget(t)
		}
	}
}

// settle tells what has changed behind the loop's back.
func (p *peer) settle() {
	if p.behind.Load() {
		p.overrun()
	}
	if p.up != nil && p.up.state.over() {
		p.lose(PublishConnection)
	}
	if p.down != nil && p.down.state.over() {
		p.lose(SubscribeConnection)
	}
	if p.desire.Swap(false) {
		p.demand()
	}
	if p.down == nil {
		return
	}
	if p.before != nil && p.down.state.carries() {
		p.dropBefore()
	}
	anew := p.down.rated.Swap(false)
	for _, s := range p.down.slots {
		anew = s.stale.Swap(false) || anew
		if publisher, mid, ok := s.shown(); ok {
			p.events.Shown(s.mid, publisher, mid)
		}
	}
	if anew {
		p.carryOut((*peer).share)
	}
}

// share divides anew what the network carries.
func (p *peer) share() {
	if p.down == nil {
		return
	}
	now := p.router.transport.Now()
	if again := p.down.divide(now); again > 0 {
		p.again.Reset(max(0, again-now))
	}
}

// overrun gives up a peer that asks faster than can be done.
func (p *peer) overrun() {
	p.behind.Store(false)
	for len(p.queue) > 0 {
		<-p.queue
	}
	p.lose(PublishConnection)
	p.lose(SubscribeConnection)
}

func (p *peer) tick() {
	p.demand()
	p.share()
	now := p.router.transport.Now()
	if p.up != nil && p.up.state.late(now) {
		p.lose(PublishConnection)
	}
	if p.down != nil && p.down.state.late(now) {
		p.lose(SubscribeConnection)
	}
}

// lose drops a connection and says so.
func (p *peer) lose(c Connection) {
	switch c {
	case PublishConnection:
		p.dropUp()
		p.list(nil)
	case SubscribeConnection:
		p.dropDown()
	}
	p.events.Lost(c)
}

// publish answers an offer.
func (p *peer) publish(offer string, restart bool) {
	if restart {
		p.dropUp()
	}
	var err error
	if p.up == nil {
		if p.up, err = newPublishing(p); err != nil {
			p.lose(PublishConnection)
			return
		}
	}
	answer, err := p.up.conn.Negotiate(offer, p.quit)
	if err != nil {
		p.lose(PublishConnection)
		return
	}
	p.events.Published(answer)
	p.list(p.up.tracks())
	p.expect(p.up.tracks())
}

// announce makes the tracks of an offer, and only those, the published ones.
// It returns them by media id.
func (p *peer) announce(sections []transport.Section) map[string]*track {
	byMid := map[string]*track{}
	p.router.mu.Lock()
	defer p.router.mu.Unlock()
	if !p.gone.Load() {
		for _, s := range sections {
			t := p.track(s.Mid)
			t.published = true
			byMid[s.Mid] = t
		}
	}
	for mid, t := range p.tracks {
		if byMid[mid] == nil {
			t.published = false
			p.router.tidy(t)
		}
	}
	return byMid
}

// list tells what is published, if that is news.
func (p *peer) list(tracks []Track) {
	if slices.Equal(tracks, p.listed) {
		return
	}
	p.listed = tracks
	p.events.Tracks(slices.Clone(tracks))
}

func (p *peer) dropUp() {
	if p.up == nil {
		return
	}
	up := p.up
	p.up = nil
	p.forget()
	up.close()
	p.announce(nil)
	p.router.release(up.conn.Close)
}

// subscribe offers a new connection. The present one goes on until that is
// connected: what is heard has no gap.
func (p *peer) subscribe(video int) {
	p.replaceDown()
	down, err := newSubscribing(p, video)
	if err != nil {
		p.lose(SubscribeConnection)
		return
	}
	p.down = down
	offer, err := down.offer(p.quit)
	if err != nil {
		p.lose(SubscribeConnection)
		return
	}
	p.events.Offered(offer)
}

func (p *peer) answer(answer string) {
	if p.down == nil {
		return // it was lost meanwhile, and the client knows
	}
	if err := p.down.conn.Answer(answer); err != nil {
		p.lose(SubscribeConnection)
	}
}

func (p *peer) watch(name string, w Watch) {
	if p.down == nil || len(w.Mid) > maxMid {
		return
	}
	s := p.down.slot(name)
	if s == nil {
		return
	}
	var t *track
	w = w.bounded()
	if s.video {
		s.size.Store(int32(w.Size))
	}
	if w.Publisher != 0 {
		t = p.router.join(s, w.Publisher, w.Mid)
	}
	if s.video && p.down.intend(s, t, w) {
		p.share()
		if t != nil && s.wish.Load().wanted() == t {
			return // as before, in another size
		}
	}
	if before := s.show(t); before != nil && before != t {
		p.router.leave(s, before)
	}
	if t == nil {
		return
	}
	if t.ended.Load() {
		s.forget(t) // it ended before the slot was with it
	}
	s.need()
}

// replaceDown makes room for a new connection. One that carries nothing yet is
// not worth keeping, in place of one that does.
func (p *peer) replaceDown() {
	if p.down != nil && p.down.state.carries() {
		p.dropBefore()
		p.before = p.down
	} else if p.down != nil {
		p.down.drop()
	}
	p.down = nil
}

func (p *peer) dropBefore() {
	if p.before != nil {
		p.before.drop()
		p.before = nil
	}
}

func (p *peer) dropDown() {
	p.dropBefore()
	if p.down != nil {
		p.down.drop()
		p.down = nil
	}
}

// state is how far a connection is. Safe for concurrent use.
type state struct {
	due   time.Duration // when it must be connected
	gone  *atomic.Bool  // the peer is
	stage atomic.Int32
}

// The stages of a connection, in their order.
const (
	coming int32 = iota
	there
	ended
)

// begin must be called before anything else is.
func (s *state) begin(p *peer) {
	s.due, s.gone = p.router.transport.Now()+p.router.connect, &p.gone
}

// connect notes that packets can be sent.
func (s *state) connect() { s.stage.CompareAndSwap(coming, there) }

// end notes that the connection is of no more use, and has that looked at.
func (s *state) end(poke func()) {
	s.stage.Store(ended)
	poke()
}

// carries reports whether packets may be begun: before the connection is there
// they would be lost, and a closed peer is sent nothing more.
func (s *state) carries() bool { return s.stage.Load() == there && !s.gone.Load() }

// over reports whether the connection has ended.
func (s *state) over() bool { return s.stage.Load() == ended }

// late reports whether the connection should have come about by now.
func (s *state) late(now time.Duration) bool { return s.stage.Load() == coming && now > s.due }
