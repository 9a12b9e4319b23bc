package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"paravent/e2ee/sframe"
	"paravent/signaling/wire"
)

const (
	viewFrames = 64                     // frames that nobody has read yet; the oldest fall out
	askSpacing = 500 * time.Millisecond // between two requests for a key frame
)

// View is somebody's source as this person receives it. Safe for concurrent
// use; of several who call Next each gets other frames.
type View struct {
	Person ID
	Source Source

	media  *media
	frames chan *Received
	ended  chan struct{}
	once   sync.Once

	mu     sync.Mutex // guards what follows
	leaf   uint32
	shown  string // media id asked for; empty: nothing
	opener *opener
	held   []heldFrame
	asked  time.Time // a key frame
	need   bool      // of a key frame, before which nothing can be decoded
	wanted bool      // a key frame, though nothing is missing
	counts Counts
}

type heldFrame struct {
	wire []byte
	at   time.Time
}

// Received is a frame of somebody else, opened and authentic.
type Received struct {
	Frame
	From   ID
	Source Source
	Codec  Codec
}

// Counts says what became of a view's frames. Only those passed were handed
// out.
type Counts struct {
	Passed    uint64
	NoKey     uint64 // no keys for their epoch or sender
	Forged    uint64 // not authentic, or malformed
	Replayed  uint64
	Foreign   uint64 // of another person or source than the view is for
	Forbidden uint64 // opened, but the rules of the room do not let the sender send them
}

// Watch shows a source of somebody. It may be called before the person sends
// it, and goes on when the source is turned off and on. It returns ErrFull when
// no slot is left, ErrMedia when there is no connection to be had, and
// ErrUnknown for somebody who is not in the group.
func (p *Person) Watch(ctx context.Context, person ID, source Source) (*View, error) {
	if source >= sources {
		return nil, ErrCodec
	}
	if err := p.media.down.open(ctx); err != nil {
		return nil, err
	}
	v := &View{
		Person: person, Source: source, media: &p.media,
		frames: make(chan *Received, viewFrames), ended: make(chan struct{}),
	}
	if !p.media.down.take(v) {
		return nil, ErrFull
	}
	err := p.call(func() error { return p.show(v) })
	if err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Next waits for the next frame. It returns ErrStopped once the view is closed,
// and ctx's error.
func (v *View) Next(ctx context.Context) (*Received, error) {
	select {
	case f := <-v.frames:
		return f, nil
	case <-v.ended:
		return nil, ErrStopped
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// KeyFrame asks the sender for a key frame, at most twice a second: for those
// who begin to decode what this person has received.
func (v *View) KeyFrame() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wanted = true
}

// Counts returns what became of the frames so far.
func (v *View) Counts() Counts {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.counts
}

// Close gives the slot free.
func (v *View) Close() {
	v.once.Do(func() {
		close(v.ended)
		if mid := v.media.down.free(v); mid != "" {
			v.media.say(&wire.Watch{Slot: mid, Size: "large", Priority: "medium"})
		}
	})
}

// bind says whose frames may pass from now on, and which of that person's
// tracks they come from; empty: none. It returns the slot in which to watch
// the track, and whether it must be asked for.
func (v *View) bind(leaf uint32, mid string) (slot string, ask bool) {
	slot = v.media.down.slotOf(v)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.opener == nil || v.leaf != leaf {
		v.leaf, v.opener, v.need = leaf, newOpener(v.media.ring, leaf, v.Source), !v.Source.Sound()
	}
	ask = v.shown != mid
	v.shown = mid
	return slot, ask && slot != ""
}

// unbind lets nothing pass any more.
func (v *View) unbind() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opener, v.shown, v.held = nil, "", nil
}

// hear opens a frame and hands it out, or counts why not.
func (v *View) hear(codec Codec, wire []byte, ask func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.opener == nil {
		v.counts.Foreign++
		return
	}
	now := v.media.ring.now()
	held := v.held
	v.held = nil
	for _, h := range held {
		if now.Sub(h.at) <= holdTime {
			v.open(codec, h.wire, h.at)
		}
	}
	v.open(codec, wire, now)
	if ask != nil && (v.need || v.wanted) && now.Sub(v.asked) > askSpacing {
		v.asked, v.wanted = now, false
		ask()
	}
}

func (v *View) open(codec Codec, wire []byte, at time.Time) {
	f, err := v.opener.open(codec, wire)
	switch {
	case err == nil:
	case errors.Is(err, sframe.ErrNoKey):
		if v.opener.ahead(codec, wire) && v.hold(wire, at) {
			return
		}
		v.counts.NoKey++
		v.need = v.need || codec != Opus
	case errors.Is(err, sframe.ErrReplayed):
		v.counts.Replayed++
	case errors.Is(err, sframe.ErrForeign):
		v.counts.Foreign++
	default:
		v.counts.Forged++
		v.need = v.need || codec != Opus
	}
	if err != nil {
		return
	}
	v.pass(codec, f)
}

// hold keeps a frame of an epoch to come, and has the person resynchronize if
// such frames keep coming. It is false when too many are held.
func (v *View) hold(wire []byte, at time.Time) bool {
	if now := v.media.ring.now(); v.media.stuck.seen(now) {
		go v.media.lost(now) // it waits for the loop, which may wait for this view
	}
	if len(v.held) == heldFrames {
		return false
	}
	v.held = append(v.held, heldFrame{append([]byte(nil), wire...), at})
	return true
}

// pass hands out a frame that was opened, if the rules allow it.
func (v *View) pass(codec Codec, f *sframe.Frame) {
	if !v.media.person.mayShow(v.Person, v.Source) {
		v.counts.Forbidden++
		return
	}
	// Whether it is a key frame stands in the picture itself, not in the shim
	// (RFC 6386, section 9.1).
	key := codec == VP8 && f.Data[0]&1 == 0
	if v.need && codec == VP8 && !key {
		return
	}
	v.need = false
	v.counts.Passed++
	out := &Received{
		Frame: Frame{Data: f.Data, Key: key, Level: f.Level, Voice: f.Voice},
		From:  v.Person, Source: v.Source, Codec: codec,
	}
	select {
	case v.frames <- out:
		return
	default:
	}
	select { // the oldest falls out
	case <-v.frames:
	default:
	}
	select {
	case v.frames <- out:
	default:
	}
}
