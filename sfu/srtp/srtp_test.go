package srtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
)

var profiles = []Profile{AEADAES128GCM, AEADAES256GCM, AES128CMSHA1}

func (p Profile) String() string { return fmt.Sprintf("profile%d", uint16(p)) }

// material is keying material that a seed stands for.
func material(p Profile, seed byte) []byte {
	b := make([]byte, p.KeyingMaterial())
	for i := range b {
		b[i] = byte(i)*7 + seed
	}
	return b
}

// ends makes both ends of one direction.
func ends(t testing.TB, p Profile, limit int) (*Sealer, *Opener) {
	t.Helper()
	m, _, err := Split(p, material(p, 1))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSealer(p, m)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOpener(p, m, limit)
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

// header writes an RTP header with one contributing source and an extension of
// one word.
func header(ssrc uint32, seq uint16) []byte {
	b := []byte{0x91, 96}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, 0x12345678)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = binary.BigEndian.AppendUint32(b, 0xCAFE)
	return append(b, 0xBE, 0xDE, 0, 1, 0x10, 'x', 0, 0)
}

// plain is what a packet is before it is sealed, and sealed what it is then.
func plain(ssrc uint32, index uint64, payload []byte) []byte {
	return append(header(ssrc, uint16(index)), payload...)
}

func sealed(t testing.TB, s *Sealer, ssrc uint32, index uint64, payload []byte) []byte {
	t.Helper()
	h := header(ssrc, uint16(index))
	b := s.SealRTP(slices.Grow(h, len(payload)+s.Overhead()), len(h), payload, index)
	if b == nil {
		t.Fatal("not sealed")
	}
	return b
}

// report is an RTCP packet: a receiver report with some numbers.
func report(ssrc uint32, words int) []byte {
	b := []byte{0x80, 201, 0, byte(1 + words)}
	b = binary.BigEndian.AppendUint32(b, ssrc)
	for n := range words {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// trial is a test with one profile.
type trial struct {
	*testing.T
	p Profile
}

func each(t *testing.T, f func(t trial)) {
	t.Helper()
	for _, p := range profiles {
		t.Run(p.String(), func(t *testing.T) { f(trial{t, p}) })
	}
}

func TestWhatIsSealedOpens(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 2)
		for n := range 400 {
			payload := bytes.Repeat([]byte{byte(n)}, n)
			packet := sealed(t, s, 7, uint64(n), payload)
			if n > 16 && bytes.Contains(packet, payload) {
				t.Fatal("the payload is in clear")
			}
			size, index, err := o.OpenRTP(packet)
			if err != nil || index != uint64(n) {
				t.Fatal(n, index, err)
			}
			equal(t, "RTP", packet[:size], plain(7, index, payload))

			packet = s.SealRTCP([]byte("before"), report(9, n%100))[len("before"):]
			if len(packet) != 8+4*(n%100)+s.OverheadRTCP() {
				t.Fatal("an RTCP packet grew by something else than it should")
			}
			if size, err = o.OpenRTCP(packet); err != nil {
				t.Fatal(err)
			}
			equal(t, "RTCP", packet[:size], report(9, n%100))
		}
	})
}

// The plaintext may begin behind the header already, as it does with RTX.
func TestPlaintextInTwoPieces(t *testing.T) {
	each(t, func(t trial) {
		s, _ := ends(t, t.p, 1)
		whole := sealed(t, s, 7, 5, []byte("number and payload"))
		h := header(7, 5)
		b := append(slices.Grow(h, 100), "number "...)
		equal(t, "in two pieces", s.SealRTP(b, len(h), []byte("and payload"), 5), whole)
		b = append(slices.Grow(h, 100), "number and payload"...)
		equal(t, "in place", s.SealRTP(b, len(h), nil, 5), whole)
	})
}

