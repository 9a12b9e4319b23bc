package sfu

import (
	"slices"
	"sync"

	"paravent/sfu/transport"
)

// publishing is the connection that a peer sends on.
type publishing struct {
	peer  *peer
	conn  transport.Publishing
	state state

	mu       sync.Mutex           // guards what follows
	sections []transport.Section  // of the last offer
	carried  map[string]*carriage // by media id
	closed   bool
}

// carriage is a track on its way through a connection.
type carriage struct {
	track *track
	video bool
	feed  *feed // nil until something comes
}

var _ transport.PublishEvents = (*publishing)(nil)

func newPublishing(p *peer) (*publishing, error) {
	u := &publishing{peer: p}
	u.state.begin(p)
	conn, err := p.router.transport.Publish(u)
	if err != nil {
		return nil, err
	}
	p.router.held.Add(1)
	u.conn = conn
	return u, nil
}

// Sections takes what an offer sends.
func (u *publishing) Sections(all []transport.Section) {
	all = slices.Clone(all)
	u.mu.Lock()
	u.sections = all
	u.mu.Unlock()
	u.carry(all, u.peer.announce(all))
}

// tracks lists what the last offer sends.
func (u *publishing) tracks() []Track {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []Track
	for _, s := range u.sections {
		all = append(all, Track{Mid: s.Mid, Video: s.Video})
	}
	return all
}

// Connected implements transport.PublishEvents.
func (u *publishing) Connected() { u.state.connect() }

// Ended implements transport.PublishEvents.
func (u *publishing) Ended() { u.state.end(u.peer.poke) }

// carry says which tracks the connection has from now on. What others send on
// it is not forwarded any more.
func (u *publishing) carry(sections []transport.Section, tracks map[string]*track) {
	carried := map[string]*carriage{}
	var over []*feed
	u.mu.Lock()
	for _, s := range sections {
		t := tracks[s.Mid]
		if t == nil || u.closed {
			continue
		}
		c := u.carried[s.Mid]
		if c == nil || c.track != t || c.video != s.Video {
			c = &carriage{track: t, video: s.Video}
		}
		carried[s.Mid] = c
	}
	for mid, c := range u.carried {
		if carried[mid] != c && c.feed != nil {
			over = append(over, c.feed)
		}
	}
	u.carried = carried
	u.mu.Unlock()
	for _, f := range over {
		f.end()
	}
}

// close stops forwarding what the connection receives.
func (u *publishing) close() {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.carry(nil, nil)
}

// Stream begins to forward a stream, if it is of a track that the connection
// carries.
func (u *publishing) Stream(info transport.StreamInfo) transport.Stream {
	if info.Layer < 0 || info.Layer >= maxLayers {
		return nil
	}
	u.mu.Lock()
	c := u.carried[info.Mid]
	if c == nil || u.closed {
		u.mu.Unlock()
		return nil
	}
	f, before := c.feed, c.feed
	if f == nil || f.lane != info.Lane {
		f = &feed{track: c.track, video: c.video, lane: info.Lane}
		c.feed = f
	}
	u.mu.Unlock()
	s := newSource(f, info)
	f.start(s)
	if f != before {
		f.track.feedBy(f)
	}
	return s
}
