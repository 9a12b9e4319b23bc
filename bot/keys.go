package bot

import (
	"math"
	"slices"
	"sync"
	"time"

	"paravent/e2ee/sframe"
)

// From e2ee/PROTOCOL.md, "Epoch changes" and "Receiving".
const (
	sealDelay    = 200 * time.Millisecond // until a sender uses the keys of an epoch nobody was removed by
	oldTime      = 3 * time.Second        // keys of the epoch before, after a commit
	oldShortTime = time.Second            // the same, after one that removes somebody
	heldFrames   = 64                     // of a track, for keys that are on their way
	holdTime     = 500 * time.Millisecond
)

// epochKeys are the media keys of one epoch.
type epochKeys struct {
	number  uint64
	baseKey []byte
	leaf    uint32          // one's own
	members []uint32        // leaves
	until   time.Time       // zero: the present epoch
	counter [4]uint64       // of the next frame, by source
	keys    [4]*sframe.Key  // for sealing, by source
	gone    map[uint32]bool // leaves removed since
}

// keyRing holds the media keys of a stay: those that are sealed with, and those
// that frames on their way may need. Safe for concurrent use.
type keyRing struct {
	now func() time.Time

	mu      sync.Mutex // guards what follows
	open    []*epochKeys
	sealing *epochKeys // nil: nothing can be sealed
	next    *epochKeys // takes sealing's place at nextAt
	nextAt  time.Time
	version uint64 // changes with open
}

func newKeyRing(now func() time.Time) *keyRing { return &keyRing{now: now} }

// enter begins an epoch. The keys of others stay for a while unless fresh,
// which says that this is not the epoch after the one before.
func (r *keyRing) enter(e *epochKeys, removed []uint32, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.version++
	if len(r.open) > 0 && r.open[len(r.open)-1].number == e.number && !fresh {
		return // counters never start anew under one key
	}
	if fresh {
		r.open, r.sealing = nil, nil
	}
	grace := oldTime
	if len(removed) > 0 {
		grace = oldShortTime
	}
	for _, old := range r.open {
		if end := now.Add(grace); old.until.IsZero() || end.Before(old.until) {
			old.until = end
		}
		for _, leaf := range removed {
			old.gone[leaf] = true
		}
	}
	e.gone = map[uint32]bool{}
	r.open = append(r.open, e)
	r.next, r.nextAt = e, now
	if r.sealing != nil && len(removed) == 0 {
		r.nextAt = now.Add(sealDelay)
	}
}

// expire deletes the keys whose time is over and returns how long the next
// ones have yet; 0 if there are none.
func (r *keyRing) expire() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sweep()
}

func (r *keyRing) sweep() time.Duration {
	now := r.now()
	before := len(r.open)
	r.open = slices.DeleteFunc(r.open, func(e *epochKeys) bool { return !e.until.IsZero() && !now.Before(e.until) })
	if len(r.open) != before {
		r.version++
	}
	least := time.Duration(math.MaxInt64)
	for _, e := range r.open {
		if !e.until.IsZero() {
			least = min(least, e.until.Sub(now))
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// forget deletes all keys.
func (r *keyRing) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open, r.sealing, r.next = nil, nil, nil
	r.version++
}

// seal seals a frame of one's own. It returns ErrNoKeys when there is no
// group, or a counter has come to its end, and sframe.ErrMalformed for what is
// no frame of its codec.
func (r *keyRing) seal(source Source, f *sframe.Frame) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil && !r.now().Before(r.nextAt) {
		r.sealing, r.next = r.next, nil
	}
	e := r.sealing
	if e == nil || e.counter[source] > sframe.MaxCTR {
		return nil, ErrNoKeys
	}
	if e.keys[source] == nil {
		kid := sframe.KeyID{Context: sframe.Context(source), Leaf: e.leaf, Epoch: uint8(e.number)}.KID()
		key, err := sframe.NewKey(sframe.AES256GCMSHA512Tag128, e.baseKey, kid)
		if err != nil {
			return nil, err
		}
		e.keys[source] = key
	}
	counter := e.counter[source]
	e.counter[source]++ // spent also when sealing fails
	return sframe.SealFrame(e.keys[source], uint32(counter), f)
}

// opener opens the frames of one member's source. Not safe for concurrent use.
type opener struct {
	ring     *keyRing
	leaf     uint32
	receiver *sframe.Receiver
	version  uint64
	known    map[*epochKeys]bool
}

func newOpener(ring *keyRing, leaf uint32, source Source) *opener {
	return &opener{ring: ring, leaf: leaf, receiver: sframe.NewReceiver(leaf, sframe.Context(source)), known: map[*epochKeys]bool{}}
}

// follow takes over what the ring has. It is cheap when nothing has changed.
func (o *opener) follow() {
	o.ring.mu.Lock()
	defer o.ring.mu.Unlock()
	o.ring.sweep()
	if o.version == o.ring.version {
		return
	}
	o.version = o.ring.version
	for e := range o.known {
		if !slices.Contains(o.ring.open, e) || e.gone[o.leaf] {
			o.receiver.Forget(e.number)
			delete(o.known, e)
		}
	}
	for _, e := range o.ring.open {
		if !o.known[e] && !e.gone[o.leaf] {
			o.receiver.Add(e.number, e.baseKey, e.members)
			o.known[e] = true
		}
	}
}

// ahead reports whether a frame is of an epoch that has not come yet.
func (o *opener) ahead(codec Codec, wire []byte) bool {
	_, sealed, err := sframe.SplitShim(codec, wire)
	if err != nil {
		return false
	}
	h, _, err := sframe.ParseHeader(sealed)
	if err != nil {
		return false
	}
	id, err := sframe.ParseKID(h.KID)
	if err != nil {
		return false
	}
	o.ring.mu.Lock()
	defer o.ring.mu.Unlock()
	if len(o.ring.open) == 0 {
		return true
	}
	ahead := id.Epoch - uint8(o.ring.open[len(o.ring.open)-1].number)
	return ahead >= 1 && ahead <= 127
}

// open returns a frame in clear, or an error of sframe.Receiver.Open.
func (o *opener) open(codec Codec, wire []byte) (*sframe.Frame, error) {
	o.follow()
	return o.receiver.Open(codec, wire)
}
