package sfu

import (
	"bytes"
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	now := time.Unix(1000, 0)
	h := newHistory()
	put := func(seq uint16, size int, at time.Time) {
		h.put(&packet{seq: seq, codec: vp8, timestamp: uint32(seq), payload: bytes.Repeat([]byte{byte(seq)}, size), now: at})
	}
	b := make([]byte, receiveSize)
	for i := range uint16(historyPackets + 10) {
		put(65000+i, 100, now)
	}
	if _, ok := h.get(65000, b, now); ok {
		t.Fatal("more packets than the limit")
	}
	k, ok := h.get(65010, b, now)
	if !ok || k.length != 100 || k.seq != 65010 || b[99] != byte(65010&0xff) {
		t.Fatalf("%+v %v", k, ok)
	}
	if _, ok := h.get(65010, b, now.Add(historyAge+1)); ok {
		t.Fatal("older than the limit")
	}
	if _, ok := h.get(64000, b, now); ok {
		t.Fatal("never put")
	}
	if _, ok := h.get(65010, b[:99], now); ok {
		t.Fatal("does not fit")
	}
	// Fewer packets than fill the index overwrite the ring of bytes.
	n := uint16(historyBytes/1400) + 5
	for i := range n {
		put(i, 1400, now)
	}
	if _, ok := h.get(0, b, now); ok {
		t.Fatal("overwritten, but still given")
	}
	for i := n - 300; i < n; i++ {
		if k, ok := h.get(i, b, now); !ok || !bytes.Equal(b[:k.length], bytes.Repeat([]byte{byte(i)}, 1400)) {
			t.Fatalf("packet %d is not what was put", i)
		}
	}
}

func TestKeyFrames(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
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
	for now.Sub(start) < 60*time.Second {
		if ask {
			asks++
		}
		now = now.Add(again)
		ask, again = k.tick(now)
	}
	if asks < keyFrameTries || asks > keyFrameTries+20 {
		t.Fatalf("asked %d times in a minute", asks)
	}
}
