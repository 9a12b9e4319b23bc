package sfu

import (
	"time"

	"paravent/sfu/packet"
	"paravent/sfu/transport"
)

// history keeps the latest packets of one video layer for all who watch it. It
// is bounded in packets, bytes and age, and grows to its bounds only as far as
// what is young needs it. The zero value is ready. It belongs to a lane.
type history struct {
	packets []kept  // by sequence number, modulo the length
	chunks  []chunk // the bytes, which are overwritten a chunk at a time
	current int     // the chunk that is being filled
	turns   uint32  // how often one was begun
}

// kept is one packet of the history.
type kept struct {
	seq        uint16
	there      bool
	codec      transport.Codec
	timestamp  uint32
	chunk      uint8
	generation uint32 // of the chunk, when the packet was put there
	start      uint32 // of the payload in its chunk
	length     uint32
	dependency uint32        // bytes of dependency descriptor behind it
	at         time.Duration // when it was received
	marks      packet.Marks
}

// chunk is a stretch of payloads.
type chunk struct {
	bytes      []byte        // those in use
	generation uint32        // which of all that were ever begun
	newest     time.Duration // when its last packet was received
}

// put keeps a copy of p.
func (h *history) put(p *parcel) {
	size := len(p.payload) + len(p.dependency)
	if size > historyChunk {
		return
	}
	if h.packets == nil {
		h.packets = make([]kept, historyFirst)
		h.chunks = append(h.chunks, chunk{bytes: make([]byte, 0, historyChunk)})
	}
	c := &h.chunks[h.current]
	if cap(c.bytes)-len(c.bytes) < size {
		h.turn(p.at)
		c = &h.chunks[h.current]
	}
	at := h.place(p.seq, p.at)
	*at = kept{
		seq: p.seq, there: true, codec: p.codec, timestamp: p.timestamp,
		chunk: uint8(h.current), generation: c.generation,
		start: uint32(len(c.bytes)), length: uint32(len(p.payload)), dependency: uint32(len(p.dependency)),
		at: p.at, marks: p.frame.Marks,
	}
	c.bytes = append(append(c.bytes, p.payload...), p.dependency...) // fits: see above
	c.newest = p.at
}

// turn goes on with the chunk that was begun the longest ago, or one more.
func (h *history) turn(now time.Duration) {
	h.turns++
	oldest := 0
	for i := range h.chunks {
		if int32(h.chunks[i].generation-h.chunks[oldest].generation) < 0 {
			oldest = i
		}
	}
	if c := &h.chunks[oldest]; now-c.newest > historyAge || len(h.chunks) == historyBytes/historyChunk {
		c.bytes, c.generation, h.current = c.bytes[:0], h.turns, oldest
		return
	}
	h.chunks = append(h.chunks, chunk{bytes: make([]byte, 0, historyChunk), generation: h.turns})
	h.current = len(h.chunks) - 1
}

// place finds where to note packet seq; it makes room rather than give up one
// that is young.
func (h *history) place(seq uint16, now time.Duration) *kept {
	for {
		k := &h.packets[int(seq)%len(h.packets)]
		if !k.there || k.seq == seq || now-k.at > historyAge || len(h.packets) == historyPackets {
			return k
		}
		larger := make([]kept, 2*len(h.packets))
		for _, k := range h.packets {
			if k.there {
				larger[int(k.seq)%len(larger)] = k
			}
		}
		h.packets = larger
	}
}

// get finds the source's packet seq and its payload and dependency descriptor,
// if they are still there and young enough at now. Both may be changed where
// the marks say.
func (h *history) get(seq uint16, now time.Duration) (k *kept, payload, dependency []byte) {
	if h.packets == nil {
		return nil, nil, nil
	}
	k = &h.packets[int(seq)%len(h.packets)]
	if !k.there || k.seq != seq || now-k.at > historyAge {
		return nil, nil, nil
	}
	c := &h.chunks[k.chunk]
	if c.generation != k.generation {
		return nil, nil, nil
	}
	end := k.start + k.length
	if k.dependency > 0 {
		dependency = c.bytes[end : end+k.dependency]
	}
	return k, c.bytes[k.start:end], dependency
}
