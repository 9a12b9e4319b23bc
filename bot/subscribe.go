package bot

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"

	"paravent/signaling/wire"
)

const lateVideo = 256 // packets that a picture's missing one may be behind

// subscriber is the connection on which a person receives: a fixed number of
// slots, each of which shows one track of somebody.
type subscriber struct {
	media  *media
	offers chan string

	opening sync.Mutex // one negotiation at a time

	mu     sync.Mutex // guards what follows
	pc     *webrtc.PeerConnection
	slots  []*slot
	closed bool
}

// slot is one place of the subscribe connection.
type slot struct {
	mid   string
	sound bool
	view  *View // nil: free
}

// open makes the connection if there is none.
func (d *subscriber) open(ctx context.Context) error {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	there, closed := d.pc != nil, d.closed
	d.mu.Unlock()
	if closed {
		return d.media.person.Err()
	}
	if there {
		return nil
	}
	pc, slots, err := d.negotiate(ctx)
	if err != nil {
		if pc != nil {
			go func() { _ = pc.Close() }()
		}
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		go func() { _ = pc.Close() }()
		return d.media.person.Err()
	}
	d.pc = pc
	// What was shown in the connection before goes on in this one.
	for _, old := range d.slots {
		if old.view == nil {
			continue
		}
		for _, s := range slots {
			if s.sound == old.sound && s.view == nil {
				s.view = old.view
				break
			}
		}
	}
	d.slots = slots
	return nil
}

func (d *subscriber) negotiate(ctx context.Context) (*webrtc.PeerConnection, []*slot, error) {
	pc, err := newConnection(false)
	if err != nil {
		return nil, nil, errors.Join(ErrMedia, err)
	}
	connected := whenConnected(pc)
	pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		if t := receiver.RTPTransceiver(); t != nil {
			d.read(pc, t.Mid(), remote)
		}
	})
	drain(d.offers)
	d.media.say(&wire.Subscribe{})
	offer, err := d.media.take(ctx, d.offers)
	if err != nil || offer == "" {
		return pc, nil, errors.Join(ErrMedia, err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return pc, nil, errors.Join(ErrMedia, err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return pc, nil, errors.Join(ErrMedia, err)
	}
	d.media.say(&wire.Answer{SDP: withoutCandidates(answer.SDP)})
	if err := pc.SetLocalDescription(answer); err != nil {
		return pc, nil, errors.Join(ErrMedia, err)
	}
	return pc, slotsOf(offer), d.media.await(ctx, connected)
}

// slotsOf lists the slots of an offer.
func slotsOf(offer string) (all []*slot) {
	kind := ""
	for line := range strings.Lines(offer) {
		line = strings.TrimSpace(line)
		if section, ok := strings.CutPrefix(line, "m="); ok {
			kind, _, _ = strings.Cut(section, " ")
		}
		if mid, ok := strings.CutPrefix(line, "a=mid:"); ok {
			all = append(all, &slot{mid: mid, sound: kind == "audio"})
		}
	}
	return all
}

// take finds a slot for a view.
func (d *subscriber) take(v *View) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.slots {
		if s.view == nil && s.sound == v.Source.Sound() {
			s.view = v
			return true
		}
	}
	return false
}

func (d *subscriber) free(v *View) (mid string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.slots {
		if s.view == v {
			s.view = nil
			return s.mid
		}
	}
	return ""
}

func (d *subscriber) slotOf(v *View) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.slots {
		if s.view == v {
			return s.mid
		}
	}
	return ""
}

// views returns everything that is watched.
func (d *subscriber) views() (all []*View) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.slots {
		if s.view != nil {
			all = append(all, s.view)
		}
	}
	return all
}

func (d *subscriber) viewIn(mid string) *View {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.slots {
		if s.mid == mid {
			return s.view
		}
	}
	return nil
}

// lost makes the connection anew if something is watched. Called when the
// server says that it has ended.
func (d *subscriber) lost() {
	deliver(d.offers, "")
	d.mu.Lock()
	old := d.pc
	d.pc = nil
	watched := false
	for _, s := range d.slots {
		watched = watched || s.view != nil
	}
	d.mu.Unlock()
	if old == nil {
		return
	}
	go func() {
		_ = old.Close()
		if !watched {
			return
		}
		ctx, cancel := d.media.person.during(connectTime)
		defer cancel()
		if d.open(ctx) != nil {
			for _, v := range d.views() {
				v.Close()
			}
			return
		}
		for _, v := range d.views() {
			v.unbind()
		}
		d.media.person.post(d.media.person.showAll)
	}()
}

// revive makes the connection anew if it has ended meanwhile.
func (d *subscriber) revive() {
	d.mu.Lock()
	dead := d.pc != nil && d.pc.ConnectionState() != webrtc.PeerConnectionStateConnected
	d.mu.Unlock()
	if dead {
		d.lost()
	}
}

func (d *subscriber) close() {
	d.mu.Lock()
	d.closed = true
	pc, slots := d.pc, d.slots
	d.pc, d.slots = nil, nil
	d.mu.Unlock()
	for _, s := range slots {
		if s.view != nil {
			s.view.Close()
		}
	}
	if pc != nil {
		_ = pc.Close()
	}
}

// read takes the packets of one slot until the connection ends. What the slot
// shows may change at any time, with it the sender of the frames: the keys say
// whose they are.
func (d *subscriber) read(pc *webrtc.PeerConnection, mid string, remote *webrtc.TrackRemote) {
	var pictures *samplebuilder.SampleBuilder
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		pictures = samplebuilder.New(lateVideo, &codecs.VP8Packet{}, vp8Clock)
	}
	ask := func() {
		// A lost request is followed by the next.
		_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(remote.SSRC())}})
	}
	buffer := make([]byte, receiveSize)
	for {
		n, _, err := remote.Read(buffer)
		if errors.Is(err, webrtc.ErrCodecNotFound) {
			continue // of a codec that we cannot take apart
		}
		if err != nil {
			return
		}
		packet := &rtp.Packet{}
		if packet.Unmarshal(buffer[:n]) != nil || len(packet.Payload) == 0 {
			continue
		}
		v := d.viewIn(mid)
		if v == nil {
			continue
		}
		if pictures == nil {
			v.hear(Opus, packet.Payload, nil)
			continue
		}
		if remote.Codec().MimeType != webrtc.MimeTypeVP8 {
			continue
		}
		packet.Payload = append([]byte(nil), packet.Payload...) // the builder keeps it
		pictures.Push(packet)
		for sample := pictures.Pop(); sample != nil; sample = pictures.Pop() {
			v.hear(VP8, sample.Data, ask)
		}
	}
}
