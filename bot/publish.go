package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"paravent/signaling/wire"
)

// publisher is the connection on which a person sends.
type publisher struct {
	media   *media
	answers chan string

	negotiating sync.Mutex // one negotiation at a time; taken before mu

	mu     sync.Mutex // guards what follows
	pc     *webrtc.PeerConnection
	places [sources]*place // what has a place in the connection
	tracks [sources]*Track // what is sent
	closed bool
}

// place is where a source is sent in one connection. It outlives its tracks:
// turning a source off and on needs no negotiation, and the numbers of packets
// go on, which must never be used twice under one key.
type place struct {
	sender     *webrtc.RTPSender
	local      *webrtc.TrackLocalStaticRTP
	packetizer rtp.Packetizer
	mid        string
}

// Publish opens a track for frames of a source, with Opus for sound and VP8
// for pictures, and tells the others of it. The track is there until Stop, or
// until a moderator stops it (event Stopped). It returns ErrCodec for another
// codec, ErrViewer for people who only receive, ErrMedia when there is no
// connection to be had, and the track that there is, when there is one.
func (p *Person) Publish(ctx context.Context, source Source, codec Codec) (*Track, error) {
	if source >= sources || source.Sound() != (codec == Opus) || (codec != Opus && codec != VP8) {
		return nil, ErrCodec
	}
	if p.viewer {
		return nil, ErrViewer
	}
	t, err := p.media.up.add(ctx, source)
	if err != nil {
		return nil, err
	}
	p.media.announce()
	return t, nil
}

// add begins to send a source, and makes the connection if need be.
func (u *publisher) add(ctx context.Context, source Source) (*Track, error) {
	u.negotiating.Lock()
	defer u.negotiating.Unlock()
	u.mu.Lock()
	there, placed, closed := u.tracks[source], u.places[source] != nil, u.closed
	u.mu.Unlock()
	switch {
	case closed:
		return nil, u.media.person.Err()
	case there != nil:
		return there, nil
	case !placed:
		if err := u.extend(ctx, source); err != nil {
			return nil, err
		}
	}
	t := &Track{Source: source, media: u.media, wanted: make(chan struct{}, 1)}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed || u.places[source] == nil {
		return nil, ErrMedia
	}
	t.place = u.places[source]
	u.tracks[source] = t
	return t, nil
}

// extend gives a source a place in the connection, which is made if there is
// none.
func (u *publisher) extend(ctx context.Context, source Source) error {
	u.mu.Lock()
	pc := u.pc
	u.mu.Unlock()
	restart := pc == nil
	if restart {
		var err error
		if pc, err = newConnection(true); err != nil {
			return errors.Join(ErrMedia, err)
		}
	}
	added, err := newPlace(pc, source)
	if err == nil {
		err = u.negotiate(ctx, pc, restart)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err != nil || u.closed {
		// A half negotiated connection is of no use: with it go the others.
		u.pc, u.places = nil, [sources]*place{}
		u.endAll()
		go func() { _ = pc.Close() }()
		return errors.Join(ErrMedia, err)
	}
	added.number(pc)
	u.pc, u.places[source] = pc, added
	go u.listen(source, added)
	return nil
}

func newPlace(pc *webrtc.PeerConnection, source Source) (*place, error) {
	local, err := webrtc.NewTrackLocalStaticRTP(capabilityOf(source), source.String(), "stream")
	if err != nil {
		return nil, err
	}
	transceiver, err := pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	var payloader rtp.Payloader = &codecs.OpusPayloader{}
	if !source.Sound() {
		payloader = &codecs.VP8Payloader{EnablePictureID: true}
	}
	packetizer := rtp.NewPacketizer(packetSize, 0, 0, payloader, rtp.NewRandomSequencer(), sourceClock(source))
	return &place{sender: transceiver.Sender(), local: local, packetizer: packetizer}, nil
}

// number notes the media id that the negotiation gave.
func (l *place) number(pc *webrtc.PeerConnection) {
	for _, t := range pc.GetTransceivers() {
		if t.Sender() == l.sender {
			l.mid = t.Mid()
		}
	}
}

// negotiate makes an offer and waits until the connection is there.
func (u *publisher) negotiate(ctx context.Context, pc *webrtc.PeerConnection, restart bool) error {
	connected := whenConnected(pc)
	drain(u.answers)
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		return err
	}
	u.media.say(&wire.Publish{SDP: withoutCandidates(offer.SDP), Restart: restart})
	answer, err := u.media.take(ctx, u.answers)
	if err != nil || answer == "" {
		return errors.Join(ErrMedia, err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return err
	}
	return u.media.await(ctx, connected)
}

// whenConnected returns a channel that is closed once a connection is there.
func whenConnected(pc *webrtc.PeerConnection) <-chan struct{} {
	connected := make(chan struct{})
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	if pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		once.Do(func() { close(connected) })
	}
	return connected
}

