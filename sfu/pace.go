package sfu

import (
	"sync/atomic"
	"time"

	"paravent/sfu/packet"
	"paravent/sfu/rate"
	"paravent/sfu/transport"
)

// way is what all that is sent to one viewer shares. Safe for concurrent use.
type way struct {
	pacer   rate.Pacer
	repairs allowance
	doubled doubled
}

// setRate says what the network carries.
func (y *way) setRate(bits int) {
	y.pacer.SetRate(bits)
	y.repairs.each.Store(repairShare * 8 * int64(time.Second) / int64(max(bits, 1)))
}

// allowance bounds what is sent again to a share of what the network carries: a
// link that is full is not helped by more. The zero value allows everything.
type allowance struct {
	free atomic.Int64 // moment from which there is room
	each atomic.Int64 // how long a byte takes
}

// take reports whether so many bytes may be sent again.
func (a *allowance) take(size int, now time.Duration) bool {
	for {
		free := a.free.Load()
		from := max(free, int64(now-repairBurst))
		if from > int64(now) {
			return false
		}
		if a.free.CompareAndSwap(free, from+int64(size)*a.each.Load()) {
			return true
		}
	}
}

// waiting is a packet that may not leave yet. What is in it is in the history.
type waiting struct {
	source    *source
	when      time.Duration // it may leave
	index     uint64
	timestamp uint32
	stretch   uint32 // see repair
	in        uint16
	picture   packet.Numbers
	marker    bool
}

// queue are the packets of a flow that wait, in the order in which they leave.
// The zero value is ready. It belongs to a lane.
type queue struct {
	ring  []waiting // maxWaiting, once any had to wait
	first int
	count int
	timed bool // somebody will look
}

func (q *queue) full() bool { return q.count == maxWaiting }

func (q *queue) add(p waiting) {
	if q.ring == nil {
		q.ring = make([]waiting, maxWaiting)
	}
	q.ring[(q.first+q.count)%maxWaiting] = p
	q.count++
}

func (q *queue) take() waiting {
	at := &q.ring[q.first]
	p := *at
	at.source = nil
	q.first = (q.first + 1) % maxWaiting
	q.count--
	return p
}

// clear drops everything. Whoever will look finds nothing.
func (q *queue) clear() {
	for q.count > 0 {
		q.take()
	}
}

// wait has a packet leave when it may.
func (w *flow) wait(p waiting) {
	w.queue.add(p)
	if !w.queue.timed {
		w.queue.timed = true
		w.feed.lane.At(w.queue.ring[w.queue.first].when, w.look)
	}
}

// release sends what may leave by now, or nearly: what leaves together takes
// fewer system calls.
func (w *flow) release() {
	now := w.feed.lane.Now()
	q := &w.queue
	for q.count > 0 && q.ring[q.first].when <= now+paceTogether {
		p := q.take()
		w.sendWaiting(&p, now)
	}
	if q.timed = q.count > 0; q.timed {
		w.feed.lane.At(q.ring[q.first].when, w.look)
	}
}

// sendWaiting sends a packet that has waited. If it is not there any more, or
// not to be sent, its number stays unused.
func (w *flow) sendWaiting(p *waiting, now time.Duration) {
	k, payload, dependency := p.source.history.get(p.in, now)
	if k == nil || !w.open() {
		return
	}
	k.marks.Write(payload, dependency, p.picture)
	w.packet = transport.Outgoing{
		SSRC: w.info.SSRC, Format: w.info.Types[k.codec].Media, Index: p.index, Marker: p.marker,
		Timestamp: p.timestamp, Payload: payload, Dependency: dependency,
	}
	w.repair.sent(uint16(p.index), p.in, p.stretch, p.marker)
	w.emit(len(payload))
}

// overflow gives up what is shown until a key frame comes: more waits already
// than can leave in time.
func (w *flow) overflow() {
	w.run = 0
	w.need()
}

// bound is something to be carried out later, if the flow is with its feed then.
func (w *flow) bound(do func(*flow)) func() {
	f, s := w.feed, w.slot
	return func() {
		if s.at.Load() == f {
			do(w)
		}
	}
}
