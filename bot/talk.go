package bot

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"time"

	"paravent/e2ee/data"
	"paravent/e2ee/group"
	"paravent/e2ee/sframe"
	"paravent/signaling/wire"
)

const (
	heldBodies   = 64              // messages of an epoch that is on its way
	holdBodyTime = 3 * time.Second // and how long each is held
	turnSize     = 1 << 24         // numbers that one taking up of a stay may use (e2ee/PROTOCOL.md, "Statements")
)

// talk is the data messages of one stay (e2ee/PROTOCOL.md, "Data messages"):
// which epoch and leaf a message is of, and its numbers. It belongs to the
// person's loop.
type talk struct {
	self    ID
	key     ed25519.PrivateKey
	current *talkEpoch // nil outside a group
	old     *talkEpoch
	held    []heldBody
	ctr     uint32 // of the next message of this epoch
	seq     uint64 // of the last message of this stay
	heard   map[[ed25519.PublicKeySize]byte]uint64
}

type talkEpoch struct {
	data.Epoch
	leaf  uint32
	seats map[uint32]group.Seat
	until time.Time       // of an old one
	gone  map[uint32]bool // leaves removed since
}

type heldBody struct {
	from ID
	body []byte
	at   time.Time
}

// heardContent is a message that was opened.
type heardContent struct {
	seat    group.Seat
	content data.Content
	alone   bool // sent to this person only
	epoch   uint64
}

func newTalk(self ID, key ed25519.PrivateKey, turn uint64) *talk {
	return &talk{self: self, key: key, seq: turn * turnSize, heard: map[[ed25519.PublicKeySize]byte]uint64{}}
}

// enter goes to an epoch and returns what had been held for it.
func (t *talk) enter(e *group.Epoch, now time.Time) []heardContent {
	next := &talkEpoch{
		Epoch: data.Epoch{GroupID: e.GroupID, Number: e.Number, BaseKey: slices.Clone(e.BaseKey[:])},
		leaf:  e.Leaf,
		seats: make(map[uint32]group.Seat, len(e.Seats)),
		gone:  map[uint32]bool{},
	}
	present := make(map[[ed25519.PublicKeySize]byte]bool, len(e.Seats))
	for _, seat := range e.Seats {
		next.seats[seat.Leaf] = seat
		present[seat.Key] = true
	}
	before := t.current
	t.old = nil
	if before != nil && before.GroupID == e.GroupID && before.Number+1 == e.Number {
		before.until = now.Add(oldTime)
		if len(e.Removed) > 0 {
			before.until = now.Add(oldShortTime)
		}
		for _, leaf := range e.Removed {
			before.gone[leaf] = true
		}
		t.old = before
	}
	// What a key said last counts as long as the key is in the group.
	for key := range t.heard {
		if !present[key] {
			delete(t.heard, key)
		}
	}
	t.current, t.ctr = next, 0
	held := t.held
	t.held = nil
	var all []heardContent
	for _, h := range held {
		if now.Sub(h.at) > holdBodyTime {
			continue
		}
		if c := t.hear(h.from, h.body, h.at, now); c != nil {
			all = append(all, *c)
		}
	}
	return all
}

// expire drops the keys of the epoch before once their time is over.
func (t *talk) expire(now time.Time) {
	if t.old != nil && !now.Before(t.old.until) {
		t.old = nil
	}
}

// forget drops all keys. The numbers go on.
func (t *talk) forget() { t.current, t.old, t.held = nil, nil, nil }

// seal makes a message for one person, or for all. It returns ErrNoKeys outside
// a group and ErrLong for what is beyond a limit.
func (t *talk) seal(c data.Content, to *ID) ([]byte, error) {
	if t.current == nil || t.ctr == sframe.MaxCTR {
		return nil, ErrNoKeys
	}
	// Both numbers are spent, whatever comes of it.
	from := &data.Sender{Leaf: t.current.leaf, Key: t.key, CTR: t.ctr, Seq: t.seq + 1}
	t.ctr++
	t.seq++
	body, err := data.Seal(c, &t.current.Epoch, from, (*data.Person)(to))
	if errors.Is(err, data.ErrLimit) {
		return nil, ErrLong
	}
	return body, err
}

// hear opens what the server says is from somebody; nil for what does not
// count. What is of an epoch to come is held.
func (t *talk) hear(from ID, body []byte, at, now time.Time) *heardContent {
	h, _, err := sframe.ParseHeader(body)
	if err != nil {
		return nil
	}
	id, err := sframe.ParseKID(h.KID)
	if err != nil || id.Context != sframe.Data {
		return nil
	}
	t.expire(now)
	ahead := byte(1)
	if t.current != nil {
		ahead = id.Epoch - byte(t.current.Number)
	}
	switch {
	case ahead == 0:
		return t.open(t.current, id.Leaf, from, body)
	case ahead < 128:
		if len(t.held) < heldBodies {
			t.held = append(t.held, heldBody{from, body, at})
		}
		return nil
	case ahead == 255 && t.old != nil && !t.old.gone[id.Leaf]:
		return t.open(t.old, id.Leaf, from, body)
	default:
		return nil
	}
}

func (t *talk) open(e *talkEpoch, leaf uint32, from ID, body []byte) *heardContent {
	seat, ok := e.seats[leaf]
	if !ok || leaf == e.leaf || seat.Person != from {
		return nil
	}
	r := &data.Receiver{Self: data.Person(t.self), Leaf: leaf, Key: seat.Key[:], LastSeq: t.heard[seat.Key]}
	opened, err := data.Open(body, &e.Epoch, r)
	if err != nil && !errors.Is(err, data.ErrUnknownType) {
		return nil
	}
	t.heard[seat.Key] = opened.Seq
	if err != nil {
		return nil
	}
	return &heardContent{seat: seat, content: opened.Content, alone: opened.Alone, epoch: e.Number}
}

// asMessage is a sealed body on its way to one person, or to all.
func asMessage(body []byte, to *ID) *wire.Data {
	if to == nil {
		return &wire.Data{Body: body}
	}
	return &wire.Data{To: to[:], Body: body}
}