func TestWhatMustNotBeSealed(t *testing.T) {
	each(t, func(t trial) {
		s, _ := ends(t, t.p, 1)
		ok := func() []byte { return slices.Grow(header(7, 5), 100) }
		old := ok()
		old[0] = 0x51
		for name, b := range map[string][]byte{
			"no header":          s.SealRTP(nil, 0, []byte("x"), 5),
			"part of a header":   s.SealRTP(ok()[:11], 11, []byte("x"), 5),
			"header beyond b":    s.SealRTP(ok(), 25, []byte("x"), 5),
			"negative header":    s.SealRTP(ok(), -1, []byte("x"), 5),
			"version 1":          s.SealRTP(old, 24, []byte("x"), 5),
			"another number":     s.SealRTP(ok(), 24, []byte("x"), 6),
			"49 bits":            s.SealRTP(ok(), 24, []byte("x"), 1<<48|5),
			"no capacity":        s.SealRTP(slices.Clip(header(7, 5)), 24, []byte("x"), 5),
			"a byte too few":     s.SealRTP(make([]byte, 12, 12+s.Overhead()), 12, []byte("x"), 0),
			"too long":           s.SealRTP(slices.Grow(header(7, 5), 1<<17), 24, make([]byte, 1<<16-s.Overhead()-24), 5),
			"RTCP: nothing":      s.SealRTCP(nil, nil),
			"RTCP: part":         s.SealRTCP(nil, report(7, 0)[:7]),
			"RTCP: version 0":    s.SealRTCP(nil, make([]byte, 8)),
			"RTCP: far too long": s.SealRTCP(nil, append(report(7, 0), make([]byte, 1<<16)...)),
		} {
			if b != nil {
				t.Error("sealed: ", name)
			}
		}
		if s.SealRTP(ok(), 24, nil, maxIndex&^0xFFFF|5) == nil {
			t.Error("the last round is not sealed")
		}
	})
}

func TestRTCPIndexEnds(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 1)
		s.sender.next.Store(maxRTCPIndex)
		last := s.SealRTCP(nil, report(7, 1))
		if _, err := o.OpenRTCP(last); err != nil {
			t.Error(err)
		}
		for range 3 {
			if s.SealRTCP(nil, report(7, 1)) != nil || s.Share().SealRTCP(nil, report(7, 1)) != nil {
				t.Error("sealed behind the last index")
			}
		}
	})
}

func TestWipe(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 1)
		share := s.Share()
		rtp, rtcp := sealed(t, s, 7, 1, []byte("x")), s.SealRTCP(nil, report(7, 1))
		share.Wipe()
		for _, s := range []*Sealer{s, share, s.Share()} {
			if s.SealRTP(slices.Grow(header(7, 5), 100), 24, []byte("x"), 5) != nil || s.SealRTCP(nil, report(7, 1)) != nil {
				t.Error("sealed with keys that are wiped")
			}
		}
		o.Wipe()
		if _, _, err := o.OpenRTP(rtp); err != ErrWiped {
			t.Error(err)
		}
		if _, err := o.OpenRTCP(rtcp); err != ErrWiped {
			t.Error(err)
		}
		m, _, err := Split(t.p, material(t.p, 1))
		if err != nil {
			t.Fatal(err)
		}
		m.Wipe()
		if bytes.ContainsFunc(slices.Concat(m.Key, m.Salt), func(r rune) bool { return r != 0 }) {
			t.Error("the master is still there")
		}
	})
}

func TestSharesSealAtOnce(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 4)
		const each = 300
		var wg sync.WaitGroup
		packets := make(chan []byte, 8*each)
		for n := range uint32(4) {
			share := s.Share()
			wg.Go(func() {
				for i := range uint64(each) {
					h := header(n, uint16(i))
					packets <- share.SealRTP(slices.Grow(h, 100), len(h), []byte("payload"), i)
					packets <- share.SealRTCP(nil, report(n, 2))
				}
			})
		}
		wg.Wait()
		close(packets)
		for packet := range packets {
			var err error
			if packet[1] == 201 {
				_, err = o.OpenRTCP(packet)
			} else {
				_, _, err = o.OpenRTP(packet)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTooManySSRCs(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 2)
		for n, want := range []error{nil, nil, ErrTooMany, ErrTooMany} {
			if _, _, err := o.OpenRTP(sealed(t, s, uint32(n), 1, nil)); err != want {
				t.Error(n, err)
			}
		}
		if _, err := o.OpenRTCP(s.SealRTCP(nil, report(3, 0))); err != ErrTooMany {
			t.Error(err)
		}
		if _, err := o.OpenRTCP(s.SealRTCP(nil, report(0, 0))); err != nil {
			t.Error("RTCP of a known SSRC: ", err)
		}
	})
}

