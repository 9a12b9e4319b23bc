package people

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"paravent/bot"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

// picture is what a VP8 encoder might make: a key frame has a start code and a
// size (RFC 6386, section 9.1). It is longer than a packet.
func picture(number uint32, key bool) bot.Frame {
	data := make([]byte, 3000)
	data[0] = 0x11
	if key {
		copy(data, "\x10\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00")
	}
	binary.BigEndian.PutUint32(data[10:], number)
	return bot.Frame{Data: data, Key: key}
}

func sound(number uint32) bot.Frame {
	return bot.Frame{Data: binary.BigEndian.AppendUint32([]byte{0xfc}, number), Level: 30, Voice: true}
}

// play writes frames until stop is called, and skips those that are refused. A
// key frame is made when one is asked for.
func play(t *testing.T, track *bot.Track, frame func(number uint32, key bool) bot.Frame) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		key := true
		for number := uint32(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-track.KeyFrames():
				key = true
			case <-tick.C:
				if track.Write(frame(number, key)) == nil {
					key = false
					number++
				}
			}
		}
	}()
}

func noKey(frame func(uint32) bot.Frame) func(uint32, bool) bot.Frame {
	return func(number uint32, _ bool) bot.Frame { return frame(number) }
}

func (r *room) next(v *bot.View) *bot.Received {
	r.t.Helper()
	f, err := v.Next(r.context())
	if err != nil {
		r.t.Fatalf("no frame of the %s: %v; %+v", v.Source, err, v.Counts())
	}
	return f
}

func TestSoundAndPicturesArriveSealedAndOpened(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob := r.guest("Bob")
	r.agree(2, alice, bob)
	microphone, err := alice.Publish(r.context(), bot.Microphone, bot.Opus)
	r.must(err)
	camera, err := alice.Publish(r.context(), bot.Camera, bot.VP8)
	r.must(err)
	if again, err := alice.Publish(r.context(), bot.Camera, bot.VP8); err != nil || again != camera {
		t.Error("a second track of one source")
	}
	if _, err := alice.Publish(r.context(), bot.Screen, bot.Opus); !errors.Is(err, bot.ErrCodec) {
		t.Errorf("a picture of sound: %v", err)
	}
	await(r, bob, func(e bot.Introduced) bool { return e.Member.Sends[bot.Microphone] && e.Member.Sends[bot.Camera] })
	play(t, microphone, noKey(sound))
	play(t, camera, picture)

	heard, err := bob.Watch(r.context(), alice.Self(), bot.Microphone)
	r.must(err)
	seen, err := bob.Watch(r.context(), alice.Self(), bot.Camera)
	r.must(err)
	last := uint32(0)
	for range 20 {
		f := r.next(heard)
		number := binary.BigEndian.Uint32(f.Data[1:])
		if f.From != alice.Self() || f.Source != bot.Microphone || f.Codec != bot.Opus || f.Level != 30 || !f.Voice ||
			!slices.Equal(f.Data, sound(number).Data) || last != 0 && number <= last {
			t.Fatalf("%+v", f)
		}
		last = number
	}
	for i := range 20 {
		f := r.next(seen)
		number := binary.BigEndian.Uint32(f.Data[10:])
		if f.From != alice.Self() || f.Codec != bot.VP8 || i == 0 && !f.Key || !slices.Equal(f.Data, picture(number, f.Key).Data) {
			t.Fatalf("frame %d, key %v, of %d bytes", number, f.Key, len(f.Data))
		}
	}
	if c := seen.Counts(); c.Forged+c.Foreign+c.Replayed > 0 {
		t.Errorf("%+v", c)
	}

	// Somebody comes: the keys change, and the sound goes on.
	carol := r.guest("Carol")
	r.agree(3, alice, bob, carol)
	before := alice.Epoch()
	for range 60 {
		r.next(heard)
	}
	if alice.Epoch() != before {
		t.Error("the epoch has changed again")
	}

	// Off and on again.
	camera.Stop()
	await(r, bob, func(e bot.Introduced) bool { return !e.Member.Sends[bot.Camera] })
	if err := camera.Write(picture(1, true)); !errors.Is(err, bot.ErrStopped) {
		t.Errorf("a stopped track: %v", err)
	}
	camera, err = alice.Publish(r.context(), bot.Camera, bot.VP8)
	r.must(err)
	play(t, camera, func(number uint32, key bool) bot.Frame { return picture(number+1_000_000, key) })
	for binary.BigEndian.Uint32(r.next(seen).Data[10:]) < 1_000_000 {
	}
}

