package srtp

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// history makes indices in an order in which they may arrive: a start close to
// a wrap, losses of single packets and of thousands, late ones.
func history(r *rand.Rand, length int) []uint64 {
	at := uint64(r.IntN(1 << 16))
	all := make([]uint64, 0, length)
	for len(all) < length {
		switch r.IntN(200) {
		case 0:
			at += 1 + uint64(r.IntN(30_000)) // a loss of thousands
		case 1, 2, 3, 4:
			at += 1 + uint64(r.IntN(50))
		default:
			at++
		}
		all = append(all, at)
	}
	// Some come late, by less than the window.
	late := make(map[uint64]uint64)
	for _, index := range all {
		late[index] = index
		if r.IntN(20) == 0 {
			late[index] += r.Uint64N(900)
		}
	}
	slices.SortStableFunc(all, func(a, b uint64) int { return cmp.Compare(late[a], late[b]) })
	return all
}

// memory is what an Opener knows of streams.
func memory(o *Opener) map[uint32]stream {
	known := make(map[uint32]stream)
	for ssrc, s := range o.streams {
		known[ssrc] = *s
	}
	if o.newcome.rtp != (window{}) || o.newcome.rtcp != (window{}) {
		known[o.newcome.ssrc] = o.newcome
	}
	return known
}

// One that copies, forges, delays and repeats at will gets each packet opened
// at most once, and what is forged changes nothing.
func TestEachPacketOpensOnce(t *testing.T) {
	each(t, func(t trial) {
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 5))
			s, o := ends(t, t.p, 3)
			type place struct {
				ssrc  uint32
				index uint64
			}
			opened := map[place]bool{}
			var sent [][]byte
			for _, index := range history(r, 2000) {
				ssrc := uint32(r.IntN(3))
				payload := make([]byte, r.IntN(40))
				packet := sealed(t, s, ssrc, index, payload)
				sent = append(sent, slices.Clone(packet))

				before := memory(o)
				forged := slices.Clone(packet)
				forged[r.IntN(len(forged))] ^= 1 << r.IntN(8)
				if _, _, err := o.OpenRTP(forged); err == nil {
					t.Fatal("a forged packet opened")
				}
				if !maps.Equal(before, memory(o)) {
					t.Fatal("a forged packet changed the state")
				}
				for _, packet := range [][]byte{packet, slices.Clone(sent[r.IntN(len(sent))])} {
					n, got, err := o.OpenRTP(packet)
					if err != nil {
						if !maps.Equal(before, memory(o)) {
							t.Fatal("what was refused changed the state")
						}
						continue
					}
					before = memory(o)
					at := place{uint32(packet[11]), got}
					if opened[at] || n < 24 {
						t.Fatalf("seed %d: %v opened twice", seed, at)
					}
					opened[at] = true
				}
			}
			if len(opened) < 1700 {
				t.Errorf("seed %d: only %d opened", seed, len(opened))
			}
		}
	})
}

// The same for RTCP.
func TestEachReportOpensOnce(t *testing.T) {
	each(t, func(t trial) {
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 6))
			s, o := ends(t, t.p, 3)
			opened := make(map[int]bool)
			var sent [][]byte
			for range 2000 {
				sent = append(sent, s.SealRTCP(nil, report(uint32(r.IntN(3)), r.IntN(8))))
				if r.IntN(300) == 0 {
					s.sender.next.Add(uint64(r.IntN(3 * replayWindow)))
				}
				before := memory(o)
				forged := slices.Clone(sent[len(sent)-1])
				forged[r.IntN(len(forged))] ^= 1 << r.IntN(8)
				if _, err := o.OpenRTCP(forged); err == nil || !maps.Equal(before, memory(o)) {
					t.Fatal("a forged packet opened, or changed the state")
				}
				which := max(0, len(sent)-1-r.IntN(100))
				if _, err := o.OpenRTCP(slices.Clone(sent[which])); err == nil {
					if opened[which] {
						t.Fatalf("seed %d: %d opened twice", seed, which)
					}
					opened[which] = true
				} else if !maps.Equal(before, memory(o)) {
					t.Fatal("what was refused changed the state")
				}
			}
			if len(opened) < 1000 {
				t.Errorf("seed %d: only %d opened", seed, len(opened))
			}
		}
	})
}