// await waits for a connection.
func (m *media) await(ctx context.Context, connected <-chan struct{}) error {
	patience := time.NewTimer(connectTime)
	defer patience.Stop()
	select {
	case <-connected:
		return nil
	case <-patience.C:
		return ErrMedia
	case <-ctx.Done():
		return ctx.Err()
	case <-m.person.done:
		return m.person.Err()
	}
}

// lost makes the connection anew, with what is sent. Called when the server
// says that it has ended.
func (u *publisher) lost() {
	deliver(u.answers, "") // whoever negotiates waits in vain
	go func() {
		u.negotiating.Lock()
		defer u.negotiating.Unlock()
		u.mu.Lock()
		old := u.pc
		u.pc, u.places = nil, [sources]*place{}
		sent := u.tracks
		u.mu.Unlock()
		if old == nil {
			return
		}
		_ = old.Close()
		for source, t := range sent {
			if t != nil {
				u.renew(Source(source), t)
			}
		}
		u.media.announce()
	}()
}

// renew gives a track that is sent a place in the new connection, or ends it.
func (u *publisher) renew(source Source, t *Track) {
	ctx, cancel := u.media.person.during(connectTime)
	defer cancel()
	if u.extend(ctx, source) != nil {
		u.stop(source)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.place = u.places[source]
}

// revive makes the connection anew if it has ended meanwhile.
func (u *publisher) revive() {
	u.mu.Lock()
	dead := u.pc != nil && u.pc.ConnectionState() != webrtc.PeerConnectionStateConnected
	u.mu.Unlock()
	if dead {
		u.lost()
	}
}

// endAll ends everything that is sent. Called with mu held.
func (u *publisher) endAll() {
	for source, t := range u.tracks {
		if t != nil {
			t.end()
			u.tracks[source] = nil
		}
	}
}

func (u *publisher) close() {
	u.mu.Lock()
	u.closed = true
	u.endAll()
	pc := u.pc
	u.pc = nil
	u.mu.Unlock()
	if pc != nil {
		_ = pc.Close()
	}
}

// stop ends the track of a source, if there is one: nothing is sent any more
// once it returns.
func (u *publisher) stop(source Source) {
	u.mu.Lock()
	t := u.tracks[source]
	if t != nil {
		t.end()
		u.tracks[source] = nil
	}
	u.mu.Unlock()
	if t != nil {
		u.media.announce()
	}
}

// mids returns the media ids of what is sent, by source, empty while off.
func (u *publisher) mids() (all [sources]string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for source, t := range u.tracks {
		if t != nil && u.places[source] != nil {
			all[source] = u.places[source].mid
		}
	}
	return all
}

// want asks for a key frame of every picture, for those who have come.
func (u *publisher) want() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range u.tracks {
		if t != nil {
			t.want()
		}
	}
}

// listen reads what the server reports of a place until the connection ends.
func (u *publisher) listen(source Source, l *place) {
	for {
		packets, _, err := l.sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				u.mu.Lock()
				if t := u.tracks[source]; t != nil {
					t.want()
				}
				u.mu.Unlock()
			}
		}
	}
}
