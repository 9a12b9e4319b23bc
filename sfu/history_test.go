package sfu

import (
	"bytes"
	"testing"
	"time"

	"paravent/sfu/transport"
)

func TestHistory(t *testing.T) {
	now := time.Second
	h := &history{}
	put := func(seq uint16, size int, at time.Duration) {
		h.put(&parcel{seq: seq, codec: transport.VP8, timestamp: uint32(seq), payload: bytes.Repeat([]byte{byte(seq)}, size), at: at})
	}
	for i := range uint16(historyPackets + 10) {
		put(65000+i, 100, now)
	}
	if k, _, _ := h.get(65000, now); k != nil {
		t.Fatal("more packets than the limit")
	}
	k, b, _ := h.get(65010, now)
	if k == nil || len(b) != 100 || k.seq != 65010 || b[99] != byte(65010&0xff) {
		t.Fatalf("%+v", k)
	}
	if k, _, _ := h.get(65010, now+historyAge+1); k != nil {
		t.Fatal("older than the limit")
	}
	if k, _, _ := h.get(64000, now); k != nil {
		t.Fatal("never put")
	}
	// Fewer packets than fill the index overwrite the bytes.
	n := uint16(historyBytes/1400) + 30
	for i := range n {
		put(i, 1400, now)
	}
	if k, _, _ := h.get(0, now); k != nil {
		t.Fatal("overwritten, but still given")
	}
	for i := n - 300; i < n; i++ {
		if k, b, _ := h.get(i, now); k == nil || !bytes.Equal(b, bytes.Repeat([]byte{byte(i)}, 1400)) {
			t.Fatalf("packet %d is not what was put", i)
		}
	}
	if h.size() != historyBytes {
		t.Fatalf("room for %d bytes", h.size())
	}
}

// What is slow needs little memory, and still all of the last second.
func TestHistoryGrowsAsNeeded(t *testing.T) {
	for _, c := range []struct{ perSecond, size, most int }{
		{perSecond: 20, size: 500, most: 2 * historyChunk},    // 80 kbit/s
		{perSecond: 250, size: 1000, most: 10 * historyChunk}, // 2 Mbit/s
	} {
		h := &history{}
		if h.get(1, 0); h.size() != 0 {
			t.Fatal("memory before anything is kept")
		}
		now := time.Duration(0)
		for i := range uint16(20 * c.perSecond) {
			now += time.Second / time.Duration(c.perSecond)
			h.put(&parcel{seq: i, payload: bytes.Repeat([]byte{byte(i)}, c.size), at: now})
			for back := range min(i, uint16(c.perSecond)-1) {
				if k, b, _ := h.get(i-back, now); k == nil || b[0] != byte(i-back) {
					t.Fatalf("packet %d is gone after %d", i-back, i)
				}
			}
		}
		if h.size() > c.most {
			t.Fatalf("room for %d bytes, want %d", h.size(), c.most)
		}
	}
}

func TestKeyFrames(t *testing.T) {
	start := time.Second
	at := func(ms int) time.Duration { return start + time.Duration(ms)*time.Millisecond }
	k := &keyframes{}
	type call struct {
		what  string
		at    int
		ask   bool
		again int // ms
	}
	for i, c := range []call{
		{"want", 0, true, 350},
		{"want", 100, false, 250}, // another viewer: shared
		{"tick", 349, false, 1},
		{"tick", 350, true, 350},
		{"got", 400, false, 0},
		{"tick", 700, false, 0},  // satisfied
		{"want", 740, false, 10}, // browsers would ignore it so soon
		{"tick", 750, true, 350},
		{"want", 5000, true, 350},
	} {
		var ask bool
		var again time.Duration
		switch c.what {
		case "want":
			ask, again = k.want(at(c.at))
		case "tick":
			ask, again = k.tick(at(c.at))
		case "got":
			k.got(at(c.at))
		}
		if ask != c.ask || again != time.Duration(c.again)*time.Millisecond {
			t.Fatalf("call %d: %v %v", i, ask, again)
		}
	}
	// A publisher that does not answer is asked ever more seldom.
	k, now, asks := &keyframes{}, start, 0
	ask, again := k.want(now)
	for now-start < 60*time.Second {
		if ask {
			asks++
		}
		now += again
		ask, again = k.tick(now)
	}
	if asks < keyFrameTries || asks > keyFrameTries+20 {
		t.Fatalf("asked %d times in a minute", asks)
	}
}

// size is how many bytes of payload there is room for.
func (h *history) size() int { return len(h.chunks) * historyChunk }