func TestMalformed(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 1)
		whole := sealed(t, s, 7, 1, nil)
		for n := range whole {
			if _, _, err := o.OpenRTP(slices.Clone(whole[:n])); !errors.Is(err, ErrMalformed) {
				t.Fatal(n, err)
			}
		}
		rtcp := s.SealRTCP(nil, report(7, 0))
		for n := range rtcp {
			if _, err := o.OpenRTCP(slices.Clone(rtcp[:n])); !errors.Is(err, ErrMalformed) {
				t.Fatal(n, err)
			}
		}
		for _, v := range []byte{0, 1, 3} {
			rtp, rtcp := slices.Clone(whole), slices.Clone(rtcp)
			rtp[0], rtcp[0] = rtp[0]&0x3f|v<<6, rtcp[0]&0x3f|v<<6
			if _, _, err := o.OpenRTP(rtp); !errors.Is(err, ErrMalformed) {
				t.Error("version", v, err)
			}
			if _, err := o.OpenRTCP(rtcp); !errors.Is(err, ErrMalformed) {
				t.Error("version", v, err)
			}
		}
		long := slices.Clone(whole)
		binary.BigEndian.PutUint16(long[18:], 0xFFFF) // words of extension
		if _, _, err := o.OpenRTP(long); !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
		if _, _, err := o.OpenRTP(make([]byte, 1<<16)); !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
	})
}

// A packet of another round than it can be of does not open, though its number
// would do: what was sealed 65536 packets ago, or would be in as many.
func TestAnotherRound(t *testing.T) {
	each(t, func(t trial) {
		s, o := ends(t, t.p, 1)
		for index := uint64(40_000); index <= 200_000; index += 20_000 {
			if _, _, err := o.OpenRTP(sealed(t, s, 7, index, nil)); err != nil {
				t.Fatal(index, err)
			}
		}
		before := memory(o)
		for _, index := range []uint64{200_001 - 1<<16, 200_001 + 1<<16, 200_001 + 7<<16, 1} {
			if _, _, err := o.OpenRTP(sealed(t, s, 7, index, nil)); !errors.Is(err, ErrForged) && !errors.Is(err, ErrReplayed) {
				t.Error(index, err)
			}
		}
		if !maps.Equal(before, memory(o)) {
			t.Error("it left a trace")
		}
		if _, got, err := o.OpenRTP(sealed(t, s, 7, 200_001, nil)); err != nil || got != 200_001 {
			t.Error(got, err)
		}
	})
}

func TestMasters(t *testing.T) {
	for _, p := range profiles {
		b := material(p, 0)
		client, server, err := Split(p, b)
		if err != nil {
			t.Fatal(err)
		}
		// RFC 5764, section 4.2: both keys, then both salts.
		equal(t, "order", slices.Concat(client.Key, server.Key, client.Salt, server.Salt), b)
		if _, _, err := Split(p, b[1:]); err == nil {
			t.Error("material that is too short")
		}
		for _, m := range []Master{{}, {client.Key, nil}, {client.Key[1:], client.Salt}, {client.Key, append(client.Salt, 0)}} {
			if _, err := NewSealer(p, m); err == nil {
				t.Error("Sealer of a bad master")
			}
			if _, err := NewOpener(p, m, 1); err == nil {
				t.Error("Opener of a bad master")
			}
		}
	}
	if _, _, err := Split(2, make([]byte, 60)); err == nil || Profile(2).KeyingMaterial() != 0 {
		t.Error("profile 2 is known")
	}
	if _, err := NewSealer(2, Master{make([]byte, 16), make([]byte, 14)}); err == nil {
		t.Error("profile 2 is known")
	}
}

// The other direction, the other packets, another profile: nothing fits.
func TestKeysAreOfOneUse(t *testing.T) {
	each(t, func(t trial) {
		client, server, err := Split(t.p, material(t.p, 1))
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSealer(t.p, client)
		if err != nil {
			t.Fatal(err)
		}
		o, err := NewOpener(t.p, server, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.OpenRTP(sealed(t, s, 7, 1, []byte("x"))); err != ErrForged {
			t.Error(err)
		}
		if _, err := o.OpenRTCP(s.SealRTCP(nil, report(7, 1))); err != ErrForged {
			t.Error(err)
		}
	})
}
