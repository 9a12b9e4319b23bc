package srtp

import (
	"bytes"
	"slices"
	"testing"
)

// Nobody without the key makes a packet that opens, and nothing that is sent
// breaks anything.
func FuzzOpen(f *testing.F) {
	f.Add(append(header(7, 1), make([]byte, 40)...))
	f.Add(append(report(7, 1), append(make([]byte, 30), 0x80, 0, 0, 1)...))
	f.Add([]byte{0xBF, 0xC8, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, p := range profiles {
			s, o := ends(t, p, 2)
			if _, _, err := o.OpenRTP(sealed(t, s, 7, 1, nil)); err != nil {
				t.Fatal(err)
			}
			if n, _, err := o.OpenRTP(slices.Clone(packet)); err == nil || n != 0 {
				t.Error("opened as RTP")
			}
			if n, err := o.OpenRTCP(slices.Clone(packet)); err == nil || n != 0 {
				t.Error("opened as RTCP")
			}
			if len(o.streams) != 1 {
				t.Error("a stream was made of nothing")
			}
		}
	})
}

// A packet that was changed anywhere does not open; one that was not does.
func FuzzChanged(f *testing.F) {
	f.Add(uint16(0), byte(0), []byte("payload"))
	f.Add(uint16(30), byte(0x80), []byte{})
	f.Fuzz(func(t *testing.T, at uint16, change byte, payload []byte) {
		if len(payload) > 2000 {
			return
		}
		for _, p := range profiles {
			s, o := ends(t, p, 2)
			rtp := sealed(t, s, 7, 1<<15, payload)
			rtp[int(at)%len(rtp)] ^= change
			if _, _, err := o.OpenRTP(rtp); (err == nil) != (change == 0) {
				t.Error("RTP: ", err)
			}
			rtcp := s.SealRTCP(nil, append(report(7, 0), payload...))
			rtcp[int(at)%len(rtcp)] ^= change
			if _, err := o.OpenRTCP(rtcp); (err == nil) != (change == 0) {
				t.Error("RTCP: ", err)
			}
		}
	})
}

// Whatever is given to be sealed is refused, or opens to what it was.
func FuzzSeal(f *testing.F) {
	f.Add(header(7, 5), 24, []byte("payload"), uint64(5))
	f.Add(header(7, 5), 12, []byte{}, uint64(3<<16|5))
	f.Fuzz(func(t *testing.T, b []byte, size int, payload []byte, index uint64) {
		for _, p := range profiles {
			s, o := ends(t, p, 2)
			whole := slices.Concat(b, payload)
			packet := s.SealRTP(slices.Grow(slices.Clone(b), len(payload)+s.Overhead()), size, payload, index)
			if packet == nil {
				continue
			}
			if packet[1] != b[1] || len(packet) != len(whole)+s.Overhead() {
				t.Fatal("another packet")
			}
			if headerSize(whole) != size || index>>16 != 0 {
				continue // nobody can open that
			}
			n, got, err := o.OpenRTP(packet)
			if err != nil || got != index || !bytes.Equal(packet[:n], whole) {
				t.Fatal(n, got, err)
			}
		}
	})
}
