package srtp

import (
	"math/rand/v2"
	"testing"
)

// appendixA is RFC 3711, appendix A, word for word.
func appendixA(roc uint32, last, seq uint16) uint64 {
	v := roc
	if last < 32768 {
		if int(seq)-int(last) > 32768 {
			v = roc - 1
		}
	} else if int(last)-32768 > int(seq) {
		v = roc + 1
	}
	return uint64(v)<<16 | uint64(seq)
}

func TestEstimate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		roc, last, seq := 1+r.Uint32N(1<<32-2), uint16(r.Uint32()), uint16(r.Uint32())
		if r.IntN(4) == 0 {
			seq = last + 32767 + uint16(r.IntN(3))
		}
		w := window{top: uint64(roc)<<16 + uint64(last) + 1}
		if got, ok := w.estimate(seq); !ok || got != appendixA(roc, last, seq) {
			t.Fatalf("%d after %d of round %d: %x", seq, last, roc, got)
		}
	}
	for _, c := range []struct {
		top  uint64
		seq  uint16
		want uint64
		ok   bool
	}{
		{0, 65535, 65535, true},                                   // a stream begins in the first round
		{1, 65535, 65535, true},                                   // and there is none before it
		{100, 40000, 40000, true},                                 //
		{65535, 2, 65536 + 2, true},                               // 65534, then a wrap
		{65536 + 3, 65534, 65534, true},                           // and one late
		{1 << 48, 65535, 1<<48 - 1, true},                         // the very last
		{1 << 48, 0, 0, false},                                    // and nothing follows
		{1<<48 - 1, 40000, 0xFFFFFFFF<<16 | 40000, true},          //
		{0xFFFFFFFF<<16 + 1, 65535, 0xFFFFFFFE<<16 | 65535, true}, //
	} {
		w := window{top: c.top}
		if got, ok := w.estimate(c.seq); ok != c.ok || ok && got != c.want {
			t.Errorf("%d below %x: %x, %v", c.seq, c.top, got, ok)
		}
	}
}

// The window against one that remembers everything.
func TestWindow(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		var w window
		seen := map[uint64]bool{}
		at := r.Uint64N(1 << 20)
		for range 20_000 {
			switch r.IntN(100) {
			case 0:
				at += r.Uint64N(3 * replayWindow)
			case 1:
				at += r.Uint64N(1 << 16)
			default:
				at += r.Uint64N(4)
			}
			index := at - min(at, r.Uint64N(8)*r.Uint64N(300))
			want := !seen[index] && (index >= w.top || w.top-index <= replayWindow)
			if w.fresh(index) != want {
				t.Fatalf("seed %d: index %d below %d fresh: %v", seed, index, w.top, !want)
			}
			if want {
				w.mark(index)
				seen[index] = true
			}
		}
	}
}
