package sfu

import (
	"sync"
	"time"
)

// history keeps the latest packets of one video source for all who watch it.
// It is bounded in packets, bytes and age. Safe for concurrent use.
type history struct {
	mu      sync.Mutex
	bytes   []byte // a ring: packet at position p lies at p modulo its size
	end     uint64 // position behind the newest packet
	packets [historyPackets]kept
}

// kept is one packet of the history.
type kept struct {
	seq       uint16
	marker    bool
	codec     codec
	timestamp uint32
	at        time.Time // when it was received; zero: nothing is kept here
	start     uint64    // position of the payload
	length    int
	descriptor
}

func newHistory() *history {
	return &history{bytes: make([]byte, historyBytes)}
}

// put keeps a copy of p.
func (h *history) put(p *packet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// A packet is never split: skip the end of the ring if it does not fit.
	if room := historyBytes - h.end%historyBytes; room < uint64(len(p.payload)) {
		h.end += room
	}
	h.packets[p.seq%historyPackets] = kept{
		seq: p.seq, marker: p.marker, codec: p.codec, timestamp: p.timestamp, at: p.now,
		start: h.end, length: len(p.payload), descriptor: p.descriptor,
	}
	copy(h.bytes[h.end%historyBytes:], p.payload)
	h.end += uint64(len(p.payload))
}

// get copies the payload of the source's packet seq into b, if it is still
// there, fits and is young enough at now.
func (h *history) get(seq uint16, b []byte, now time.Time) (kept, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.packets[seq%historyPackets]
	switch {
	case k.at.IsZero(), k.seq != seq, now.Sub(k.at) > historyAge,
		h.end-k.start > historyBytes, k.length > len(b):
		return kept{}, false
	}
	at := k.start % historyBytes
	copy(b, h.bytes[at:at+uint64(k.length)])
	return k, true
}