func TestModeratorsSilenceAndStop(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob := r.guest("Bob")
	r.agree(2, alice, bob)
	microphone, err := bob.Publish(r.context(), bot.Microphone, bot.Opus)
	r.must(err)
	play(t, microphone, noKey(sound))
	heard, err := alice.Watch(r.context(), bob.Self(), bot.Microphone)
	r.must(err)
	r.next(heard)

	id := bob.Self()
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Silenced = append(p.Silenced, id[:]) }))
	await(r, bob, func(e bot.Ruled) bool { return len(e.Rules.Silenced) == 1 })
	if err := microphone.Write(sound(0)); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("a silenced person speaks: %v", err)
	}
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Silenced = nil }))
	await(r, bob, func(e bot.Ruled) bool { return len(e.Rules.Silenced) == 0 })
	r.must(microphone.Write(sound(0)))

	r.must(alice.Stop(r.context(), &id, "microphone"))
	await(r, bob, func(e bot.Stopped) bool { return e.Source == bot.Microphone })
	await(r, alice, func(e bot.Introduced) bool { return !e.Member.Sends[bot.Microphone] })
	if err := microphone.Write(sound(0)); !errors.Is(err, bot.ErrStopped) {
		t.Errorf("a stopped track: %v", err)
	}
}

func TestMediaOnlyAfterTheCodeWasCompared(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice", func(p *wire.Policy) { p.Verify = true })
	bob := r.guest("Bob")
	epoch := r.agree(2, alice, bob)
	microphone, err := bob.Publish(r.context(), bot.Microphone, bot.Opus)
	r.must(err)
	if err := microphone.Write(sound(0)); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("media before comparing: %v", err)
	}
	if err := bob.Compare(epoch + 1); !errors.Is(err, bot.ErrUnknown) {
		t.Errorf("a code of another epoch: %v", err)
	}
	r.must(bob.Compare(epoch))
	r.must(microphone.Write(sound(0)))
	await(r, alice, func(e bot.Compared) bool { return e.From == bob.Self() && e.Epoch == epoch })

	carol := r.guest("Carol")
	epoch = r.agree(3, alice, bob, carol)
	if err := microphone.Write(sound(0)); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("media though somebody has come since: %v", err)
	}
	r.must(bob.Compare(epoch))
	carol.Leave()
	r.agree(2, alice, bob)
	r.must(microphone.Write(sound(0))) // leaving changes nothing
}

// A server that takes its time to take an answer is waited for.
func TestHearsThroughASlowServer(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	microphone, err := alice.Publish(r.context(), bot.Microphone, bot.Opus)
	r.must(err)
	play(t, microphone, noKey(sound))
	between := meeting.Lie(t, r.server, func() meeting.Liar { return honest })
	between.Hold = func(m wire.ClientMessage) {
		if _, ok := m.(*wire.Answer); ok {
			time.Sleep(6 * time.Second) // how long it takes is the case itself
		}
	}
	bob := r.come(r.link.Participant(between.Origin), "Bob", func(o *bot.Options) { o.TLS = nil }).in()
	r.agree(2, alice, bob)
	heard, err := bob.Watch(r.context(), alice.Self(), bot.Microphone)
	r.must(err)
	r.next(heard)
}
