package engine

import (
	"encoding/binary"
	"time"
)

// groups gather the packets of a turn by the stream they belong to. What they
// hold lies in the buffers that it was received in. The zero value is ready; it
// is one lane's.
type groups struct {
	used int
	all  [maxGroups]group
}

// group is what one SSRC of a connection sent.
type group struct {
	c     *connection
	ssrc  uint32
	burst []arrived
}

// add adds an opened packet. Of the groups the newest is looked at first: what
// belongs together mostly comes together.
func (g *groups) add(c *connection, a arrived, at time.Duration) {
	ssrc := binary.BigEndian.Uint32(a.bytes[8:]) // it was opened: the fixed header is there
	for i := g.used - 1; i >= 0; i-- {
		if one := &g.all[i]; one.ssrc == ssrc && one.c == c {
			one.burst = append(one.burst, a)
			return
		}
	}
	if g.used == len(g.all) {
		g.deliver(at)
	}
	one := &g.all[g.used]
	g.used++
	one.c, one.ssrc, one.burst = c, ssrc, append(one.burst[:0], a)
}

// deliver hands over what was gathered.
func (g *groups) deliver(at time.Duration) {
	for i := range g.used {
		one := &g.all[i]
		c := one.c
		one.c = nil
		c.receive(one.burst, at)
	}
	g.used = 0
}

// parcel is what came to a lane that is not the home of its connections, and
// goes there by mail.
type parcel struct {
	bytes []byte // of all packets, one after another
	items []item
}

// item is a packet in a parcel.
type item struct {
	c    *connection
	size int
	came time.Duration
}

// hand copies a packet into the parcel for its home. What does not fit is lost.
func (l *lane) hand(home *lane, c *connection, b []byte) {
	p := &l.parcels[home.number]
	if len(p.bytes)+len(b) > maxParcelSize {
		l.tally.unknown++
		return
	}
	p.bytes = append(p.bytes, b...)
	p.items = append(p.items, item{c, len(b), l.came})
}

// dispatch sends the parcels that were filled in this turn.
func (l *lane) dispatch() {
	for i := range l.parcels {
		if len(l.parcels[i].items) == 0 {
			continue
		}
		p := l.parcels[i]
		l.parcels[i] = parcel{}
		if !l.all[i].accept(p) {
			l.tally.unknown += uint64(len(p.items))
		}
	}
}

// accept puts a parcel into the mail of its packets' home, from any goroutine.
// False: there are too many.
func (l *lane) accept(p parcel) bool {
	if l.coming.Add(1) > maxParcels {
		l.coming.Add(-1)
		return false
	}
	l.bring(p, func() { l.coming.Add(-1) })
	return true
}

// bring has a parcel opened in the lane, and then says so.
func (l *lane) bring(p parcel, opened func()) {
	l.Do(func() {
		defer opened()
		for _, it := range p.items {
			it.c.open(p.bytes[:it.size], it.came)
			p.bytes = p.bytes[it.size:]
		}
		// They are opened where they lie, and this is kept until then.
		l.groups.deliver(l.now)
	})
}
