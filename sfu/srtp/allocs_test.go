package srtp

import (
	"encoding/binary"
	"slices"
	"testing"
)

// Nothing is allocated for a packet: nor with counter mode as long as the
// packet is one of audio.
func TestNoAllocations(t *testing.T) {
	for _, p := range profiles {
		for _, size := range []int{100, 1200} {
			want := 0.0
			if p == AES128CMSHA1 && size > fewBlocks {
				want = 1 // the stream of the standard library
			}
			s, o := ends(t, p, 1)
			payload := make([]byte, size)
			h := slices.Grow(header(7, 0), size+s.Overhead())
			index := uint64(0)
			if got := testing.AllocsPerRun(100, func() {
				binary.BigEndian.PutUint16(h[2:], uint16(index))
				if s.SealRTP(h, len(h), payload, index) == nil {
					t.Fatal("not sealed")
				}
				index++
			}); got > want {
				t.Errorf("%v: sealing %d bytes allocates %v times", p, size, got)
			}
			packets := make([][]byte, 102)
			for n := range packets {
				packets[n] = sealed(t, s, 7, uint64(n), payload)
			}
			if _, _, err := o.OpenRTP(packets[101]); err != nil {
				t.Fatal(err)
			}
			if got := testing.AllocsPerRun(100, func() {
				if _, _, err := o.OpenRTP(packets[0]); err != nil {
					t.Fatal(err)
				}
				packets = packets[1:]
			}); got > want {
				t.Errorf("%v: opening %d bytes allocates %v times", p, size, got)
			}
			rtcp := make([]byte, 0, 200)
			packet := report(7, 10)
			if got := testing.AllocsPerRun(100, func() {
				if s.SealRTCP(rtcp, packet) == nil {
					t.Fatal("not sealed")
				}
			}); got > 0 {
				t.Errorf("%v: sealing RTCP allocates %v times", p, got)
			}
		}
	}
}

// Forged packets of ever new SSRCs cost no memory.
func TestForgedPacketsAllocateNothing(t *testing.T) {
	each(t, func(t trial) {
		_, o := ends(t, t.p, 10)
		packet := append(header(7, 1), make([]byte, 40)...)
		if got := testing.AllocsPerRun(100, func() {
			packet[9]++
			packet[10] = 1
			if _, _, err := o.OpenRTP(packet); err != ErrForged {
				t.Fatal(err)
			}
		}); got > 0 {
			t.Errorf("a forged packet allocates %v times", got)
		}
	})
}
