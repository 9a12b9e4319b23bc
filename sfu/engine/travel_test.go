package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/datagram"
	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

// relayed is a stream that is forwarded to one slot as it comes.
type relayed struct {
	to   *watcher
	slot int
	w    transport.Writer
	next uint64
}

// Receive implements transport.Stream.
func (r *relayed) Receive(burst []transport.Packet) {
	info := r.to.s.Slot(r.slot)
	for i := range burst {
		p := &burst[i]
		if len(p.Payload) == 0 || info.Types[p.Codec].Media == 0 {
			continue
		}
		r.w.Write(&transport.Outgoing{
			SSRC: info.SSRC, Index: r.next, Format: info.Types[p.Codec].Media,
			Marker: p.Marker, Timestamp: p.Timestamp, Payload: p.Payload,
		})
		r.next++
	}
}

// End implements transport.Stream.
func (*relayed) End() {}

// relay forwards sound and picture of a source to a watcher's two slots.
func relay(to *watcher) func(transport.StreamInfo) transport.Stream {
	return func(info transport.StreamInfo) transport.Stream {
		slot := 0
		if info.Mid == "0" { // sound is offered first
			slot = 1
		}
		// Not far from the end, so that the numbers wrap.
		return &relayed{to: to, slot: slot, w: to.s.Writer(info.Lane), next: 1<<16 - 20}
	}
}

// load is what is sent as packet n of a track: anybody can tell whether it
// arrived as it was.
func load(kind byte, n uint32) []byte {
	seeded := rand.New(rand.NewPCG(uint64(kind), uint64(n)))
	b := make([]byte, 20+seeded.IntN(1100))
	for i := range b {
		b[i] = byte(seeded.Uint32())
	}
	b[0], b[1] = 0x10, kind // of VP8: a partition begins, nothing else
	binary.BigEndian.PutUint32(b[2:], n)
	return b
}

// send sends a track, five packets now and then, until the test ends.
func send(ctx context.Context, one *webrtc.TrackLocalStaticRTP, kind byte) {
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for n := uint32(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		for range 5 {
			_ = one.WriteRTP(&rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n + 65500), Timestamp: n * 960, Marker: n%5 == 4},
				Payload: load(kind, n),
			})
			n++
		}
	}
}

// receive reads a track until so many packets of it came, each as it was sent.
func receive(t *testing.T, remote *webrtc.TrackRemote, kind byte, count int) {
	t.Helper()
	seen := map[uint32]bool{}
	for len(seen) < count {
		if err := remote.SetReadDeadline(time.Now().Add(atMost)); err != nil {
			t.Error(err)
			return
		}
		p, _, err := remote.ReadRTP()
		if err != nil {
			t.Errorf("after %d packets: %v", len(seen), err)
			return
		}
		if len(p.Payload) == 0 {
			continue
		}
		n := binary.BigEndian.Uint32(p.Payload[2:])
		if !bytes.Equal(p.Payload, load(kind, n)) {
			t.Error("a packet arrived that nobody sent")
			return
		}
		if seen[n] {
			t.Errorf("packet %d came twice", n)
		}
		if p.Timestamp != n*960 || p.Marker != (n%5 == 4) {
			t.Errorf("packet %d has another timestamp or marker", n)
		}
		seen[n] = true
	}
}

// exchange lets one client publish sound and picture, and another receive them.
func exchange(t *testing.T, e *Transport, from, to client, count int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()

	var reading sync.WaitGroup
	reading.Add(2)
	watched := newWatcher(t)
	to.subscribe(t, e, watched, 1, 1, func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		defer reading.Done()
		kind := byte('v')
		if remote.Kind() == webrtc.RTPCodecTypeAudio {
			kind = 'a'
		}
		receive(t, remote, kind, count)
	})
	wait(t, "subscribe connection", watched.connected.c)

	sound, picture := track(t, webrtc.MimeTypeOpus, "sound"), track(t, webrtc.MimeTypeVP8, "picture")
	sending := newSource(t, relay(watched))
	from.publish(t, e, sending, sound, picture)
	wait(t, "publish connection", sending.connected.c)
	if got := wait(t, "sections", sending.sections); len(got) != 2 || got[0].Video || !got[1].Video {
		t.Errorf("sections are %v", got)
	}
	work.Go(func() { send(ctx, sound, 'a') })
	work.Go(func() { send(ctx, picture, 'v') })
	done := make(chan struct{})
	go func() {
		reading.Wait()
		close(done)
	}()
	wait(t, "packets", done)
	sending.p.Close()
	watched.s.Close()
	eventually(t, "all is counted", func() bool { // a lane counts at the end of its turn
		c := e.Counts()
		return c.Opened >= uint64(2*count) && c.Sealed >= uint64(2*count)
	})
	if c := e.Counts(); c.Forged+c.Malformed != 0 {
		t.Errorf("counts are %+v", c)
	}
}

func TestPacketsTravel(t *testing.T) {
	for name, one := range map[string]struct {
		setting
		client
	}{
		"AES-256-GCM":         {setting{profiles: []srtp.Profile{srtp.AEADAES256GCM}}, client{}},
		"AES-128-GCM":         {setting{profiles: []srtp.Profile{srtp.AEADAES128GCM}}, client{}},
		"AES-CM and HMAC":     {setting{profiles: []srtp.Profile{srtp.AES128CMSHA1}}, client{}},
		"a client's only one": {setting{}, client{profiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80}}},
		"two lanes":           {setting{lanes: 2}, client{}},
		"IPv6":                {setting{address: "::1"}, client{six: true}},
		"IPv6 in two lanes":   {setting{address: "::1", lanes: 2}, client{six: true}},
		"nothing batched":     {setting{without: datagram.Everything}, client{}},
	} {
		t.Run(name, func(t *testing.T) {
			exchange(t, start(t, one.setting), one.client, one.client, 300)
		})
	}
}
