package sfu

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

// payloadTypes are the codecs of a connection by their numbers.
type payloadTypes [128]codec

// publishing is the connection that a peer sends on.
type publishing struct {
	router  *Router
	pc      *webrtc.PeerConnection
	state   state
	end     func() // the connection is of no more use
	codecs  atomic.Pointer[payloadTypes]
	readers sync.WaitGroup

	mu     sync.Mutex        // guards what follows
	tracks map[string]*track // those of the last offer, by media id
	closed bool
}

func newPublishing(p *peer) (*publishing, error) {
	u := &publishing{router: p.router}
	u.end = func() { u.state.end(p.poke) }
	pc, err := p.router.engine.connect(p.router.engine.publish, u.end)
	if err != nil {
		return nil, err
	}
	u.pc = pc
	u.state.due, u.state.gone = p.router.now().Add(p.router.connect), &p.gone
	u.state.follow(pc, func() {}, p.poke)
	u.codecs.Store(&payloadTypes{})
	pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		if t := u.begin(receiver.RTPTransceiver()); t != nil {
			go u.hear(receiver)
			u.read(remote, t)
		}
	})
	return u, nil
}

// begin counts two readers in for the track that a transceiver belongs to.
// Nil: there is none, or the connection is closed.
func (u *publishing) begin(transceiver *webrtc.RTPTransceiver) *track {
	if transceiver == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.tracks[transceiver.Mid()]
	if t == nil || u.closed {
		return nil
	}
	u.readers.Add(2)
	return t
}

// carry says which tracks the connection has from now on. What others send on
// it is not forwarded any more.
func (u *publishing) carry(tracks map[string]*track) {
	u.mu.Lock()
	before := u.tracks
	u.tracks = tracks
	u.mu.Unlock()
	for mid, t := range before {
		if tracks[mid] != t {
			if s := t.source.Load(); s != nil {
				t.stop(s)
			}
		}
	}
}

// close stops forwarding what the connection receives.
func (u *publishing) close() {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.carry(nil)
}

// negotiate answers an offer. The answer has our addresses in it.
func (u *publishing) negotiate(offer string, quit <-chan struct{}) (string, error) {
	var answer string
	err := guard(func() error {
		err := u.pc.SetRemoteDescription(webrtc.SessionDescription{
			Type: webrtc.SDPTypeOffer, SDP: withoutCandidates(offer),
		})
		if err != nil {
			return err
		}
		a, err := u.pc.CreateAnswer(nil)
		if err != nil {
			return err
		}
		u.codecs.Store(readTypes(a.SDP))
		answer, err = describeLocally(u.pc, a, quit)
		return err
	})
	return withOpusFormat(answer), err
}

// describeLocally sets a local description and returns it with all addresses.
func describeLocally(pc *webrtc.PeerConnection, d webrtc.SessionDescription, quit <-chan struct{}) (string, error) {
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(d); err != nil {
		return "", err
	}
	patience := time.NewTimer(gatherTime)
	defer patience.Stop()
	select {
	case <-gathered:
		return pc.LocalDescription().SDP, nil
	case <-patience.C:
	case <-quit:
	}
	return "", errGather
}

var (
	errGather = errors.New("sfu: want our own addresses in time")
	errPion   = errors.New("sfu: want a description that pion can take")
)

// survive ends a connection if what reads from it panics; to be deferred. What
// one peer sends must not end the process.
func survive(end func()) {
	if recover() != nil {
		end()
	}
}

// guard turns a panic into an error: see survive.
func guard(do func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPion
		}
	}()
	return do()
}

// readTypes lists the payload types of an answer.
func readTypes(answer string) *payloadTypes {
	all, kind := &payloadTypes{}, ""
	for line := range strings.Lines(answer) {
		if m, ok := strings.CutPrefix(line, "m="); ok {
			kind, _, _ = strings.Cut(m, " ")
		}
		rest, ok := strings.CutPrefix(line, "a=rtpmap:")
		number, name, _ := strings.Cut(rest, " ")
		name, _, _ = strings.Cut(name, "/")
		n, err := strconv.ParseUint(number, 10, 7)
		if ok && err == nil {
			all[n] = codecOf(kind + "/" + name)
		}
	}
	return all
}

// read forwards one incoming stream until it ends.
func (u *publishing) read(remote *webrtc.TrackRemote, t *track) {
	defer u.readers.Done()
	defer survive(u.end)
	s := &source{
		ssrc: uint32(remote.SSRC()), codecs: &u.codecs, write: u.pc.WriteRTCP, now: u.router.now,
		next: func() uint64 { return u.router.runs.Add(1) },
	}
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		s.history = newHistory()
	}
	t.start(s)
	defer t.stop(s)
	buffer := make([]byte, receiveSize)
	p := &packet{} // reused: a hot loop does not allocate
	for {
		n, _, err := remote.Read(buffer)
		if errors.Is(err, webrtc.ErrCodecNotFound) {
			continue // a payload type that was not negotiated
		}
		if err != nil || t.source.Load() != s {
			return
		}
		if !s.parse(p, buffer[:n], u.router.now()) {
			continue
		}
		tap(p.codec, buffer[:n])
		s.note(p)
		t.forward(p)
	}
}

// hear reads a publisher's sender reports, which the interceptors need to
// answer, until the stream ends.
func (u *publishing) hear(receiver *webrtc.RTPReceiver) {
	defer u.readers.Done()
	defer survive(u.end)
	buffer := make([]byte, receiveSize)
	for {
		if _, _, err := receiver.Read(buffer); err != nil {
			return
		}
	}
}
