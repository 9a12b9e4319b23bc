package sfu

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// PeerID names a peer for the life of the process. Zero means nobody.
type PeerID uint64

// Connection is one of the two connections of a peer.
type Connection int

// The two connections of a peer.
const (
	PublishConnection   Connection = iota // the peer sends on it
	SubscribeConnection                   // the peer receives on it
)

// Track is something a peer publishes.
type Track struct {
	Mid   string // its media id in the publish connection's SDP, 1 to 8 bytes
	Video bool   // otherwise audio
}

// Events hears what happens to one peer. Its methods are called one at a time,
// by a goroutine of the peer's own; they may wait, and no lock is held
// meanwhile. After ClosePeer at most one call that had begun goes on.
type Events interface {
	// Published is the answer to the last offer.
	Published(answer string)
	// Offered is the offer of a new subscribe connection, in answer to
	// Subscribe. Its sections' media ids are the names of its slots.
	Offered(offer string)
	// Tracks lists what the peer publishes, whenever that has changed, in the
	// order of its offer. It follows Published.
	Tracks(tracks []Track)
	// Shown tells what a slot shows from now on. A track is shown once its
	// first packet (of video: the first of a key frame) was forwarded; from
	// the Watch before until then nothing is. Publisher 0 is nothing: because
	// that was asked for, or because there is nothing to show now. In that
	// last case the Watch stands, and when its publisher sends the track
	// (again), Shown follows. Changes that follow each other closely are told
	// as one.
	Shown(slot string, publisher PeerID, mid string)
	// Wanted tells how many of a picture's layers, from the smallest on, anybody
	// is to be shown: 0 to 3. Until it is told, all are wanted. More is told at
	// once, less only when that has been so for a while.
	Wanted(mid string, layers int)
	// Lost tells that a connection has ended: it was closed by the peer, was
	// silent for 30 s, did not come about in 30 s, strayed from the limits, or
	// its SDP was not accepted. Only a new Publish or Subscribe brings another.
	Lost(c Connection)
}

// Config is what a Router needs.
type Config struct {
	// Transport makes the connections. It belongs to the Router from now on.
	Transport transport.Transport

	connect time.Duration // for tests; 0 means connectTime
}

// Router forwards packets between peers. Its methods return at once; what
// comes of them is told through Events. Calls for one peer are carried out in
// their order; calls for a peer that is not open do nothing. Safe for
// concurrent use.
type Router struct {
	transport transport.Transport
	connect   time.Duration // see connectTime
	held      atomic.Int64  // connections of peers
	closing   sync.WaitGroup

	mu     sync.Mutex // guards what follows, and the slots of every track
	peers  map[PeerID]*peer
	closed bool
}

var errTransport = errors.New("sfu: want a transport")

// New makes a Router.
func New(c Config) (*Router, error) {
	if c.Transport == nil {
		return nil, errTransport
	}
	if c.connect == 0 {
		c.connect = connectTime
	}
	return &Router{transport: c.Transport, connect: c.connect, peers: map[PeerID]*peer{}}, nil
}

// Open begins a peer. An id that is open or zero changes nothing; none may be
// used twice.
func (r *Router) Open(id PeerID, ev Events) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || id == 0 || r.peers[id] != nil {
		return
	}
	p := newPeer(r, id, ev)
	r.peers[id] = p
	r.closing.Go(p.run)
}

// Publish offers the connection that the peer sends on, or changes to it.
// Restart puts a new connection in place of the present one. Answered by
// Published, or Lost.
func (r *Router) Publish(id PeerID, offer string, restart bool) {
	r.post(id, func(p *peer) { p.publish(offer, restart) })
}

// How many video slots a subscribe connection may have: what usual pages show,
// or what the largest do. Browsers are slower to connect with more.
const (
	VideoSlots     = 25
	MostVideoSlots = 49
)

// Subscribe asks for a connection to receive on, in place of the present one,
// with VideoSlots or MostVideoSlots. Answered by Offered, or Lost, as any other
// number is. The present connection goes on as it is until the new one is
// connected; Answer and Watch are for the new one from now on.
func (r *Router) Subscribe(id PeerID, video int) {
	r.post(id, func(p *peer) { p.subscribe(video) })
}

