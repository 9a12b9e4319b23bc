package bot

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"paravent/e2ee/sframe"
)

// clock is a time that passes when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) pass(time time.Duration) { c.at = c.at.Add(time) }

func keysOf(number uint64, members ...uint32) *epochKeys {
	return &epochKeys{number: number, baseKey: bytes.Repeat([]byte{byte(number + 1)}, 32), leaf: members[0], members: members}
}

// pair is the rings of two members, of leaf 0 and 1.
func pair() (*clock, *keyRing, *keyRing) {
	c := &clock{time.Unix(1e9, 0)}
	return c, newKeyRing(c.now), newKeyRing(c.now)
}

func sealed(t *testing.T, r *keyRing) []byte {
	t.Helper()
	b, err := r.seal(Microphone, &sframe.Frame{Codec: Opus, Data: []byte("sound")})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func epochOf(t *testing.T, frame []byte) uint8 {
	t.Helper()
	h, _, err := sframe.ParseHeader(frame)
	if err != nil {
		t.Fatal(err)
	}
	id, err := sframe.ParseKID(h.KID)
	if err != nil {
		t.Fatal(err)
	}
	return id.Epoch
}

func TestNothingIsSealedWithoutKeys(t *testing.T) {
	c, ring, _ := pair()
	f := &sframe.Frame{Codec: Opus, Data: []byte{1}}
	if _, err := ring.seal(Microphone, f); !errors.Is(err, ErrNoKeys) {
		t.Errorf("before the first epoch: %v", err)
	}
	ring.enter(keysOf(0, 0, 1), nil, true)
	sealed(t, ring)
	ring.forget()
	if _, err := ring.seal(Microphone, f); !errors.Is(err, ErrNoKeys) {
		t.Errorf("after forgetting: %v", err)
	}
	ring.enter(keysOf(1, 0, 1), nil, true)
	c.pass(time.Hour)
	sealed(t, ring)
	ring.sealing.counter[Microphone] = sframe.MaxCTR
	sealed(t, ring)
	if _, err := ring.seal(Microphone, f); !errors.Is(err, ErrNoKeys) {
		t.Errorf("at the end of the counter: %v", err)
	}
}

func TestWhenANewEpochIsUsed(t *testing.T) {
	c, ring, _ := pair()
	ring.enter(keysOf(0, 0, 1), nil, true)
	if epochOf(t, sealed(t, ring)) != 0 {
		t.Error("the first epoch is not used at once")
	}
	ring.enter(keysOf(1, 0, 1, 2), nil, false)
	if epochOf(t, sealed(t, ring)) != 0 {
		t.Error("an epoch that others may not have is used at once")
	}
	c.pass(sealDelay)
	if epochOf(t, sealed(t, ring)) != 1 {
		t.Error("the new epoch is not used")
	}
	ring.enter(keysOf(2, 0, 1), []uint32{2}, false)
	if epochOf(t, sealed(t, ring)) != 2 {
		t.Error("after a removal the new epoch is not used at once")
	}
	before := ring.sealing.counter[Microphone]
	ring.enter(keysOf(2, 0, 1), nil, false)
	sealed(t, ring)
	if ring.sealing.counter[Microphone] != before+1 {
		t.Error("a counter started anew under one key")
	}
}

func TestHowLongOldKeysOpen(t *testing.T) {
	c, alice, bob := pair()
	for _, r := range []*keyRing{alice, bob} {
		r.enter(keysOf(0, 0, 1, 2), nil, true)
	}
	bob.open[0].leaf = 1
	o, other := newOpener(bob, 0, Microphone), newOpener(bob, 2, Microphone)
	late := make([][]byte, 4)
	for i := range late {
		late[i] = sealed(t, alice)
	}
	if f, err := o.open(Opus, late[0]); err != nil || string(f.Data) != "sound" {
		t.Fatal(err)
	}
	if _, err := other.open(Opus, late[1]); !errors.Is(err, sframe.ErrForeign) {
		t.Errorf("bound to another leaf: %v", err)
	}
	bob.enter(keysOf(1, 1, 0, 2), nil, false)
	c.pass(oldTime - time.Millisecond)
	if _, err := o.open(Opus, late[1]); err != nil {
		t.Errorf("late, but within time: %v", err)
	}
	c.pass(time.Millisecond)
	if _, err := o.open(Opus, late[2]); !errors.Is(err, sframe.ErrNoKey) {
		t.Errorf("too late: %v", err)
	}

	// After a removal the time is shorter, and that of whoever was removed is over.
	carol := newKeyRing(c.now)
	carol.enter(keysOf(1, 2, 0, 1), nil, true)
	frames := [][]byte{sealed(t, carol), sealed(t, carol)}
	if _, err := other.open(Opus, frames[0]); err != nil {
		t.Errorf("of a member: %v", err)
	}
	bob.enter(keysOf(2, 1, 0), []uint32{2}, false)
	if _, err := other.open(Opus, frames[1]); !errors.Is(err, sframe.ErrNoKey) {
		t.Errorf("of a leaf that was removed: %v", err)
	}
	if bob.expire() != oldShortTime {
		t.Error("old keys stay longer after a removal")
	}
}

func TestFramesAheadOfTheirKeys(t *testing.T) {
	_, alice, bob := pair()
	o := newOpener(bob, 0, Microphone)
	alice.enter(keysOf(3, 0, 1), nil, true)
	frame := sealed(t, alice)
	if !o.ahead(Opus, frame) {
		t.Error("without keys every epoch is to come")
	}
	bob.enter(keysOf(2, 1, 0), nil, true)
	if !o.ahead(Opus, frame) {
		t.Error("the next epoch is to come")
	}
	bob.enter(keysOf(4, 1, 0), nil, false)
	if o.ahead(Opus, frame) || o.ahead(VP8, []byte{9}) || o.ahead(Opus, nil) {
		t.Error("an old epoch, or none, is to come")
	}
}
