package sfu

import "time"

// demand is how many layers of a track its viewers want, and what the publisher
// knows of that.
type demand struct {
	told  int // to the publisher
	now   int
	since time.Duration // that it is so
	once  bool          // somebody wanted some
	over  bool          // its connection has ended
}

// look takes in how many layers are wanted. It reports whether the publisher is
// to be told.
func (d *demand) look(layers int, now time.Duration) (tell bool) {
	if layers != d.now {
		d.now, d.since = layers, now
	}
	d.once = d.once || layers > 0
	patience := wantNothing
	if d.once {
		patience = wantLess
	}
	if layers > d.told || layers < d.told && now-d.since >= patience {
		d.told = layers
		return true
	}
	return false
}

// desired has the peer look what is wanted of its tracks. It never waits.
func (p *peer) desired() {
	p.desire.Store(true)
	p.poke()
}

// expect notes which tracks there are to be wanted, on this connection. Of those
// that are new all layers count as wanted; so they do of those that an earlier
// connection had, and the publisher may have to be told.
func (p *peer) expect(tracks []Track) {
	before, now := p.wanted, p.router.transport.Now()
	p.wanted = map[string]*demand{}
	for _, t := range tracks {
		if !t.Video {
			continue
		}
		d := before[t.Mid]
		if d != nil && d.over && d.told < maxLayers {
			p.events.Wanted(t.Mid, maxLayers)
		}
		if d == nil || d.over {
			d = &demand{told: maxLayers, since: now}
		}
		p.wanted[t.Mid] = d
	}
	p.desired()
}

// forget notes that the connection which the tracks were sent on is no more.
func (p *peer) forget() {
	for _, d := range p.wanted {
		d.over = true
	}
}

// demand tells the peer what is wanted of its tracks, where that is news.
func (p *peer) demand() {
	if p.up == nil {
		return
	}
	now := p.router.transport.Now()
	for mid, d := range p.wanted {
		if layers := p.layersWanted(mid); d.look(layers, now) {
			p.events.Wanted(mid, layers)
		}
	}
}

// layersWanted is how many layers the viewers of a track want.
func (p *peer) layersWanted(mid string) (layers int) {
	p.router.mu.Lock()
	t := p.tracks[mid]
	p.router.mu.Unlock()
	if t == nil {
		return 0
	}
	for _, s := range t.watchers() {
		layers = max(layers, int(s.size.Load()))
	}
	return layers
}
