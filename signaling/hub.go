package signaling

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"paravent/signaling/wire"
)

// roomID names a room: a hash of its keys (e2ee/PROTOCOL.md, link).
type roomID [wire.RoomSize]byte

// tokenHash stands for a resume token, which the server does not keep.
type tokenHash struct {
	sum [sha256.Size]byte
	_   *byte // as in cleared
}

func hashToken(token []byte) tokenHash { return tokenHash{sum: sha256.Sum256(token)} }

// cleared is a key of a map that is overwritten when it is deleted. The runtime
// does that only with keys in which there may be pointers; others it leaves in
// memory until their place is needed.
type cleared[K comparable] struct {
	key K
	_   *byte // always nil
}

// Hub holds all rooms: it is where connections enter them. It is an
// http.Handler for WebSocket connections. Safe for concurrent use.
type Hub struct {
	media    Media
	limits   Limits
	upgrader *upgrader
	closing  chan struct{} // closed when the server goes down
	running  sync.WaitGroup

	mu       sync.Mutex // guards what follows; never held across a call that leaves this file, throttle or slow
	closed   bool
	rooms    map[cleared[roomID]]*room
	routes   map[tokenHash]*room // where a resume token leads
	throttle throttle
	slow     slow
	shelf    shelf
	sweeping bool // a timer is set for sweep
	entering int  // connections that have not entered a room
	people   int  // those in rooms, waiting ones included
	led      int  // rooms that a moderator has come into: these take up Limits.Rooms
	peers    PeerID
}

// Counts are the numbers that may be told about a hub.
type Counts struct {
	Rooms  int // that exist now
	People int // in them, waiting ones included
}

// NewHub makes a hub without rooms. It starts nothing by itself.
func NewHub(media Media, limits Limits) *Hub {
	return &Hub{
		media:    media,
		limits:   limits.withDefaults(),
		upgrader: newUpgrader(),
		closing:  make(chan struct{}),
		rooms:    make(map[cleared[roomID]]*room),
		routes:   make(map[tokenHash]*room),
		throttle: newThrottle(),
		slow:     newSlow(),
		shelf:    make(shelf),
	}
}

// Counts returns how many rooms and people there are now.
func (h *Hub) Counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Counts{Rooms: len(h.rooms), People: h.people}
}

// Close ends all rooms and connections with the close code "restarting" and
// waits until they have ended or ctx is done. Nobody enters any more.
func (h *Hub) Close(ctx context.Context) {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
	h.mu.Unlock()
	all := make(chan struct{})
	go func() {
		h.running.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-ctx.Done():
	}
}

// begin counts a new connection. It reports false when there are too many that
// have not entered a room, or when the server goes down.
func (h *Hub) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.entering >= h.limits.Entering {
		return false
	}
	h.entering++
	h.running.Add(1)
	return true
}

// entered says that a connection counted by begin is in a room or has ended.
func (h *Hub) entered() {
	h.mu.Lock()
	h.entering--
	h.mu.Unlock()
}

// blocks says whether a network has guessed wrong too often.
func (h *Hub) blocks(network uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.throttle.blocks(network, time.Now())
}

func (h *Hub) network(address string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.throttle.network(address)
}

func (h *Hub) failed(network uint64, points float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.throttle.fail(network, points, time.Now())
	h.sweepLater()
}

// wait says how long nobody of a network may try to get into a room by a
// passphrase or a knock; 0: now. It is asked before anything is looked at, of
// everybody but moderators. Not 0: refusal{wire.CodeThrottled, wait}.
func (h *Hub) wait(what try, room roomID, network uint64, now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait := h.slow.wait(what, room, network, now)
	h.sweepLater() // it may have noted that somebody has been told to wait
	return wait
}

// wrong counts a wrong passphrase (a missing one is no try) or a denied knock.
// It says how long the next one has to wait, for the refusal that is told.
func (h *Hub) wrong(what try, room roomID, network uint64, now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait := h.slow.wrong(what, room, network, now)
	h.sweepLater()
	return wait
}

// opens says whether whoever proved e, a moderator, may open a room here that
// no moderator has been in yet. If not: refusal{code: wire.CodeHost}.
func (h *Hub) opens(e *entry) bool { return h.limits.Hosts == nil || e.host }

// sweepLater sees to it that a network is forgotten when it is time, also when
// nobody comes any more. The lock must be held.
func (h *Hub) sweepLater() {
	if !h.sweeping && !h.closed {
		h.sweeping = true
		time.AfterFunc(guessSweep, h.sweep)
	}
}

func (h *Hub) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweeping = false
	now := time.Now()
	points, tries := h.throttle.forgetForgiven(now), h.slow.forget(now)
	if points || tries {
		h.sweepLater()
	}
}

// enter brings a connection that has proved itself into its room, which comes
// into being with the first.
func (h *Hub) enter(e enter) (*room, error) {
	for {
		r := h.room(e.entry)
		if r == nil {
			return nil, refusal{code: wire.CodeBusy}
		}
		err := r.ask(e, e.verdict)
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, errOver) {
			return nil, err
		} // it ended just now; the next one is new
	}
}

// resume brings a connection back to the stay that its token continues.
func (h *Hub) resume(e resume) (*room, error) {
	h.mu.Lock()
	r := h.routes[e.hash]
	h.mu.Unlock()
	if r == nil {
		return nil, refusal{code: wire.CodeExpired}
	}
	err := r.ask(e, e.verdict)
	if errors.Is(err, errOver) {
		err = refusal{code: wire.CodeExpired}
	}
	return r, err
}

// room finds the room of somebody who has proved e, or makes it; nil when
// there may be no more. Anybody can make up links and wait in as many rooms:
// rooms without a moderator are as many as the others, and take no place from
// them.
func (h *Hub) room(e *entry) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := e.room
	if r := h.rooms[cleared[roomID]{key: id}]; r != nil {
		return r
	}
	if h.closed || e.moderator == nil && len(h.rooms)-h.led >= h.limits.Rooms {
		return nil
	}
	r := newRoom(h, id, e.moderators, h.shelf.take(id, time.Now()))
	h.rooms[cleared[roomID]{key: id}] = r
	h.running.Go(r.run)
	return r
}

// lead gives a room into which its first moderator comes a place among those
// that are led. It says whether there is one.
func (h *Hub) lead() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.led >= h.limits.Rooms {
		return false
	}
	h.led++
	return true
}

// forget takes a room out that has ended, with what led to it. With keep its
// rules hold a little longer for whoever comes next.
func (h *Hub) forget(r *room, people int, tokens map[tokenHash]*person, keep bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rooms, cleared[roomID]{key: r.id})
	if keep && !h.closed {
		h.shelf.put(r.id, r.rules, time.Now())
		time.AfterFunc(keepTime, h.dust)
	}
	for token := range tokens {
		delete(h.routes, token)
	}
	h.people -= people
	if r.led {
		h.led--
	}
}

// route leads a token to a room.
func (h *Hub) route(token tokenHash, r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.routes[token] = r
}

func (h *Hub) unroute(tokens ...tokenHash) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, token := range tokens {
		delete(h.routes, token)
	}
}

// count notes that so many people came, or went if negative.
func (h *Hub) count(people int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people += people
}

// peer returns a name for the media plane that nobody else has had.
func (h *Hub) peer() PeerID {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.peers++
	return h.peers
}
