package main

import (
	"context"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu"
)

// What a browser does, too.
const (
	feedbackTime = 50 * time.Millisecond  // between reports of what has arrived
	lookTime     = 20 * time.Millisecond  // between looks at what is missing
	askAgain     = 100 * time.Millisecond // before a packet is asked for again
	mostAsks     = 10                     // for a packet; then for a key frame
	soundAgain   = 50 * time.Millisecond  // before sound is asked for again
	soundAsks    = 3                      // for a packet of it: what is not there by then is not played
	keyAgain     = 200 * time.Millisecond // before a key frame is asked for again
	patience     = 3 * time.Second        // without a frame, until a key frame is asked for
	mostMissing  = 1000
)

// viewer sees one picture and hears one voice.
type viewer struct {
	*seat
	house *house
	id    sfu.PeerID
	clock clock
	pc    *webrtc.PeerConnection
	ended sync.WaitGroup
	quit  chan struct{}

	mu      sync.Mutex // guards what follows
	decoder *decoder
	heard   []heard
	bytes   []arrived
	rates   []rated
	picture numbered
	voice   numbered
	needs   bool // a key frame
	asked   time.Duration
	keys    int               // key frames that were asked for
	nacks   int               // packets of the picture that were asked for
	begs    int               // packets of sound that were asked for
	deaf    bool              // none are
	times   map[uint32]uint64 // frames, by their time on the wire
	clashes int               // packets of a frame that has the time of another: a browser takes them for one
}

// heard is a packet of sound.
type heard struct {
	number   uint32
	sent, at time.Duration
}

type arrived struct {
	at    time.Duration
	bytes int
}

// rated is what the server thinks that the network carries.
type rated struct {
	at   time.Duration
	bits int
}

// numbered is a stream by its numbers: what is missing of it.
type numbered struct {
	missing map[uint16]*missed
	highest uint16
	ssrc    webrtc.SSRC
}

type missed struct {
	asked time.Duration
	asks  int
}

// view makes a viewer who goes to the server by relay, and has the first slot of
// each kind show what publisher sends. A deaf one asks for no sound that is lost.
func view(ctx context.Context, h *house, id sfu.PeerID, relay netip.AddrPort, c clock, publisher sfu.PeerID, deaf bool) (*viewer, error) {
	v := &viewer{
		deaf: deaf,
		seat: newSeat(), house: h, id: id, clock: c, quit: make(chan struct{}),
		decoder: newDecoder(), picture: numbered{missing: map[uint16]*missed{}}, voice: numbered{missing: map[uint16]*missed{}}, needs: true,
		times: map[uint32]uint64{},
	}
	var err error
	if v.pc, err = newConnection(); err != nil {
		return nil, err
	}
	h.Open(id, v)
	connected := make(chan struct{})
	var once sync.Once
	v.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	v.pc.OnTrack(v.receive)
	h.Subscribe(id, sfu.VideoSlots)
	offer, err := v.await(ctx, v.offers)
	if err != nil {
		return nil, err
	}
	err = v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: through(offer, h.address, relay)})
	if err != nil {
		return nil, err
	}
	a, err := v.pc.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	h.Answer(id, stranger(a.SDP))
	if err := v.pc.SetLocalDescription(a); err != nil {
		return nil, err
	}
	select {
	case <-connected:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.watch(id, firstSlot(offer, "video"), publisher, "0")
	h.watch(id, firstSlot(offer, "audio"), publisher, "1")
	v.ended.Go(v.look)
	return v, nil
}

// firstSlot is the media id of the first section of a kind.
func firstSlot(offer, kind string) string {
	in := ""
	for line := range strings.Lines(offer) {
		line = strings.TrimSpace(line)
		if m, ok := strings.CutPrefix(line, "m="); ok {
			in, _, _ = strings.Cut(m, " ")
		}
		if mid, ok := strings.CutPrefix(line, "a=mid:"); ok && in == kind {
			return mid
		}
	}
	return ""
}

