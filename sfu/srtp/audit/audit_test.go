package audit_test

import (
	"slices"
	"testing"

	"paravent/sfu/srtp"
	"paravent/sfu/srtp/audit"
)

func seal(s *srtp.Sealer, ssrc byte, index uint64) []byte {
	h := []byte{0x80, 96, byte(index >> 8), byte(index), 0, 0, 0, 0, 0, 0, 0, ssrc}
	return s.SealRTP(slices.Grow(h, 100), len(h), []byte("payload"), index)
}

func TestTwiceIsFound(t *testing.T) {
	for _, p := range []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1} {
		client, server, err := srtp.Split(p, make([]byte, p.KeyingMaterial()))
		if err != nil {
			t.Fatal(err)
		}
		server.Key[0] = 1
		var n audit.Nonces
		sealer := func(m srtp.Master) *srtp.Sealer {
			s, err := srtp.NewSealer(p, m)
			if err != nil {
				t.Fatal(err)
			}
			n.Watch(s)
			return s
		}
		one, other := sealer(client), sealer(server)
		share := one.Share()
		expect := func(what string, sealed, twice int) {
			t.Helper()
			if n.Sealed() != sealed || n.Twice() != twice {
				t.Errorf("%s: %d sealed, %d twice; want %d, %d", what, n.Sealed(), n.Twice(), sealed, twice)
			}
		}
		seal(one, 1, 5)
		seal(one, 2, 5)
		seal(one, 1, 1<<16|5)
		seal(other, 1, 5)
		rtcp := []byte{0x80, 201, 0, 1, 0, 0, 0, 1}
		for range 7 {
			one.SealRTCP(nil, rtcp)
			share.SealRTCP(nil, rtcp)
		}
		expect("all different", 18, 0)
		seal(one, 1, 5)
		expect("again", 18, 1)
		seal(share, 2, 5)
		expect("by a share", 18, 2)
		again := sealer(client)
		seal(again, 1, 5)
		expect("by another Sealer with the same keys", 18, 3)
		again.SealRTCP(nil, rtcp)
		expect("RTCP of another Sealer with the same keys", 18, 4)
		if seal(one, 1, 1<<48) != nil {
			t.Error("sealed beyond 48 bits")
		}
		expect("what is refused", 18, 4)
	}
}
