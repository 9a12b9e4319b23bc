package srtp

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pion/srtp/v3"
)

// pion makes one end of a direction by pion/srtp, of the same master as ends.
func pion(t testing.TB, p Profile) *srtp.Context {
	t.Helper()
	m, _, err := Split(p, material(p, 1))
	if err != nil {
		t.Fatal(err)
	}
	c, err := srtp.CreateContext(m.Key, m.Salt, srtp.ProtectionProfile(p),
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is sealed here opens there: wraps, losses of thousands, late packets
// across a wrap.
func TestPionOpensOurs(t *testing.T) {
	each(t, func(t trial) {
		s, _ := ends(t, t.p, 1)
		other := pion(t, t.p)
		r := rand.New(rand.NewPCG(1, 7))
		all := history(r, 4000)
		for n, index := range all {
			payload := make([]byte, r.IntN(300))
			got, err := other.DecryptRTP(nil, sealed(t, s, 7, index, payload), nil)
			if err != nil {
				t.Fatal(n, index, err)
			}
			equal(t, "RTP", got, plain(7, index, payload))
			got, err = other.DecryptRTCP(nil, s.SealRTCP(nil, report(7, n%50)), nil)
			if err != nil {
				t.Fatal(n, err)
			}
			equal(t, "RTCP", got, report(7, n%50))
		}
		if last := slices.Max(all); last>>16 < 3 {
			t.Errorf("wrapped only %d times", last>>16)
		}
	})
}

// And what is sealed there opens here.
func TestOpensPions(t *testing.T) {
	each(t, func(t trial) {
		_, o := ends(t, t.p, 1)
		other := pion(t, t.p)
		r := rand.New(rand.NewPCG(1, 8))
		all := history(r, 4000)
		// It seals in order alone; sort, then let them arrive in theirs.
		packets := make(map[uint64][]byte)
		for _, index := range slices.Sorted(slices.Values(all)) {
			payload := make([]byte, r.IntN(300))
			other.SetROC(7, uint32(index>>16))
			packet, err := other.EncryptRTP(nil, plain(7, index, payload), nil)
			if err != nil {
				t.Fatal(err)
			}
			packets[index] = packet
		}
		for n, index := range all {
			packet := packets[index]
			size, got, err := o.OpenRTP(packet)
			if err != nil || got != index {
				t.Fatal(n, index, got, err)
			}
			equal(t, "RTP", packet[:24], header(7, uint16(index)))
			if slices.ContainsFunc(packet[24:size], func(b byte) bool { return b != 0 }) {
				t.Fatal("another payload")
			}
			packet, err = other.EncryptRTCP(nil, report(7, n%50), nil)
			if err != nil {
				t.Fatal(err)
			}
			if size, err = o.OpenRTCP(packet); err != nil {
				t.Fatal(n, err)
			}
			equal(t, "RTCP", packet[:size], report(7, n%50))
		}
	})
}

// Both seal to the same bytes.
func TestSameBytesAsPion(t *testing.T) {
	each(t, func(t trial) {
		s, _ := ends(t, t.p, 1)
		other := pion(t, t.p)
		for _, size := range []int{0, 1, 15, 16, 17, 159, 160, 161, 1200, 9000} {
			index := uint64(0x12345<<16 | size)
			payload := make([]byte, size)
			other.SetROC(7, uint32(index>>16))
			want, err := other.EncryptRTP(nil, plain(7, index, payload), nil)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "RTP", sealed(t, s, 7, index, payload), want)
			// It counts up before it seals.
			other.SetIndex(7, uint32(size))
			s.sender.next.Store(uint64(size) + 1)
			if want, err = other.EncryptRTCP(nil, report(7, size%60), nil); err != nil {
				t.Fatal(err)
			}
			equal(t, "RTCP", s.SealRTCP(nil, report(7, size%60)), want)
		}
	})
}