// Answer answers Offered. It must be the answer to the last one; if it is not
// accepted, Lost follows.
func (r *Router) Answer(id PeerID, answer string) {
	r.post(id, func(p *peer) { p.answer(answer) })
}

// Watch is what a slot is to show, and how.
type Watch struct {
	Publisher PeerID // zero: nothing
	Mid       string // the publisher's track
	// Size is how many layers of a picture are of use, from the smallest on: 1 to
	// 3, each of twice the height of the one before.
	Size int
	// Priority says what goes first where the network does not carry everything:
	// 0 to 2, which matters most.
	Priority int
}

// Watch shows a track in a slot of the present subscribe connection, in place of
// what it shows. From its execution on nothing of what was shown is forwarded.
// For the track that is shown it changes size and priority, and nothing is told
// of that. An unknown slot, or no subscribe connection, does nothing.
func (r *Router) Watch(id PeerID, slot string, w Watch) {
	r.post(id, func(p *peer) { p.watch(slot, w) })
}

// Silence says whether the sound that a peer publishes, now and later, is
// forwarded to nobody: once it returns, no packet of it is begun. To its
// viewers the streams go on afterwards without a gap in their numbers.
func (r *Router) Silence(id PeerID, on bool) {
	if letsSpeak() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.peers[id]
	if p == nil {
		return
	}
	p.silenced = on
	for _, t := range p.tracks {
		t.silenced.Store(on)
	}
}

// ClosePeer ends a peer: once it returns, no packet from or to it is begun.
func (r *Router) ClosePeer(id PeerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.peers[id]; p != nil && !keepsPeers() {
		r.remove(p)
	}
}

// remove must be called under mu.
func (r *Router) remove(p *peer) {
	delete(r.peers, p.id)
	p.gone.Store(true)
	for _, t := range p.tracks {
		t.ended.Store(true)
	}
	close(p.quit)
}

func (r *Router) post(id PeerID, do func(*peer)) {
	r.mu.Lock()
	p := r.peers[id]
	r.mu.Unlock()
	if p != nil {
		p.post(do)
	}
}

// Close ends all peers and closes the transport. It waits for them, but for no
// longer than any may take.
func (r *Router) Close() error {
	r.mu.Lock()
	r.closed = true
	for _, p := range r.peers {
		r.remove(p)
	}
	r.mu.Unlock()
	guard.Wait(&r.closing, closeTime)
	return r.transport.Close()
}

// Counts says how much there is, and nothing about whom.
type Counts struct {
	Peers    int
	Tracks   int // published
	Watching int // slots that show or await a track
	Closing  int // connections being closed; more than a few for long is a fault
}

// Counts counts.
func (r *Router) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	// More are held for a moment than are there: counted one after the other.
	c := Counts{Peers: len(r.peers), Closing: max(0, r.transport.Counts().Connections-int(r.held.Load()))}
	for _, p := range r.peers {
		for _, t := range p.tracks {
			if t.published {
				c.Tracks++
			}
			c.Watching += len(t.watchers())
		}
	}
	return c
}

// join adds a slot to a track, which is made if its publisher is open and has
// none of that name yet. Nil if the publisher is not open.
func (r *Router) join(s *slot, publisher PeerID, mid string) *track {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.peers[publisher]
	if p == nil {
		return nil
	}
	t := p.track(mid)
	t.add(s)
	p.desired()
	return t
}

// leave takes a slot from a track, which is forgotten if that was all.
func (r *Router) leave(s *slot, t *track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.remove(s)
	if p := r.peers[t.publisher]; p != nil {
		p.desired()
	}
	r.tidy(t)
}

// tidy must be called under mu.
func (r *Router) tidy(t *track) {
	p := r.peers[t.publisher]
	if p != nil && !t.published && len(t.watchers()) == 0 && p.tracks[t.mid] == t {
		delete(p.tracks, t.mid)
	}
}

// release closes a connection of a peer.
func (r *Router) release(end func()) {
	r.held.Add(-1)
	// What fails to close is forgotten all the same.
	_ = guard.Do(func() error { end(); return nil })
}