// receive reads what comes in a slot, until there is nothing any more.
func (v *viewer) receive(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		p, _, err := remote.ReadRTP()
		select {
		case <-v.quit:
			return
		default:
		}
		if err != nil && p == nil && remote.Codec().MimeType != "" {
			return
		}
		if err == nil {
			v.take(p, remote)
		}
	}
}

func (v *viewer) take(p *rtp.Packet, remote *webrtc.TrackRemote) {
	now := v.clock.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bytes = append(v.bytes, arrived{now, p.MarshalSize()})
	if remote.Kind() == webrtc.RTPCodecTypeAudio {
		v.voice.number(p.SequenceNumber, remote.SSRC())
		if len(p.Payload) >= soundSize {
			v.heard = append(v.heard, heard{binary.BigEndian.Uint32(p.Payload), time.Duration(binary.BigEndian.Uint64(p.Payload[4:])), now})
		}
		return
	}
	v.picture.number(p.SequenceNumber, remote.SSRC())
	if part, ok := readPacket(p.Payload); ok {
		if of, ok := v.times[p.Timestamp]; ok && of != name(part.layer, part.number) {
			v.clashes++
		}
		v.times[p.Timestamp] = name(part.layer, part.number)
		v.decoder.take(part, now)
		if v.decoder.any && v.decoder.last.at == now && v.decoder.last.key {
			v.needs = false
		}
	}
}

// number notes which packets are missing.
func (n *numbered) number(seq uint16, ssrc webrtc.SSRC) {
	if n.ssrc == 0 {
		n.ssrc, n.highest = ssrc, seq
		return
	}
	delete(n.missing, seq)
	for ; int16(seq-n.highest) > 0; n.highest++ {
		if next := n.highest + 1; next != seq && len(n.missing) < mostMissing {
			n.missing[next] = &missed{}
		}
	}
}

// ask gives what is to be asked for now, and how many are given up.
func (n *numbered) ask(now, again time.Duration, most int) (seqs []uint16, over int) {
	for seq, m := range n.missing {
		switch {
		case m.asks >= most:
			over++
			delete(n.missing, seq)
		case m.asks == 0 || now-m.asked >= again:
			m.asked = now
			m.asks++
			seqs = append(seqs, seq)
		}
	}
	return sorted(seqs), over
}

// nack asks for packets.
func (n *numbered) nack(seqs []uint16) rtcp.Packet {
	return &rtcp.TransportLayerNack{MediaSSRC: uint32(n.ssrc), Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)}
}

// look asks for what is missing, again and again.
func (v *viewer) look() {
	tick := time.NewTicker(lookTime)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-v.quit:
			return
		}
		if reports := v.reports(v.clock.now()); len(reports) > 0 {
			_ = v.pc.WriteRTCP(reports) // what is lost is asked for again
		}
	}
}

func (v *viewer) reports(now time.Duration) (all []rtcp.Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rates = append(v.rates, rated{now, v.house.network.rate()})
	if seqs, _ := v.voice.ask(now, soundAgain, soundAsks); len(seqs) > 0 && !v.deaf {
		v.begs += len(seqs)
		all = append(all, v.voice.nack(seqs))
	}
	if v.picture.ssrc == 0 {
		return all
	}
	seqs, over := v.picture.ask(now, askAgain, mostAsks)
	v.needs = v.needs || over > 0
	v.nacks += len(seqs)
	if len(seqs) > 0 {
		all = append(all, v.picture.nack(seqs))
	}
	if v.decoder.any && now-v.decoder.last.at > patience {
		v.needs = true
	}
	if v.needs && now-v.asked >= keyAgain {
		v.asked = now
		v.keys++
		all = append(all, &rtcp.PictureLossIndication{MediaSSRC: uint32(v.picture.ssrc)})
	}
	return all
}

func (v *viewer) close() {
	close(v.quit)
	_ = v.pc.Close()
	v.house.ClosePeer(v.id)
	v.ended.Wait()
}
