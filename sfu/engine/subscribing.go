package engine

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"paravent/sfu/description"
	"paravent/sfu/transport"
)

// subscribing implements transport.Subscribing.
type subscribing struct {
	c        *connection
	out      *outbound
	events   transport.SubscribeEvents
	offer    string
	slots    []description.Slot
	answered bool
}

var (
	errSlots    = errors.New("engine: want 1 to 80 slots")
	errAnswered = errors.New("engine: want one answer")
)

// Subscribe implements transport.Transport.
func (t *Transport) Subscribe(video, audio int, events transport.SubscribeEvents) (transport.Subscribing, error) {
	if video < 0 || audio < 0 || video+audio < 1 || video+audio > transport.MaxSlots {
		return nil, errSlots
	}
	s := &subscribing{events: events}
	c, err := t.connect(func(c *connection) {
		s.offer, s.slots = description.NewOffer(&c.local, video, audio, random)
		s.out = newOutbound(c, &c.ways, len(t.lanes), events, s.slots)
		c.media, c.begin, c.ended = s.out, s.begin, events.Ended
	})
	if err != nil {
		return nil, err
	}
	s.c = c
	return s, nil
}

// random makes SSRCs (RFC 3550, section 8.1).
func random() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}

// begin begins the exchange of packets, in the home.
func (s *subscribing) begin(home *lane) {
	s.out.begin(home)
	s.events.Connected()
}

// Offer implements transport.Subscribing. It has nothing to wait for.
func (s *subscribing) Offer(<-chan struct{}) (string, []string, error) {
	mids := make([]string, len(s.slots))
	for i := range s.slots {
		mids[i] = s.slots[i].Mid
	}
	return s.offer, mids, nil
}

// Answer implements transport.Subscribing.
func (s *subscribing) Answer(text string) error {
	if s.answered {
		return errAnswered
	}
	answer, err := description.ReadAnswer(text, s.slots)
	if err != nil {
		return err
	}
	s.answered = true
	s.offer, s.slots = "", nil // they are large
	s.out.configure(answer)
	s.c.meet(answer.Remote)
	return nil
}

// Slot implements transport.Subscribing.
func (s *subscribing) Slot(i int) transport.SlotInfo { return s.out.slot(i) }

// Writer implements transport.Subscribing. Nil: the lane is none of this
// transport.
func (s *subscribing) Writer(l transport.Lane) transport.Writer {
	ours, ok := l.(*lane)
	if !ok {
		return nil
	}
	return s.out.writer(ours)
}

// RoundTrip implements transport.Subscribing.
func (s *subscribing) RoundTrip() time.Duration { return s.out.roundTrip() }

// Rate implements transport.Subscribing.
func (s *subscribing) Rate() int { return s.out.rate() }

// Want implements transport.Subscribing.
func (s *subscribing) Want(bits int) { s.out.want(bits) }

// Close implements transport.Subscribing.
func (s *subscribing) Close() { s.c.close() }
