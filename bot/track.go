package bot

import (
	"sync"
	"time"

	"paravent/e2ee/sframe"
)

// How long a frame lasts when nothing else is said.
const (
	soundTime   = 20 * time.Millisecond
	pictureTime = 33 * time.Millisecond
)

// Track is something this person sends. Its methods are safe for concurrent
// use; the frames of one track are sent in the order of the calls.
type Track struct {
	Source Source

	media  *media
	wanted chan struct{} // a key frame is asked for

	mu      sync.Mutex // guards what follows
	place   *place
	stopped bool
}

// Stop ends the track. The others are told that the source is off.
func (t *Track) Stop() { t.media.up.stop(t.Source) }

// end makes further writes fail.
func (t *Track) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}

// KeyFrames returns a channel on which something arrives when somebody needs a
// key frame: the next picture should be one. Requests that nobody reads become
// one.
func (t *Track) KeyFrames() <-chan struct{} { return t.wanted }

// want asks the writer for a key frame.
func (t *Track) want() {
	select {
	case t.wanted <- struct{}{}:
	default:
	}
}

// Write seals a frame and sends it. It returns ErrNoKeys while there is no
// group to seal for, ErrStopped when the track has ended, ErrForbidden while
// the rules of the room do not let this person send the source (a silenced
// person its sound, anybody anything before comparing the safety code where
// the room wants that), and sframe.ErrMalformed for what is not a frame of the
// codec. Then nothing has been sent; there is no way to send it in clear.
func (t *Track) Write(f Frame) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return ErrStopped
	}
	if !t.media.person.maySend(t.Source) {
		return ErrForbidden
	}
	codec, duration := VP8, pictureTime
	if t.Source.Sound() {
		codec, duration = Opus, soundTime
	}
	if f.Duration > 0 {
		duration = f.Duration
	}
	sealed, err := t.media.ring.seal(t.Source, &sframe.Frame{Codec: codec, Key: f.Key, Data: f.Data, Level: f.Level, Voice: f.Voice})
	if err != nil {
		return err
	}
	samples := uint32(duration.Seconds() * float64(sourceClock(t.Source)))
	for _, packet := range t.place.packetizer.Packetize(sealed, samples) {
		if t.place.local.WriteRTP(packet) != nil {
			return ErrMedia
		}
	}
	return nil
}
