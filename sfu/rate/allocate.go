package rate

import (
	"iter"
	"time"
)

// Priority is how much a track matters to who shows it; more matters more.
type Priority uint8

// The priorities.
const (
	Other Priority = iota
	Speaking
	Pinned
	Screen
)

// Paused is the layer of a track of which nothing is sent.
const Paused = -1

// What we chose.
const (
	spare     = 0.85             // of the rate must do for what is shown more
	plenty    = 0.75             // of it, if it is shown without waiting
	spareHold = 2 * time.Second  // that the rate must have sufficed otherwise,
	longHold  = 8 * time.Second  // or twice as long each time, up to this, that it was
	soon      = 10 * time.Second // too little again so soon,
	lessHold  = 5 * time.Second  // and always so soon after less had to be shown,
	another   = 1.5              // but not with so many times the rate that was too little
	forget    = 30 * time.Second // after which it no longer matters that it was
)

// Layer is one way to show a track.
type Layer struct {
	Height int // of the picture; 0: not known
	Rate   int // bits per second that are sent for it, headers and lower layers that it needs included; 0: the publisher does not send it now
}

// Track is one that a subscriber shows. It is kept between calls of Allocate,
// and begins anew with the zero value.
type Track struct {
	Priority Priority
	Wanted   int     // height in which it is shown; 0: nothing is wanted
	Layers   []Layer // smallest first: by height, then by rate; empty: nothing is sent
	Shown    int     // what Allocate chose: an index in Layers, or Paused

	known bool // Allocate has seen it
	cap   int  // the layer that is wanted
	kept  int  // the layer that is shown and may still be
	given int  // the layer that it gets
	tried int  // the layer up to which all were tried while sharing
}

// Allocation is what came of sharing.
type Allocation struct {
	Used    int           // bits per second of audio and of what is shown
	Whole   int           // bits per second if everything wanted was shown
	Changed bool          // Shown of a track is another than before
	Again   time.Duration // ask again at this moment even if nothing changes; 0: no need
}

// Allocator shares what the network carries towards one subscriber among the
// tracks that it shows. The zero value is ready. Not safe for concurrent use.
//
// Every track gets its smallest layer before one gets a larger, the more
// important first; then the most important get larger ones, step by step,
// before those that matter less. Among equals the order of tracks decides.
type Allocator struct {
	more    bool          // more could be shown
	since   time.Duration // and since when
	lowered bool          // less had to be shown
	last    time.Duration // and when
	raised  time.Duration // when more was shown
	enough  float64       // budget with which it was
	hold    time.Duration // that the rate must have sufficed
	failed  float64       // budget with which more was shown that was too much; 0: none
}

// Allocate sets Shown of every track so that audio and all of them take no
// more than rate, in bits per second; but the smallest layer of the most
// important one is shown whatever the rate.
//
// Less is shown at once, and more pictures of the same size too. Larger ones
// are shown once the rate has had room to spare for a while, or has plenty, or
// if more is wanted than before.
func (a *Allocator) Allocate(rate, audio int, tracks []Track, now time.Duration) Allocation {
	budget := rate - audio
	asked := look(tracks)
	switch short := shown(tracks) > budget; {
	case asked, short:
		share(budget, tracks)
		a.more = false
		if short && !asked {
			a.less(now)
		}
	default:
		a.raise(float64(budget), tracks, now)
	}
	result := Allocation{Used: audio, Whole: audio}
	for i := range tracks {
		t := &tracks[i]
		result.Changed = result.Changed || t.given != t.Shown || !t.known
		t.Shown, t.known = t.given, true
		result.Used += t.rate(t.given)
		result.Whole += t.rate(t.cap)
	}
	if a.more {
		result.Again = a.since + a.hold
	}
	return result
}

// less notes that less had to be shown.
func (a *Allocator) less(now time.Duration) {
	if a.raised != 0 && now-a.raised < max(soon, 2*a.hold) {
		a.hold, a.failed = min(2*a.hold, longHold), a.enough
	}
	a.lowered, a.last = true, now
}

// raise shows more if there has been room for it for long enough, else what
// is kept and more pictures of that.
func (a *Allocator) raise(budget float64, tracks []Track, now time.Duration) {
	if a.hold == 0 || now-a.last > forget || a.failed != 0 && budget >= another*a.failed {
		a.hold = spareHold
	}
	share(int(plenty*budget), tracks)
	much := a.rested(budget, now) && improves(tracks)
	share(int(spare*budget), tracks)
	if !improves(tracks) {
		a.more = false
	} else if !a.more {
		a.more, a.since = true, now
	}
	if a.more && (much || now-a.since >= a.hold) {
		a.more, a.raised, a.enough = false, now, budget
		return
	}
	quicken(int(spare*budget), tracks)
}

// rested says whether what had to be shown less no longer is a reason to wait.
func (a *Allocator) rested(budget float64, now time.Duration) bool {
	return !a.lowered || now-a.last >= max(lessHold, a.hold) || a.failed != 0 && budget >= another*a.failed
}

// quicken gives what is kept, and more pictures of the same size where they
// fit: they need no key frame, and are as easily taken back.
func quicken(budget int, tracks []Track) {
	for i := range tracks {
		t := &tracks[i]
		t.given = t.kept
		budget -= t.rate(t.given)
	}
	for t := range ranked(tracks) {
		if t.given == Paused {
			continue
		}
		for i := t.given + 1; i <= t.cap && t.Layers[i].Height == t.Layers[t.given].Height; i++ {
			more := t.rate(i) - t.rate(t.given)
			if t.Layers[i].Rate > 0 && more <= budget {
				budget -= more
				t.given = i
			}
		}
	}
}

// look finds the layer that is wanted of each track, and which of those that
// are shown may stay. Asked says that more is wanted of one than before, or
// that one lost its layer.
func look(tracks []Track) (asked bool) {
	for i := range tracks {
		t := &tracks[i]
		if !t.known {
			t.Shown, t.cap = Paused, Paused
		}
		t.Priority = min(t.Priority, Screen)
		was := t.cap
		t.cap = t.wanted()
		t.kept = t.below(min(t.Shown, t.cap))
		asked = asked || t.cap > was || t.kept == Paused && t.Shown != Paused && t.cap != Paused
	}
	return asked
}

// ranked gives the tracks from the most important on.
func ranked(tracks []Track) iter.Seq[*Track] {
	return func(yield func(*Track) bool) {
		for rank := range Screen + 1 {
			for i := range tracks {
				if t := &tracks[i]; t.Priority == Screen-rank && !yield(t) {
					return
				}
			}
		}
	}
}

// shown is what the tracks take if they stay as they are, but nothing if that
// is only what is shown whatever the rate.
func shown(tracks []Track) int {
	sum, first, more := 0, true, false
	for t := range ranked(tracks) {
		if t.cap != Paused {
			sum += t.rate(t.kept)
			more = more || t.kept != Paused && (!first || t.kept != t.above(Paused))
			first = false
		}
	}
	if !more {
		return 0
	}
	return sum
}

// improves says whether what is given is more than what is kept: whether the
// most important track that is paused in only one of both is shown, or, where
// that is the same, the most important one that differs is larger.
func improves(tracks []Track) bool {
	larger := 0
	for t := range ranked(tracks) {
		switch {
		case t.given != Paused && t.kept == Paused:
			return true
		case t.given == Paused && t.kept != Paused:
			return false
		case larger == 0:
			larger = t.given - t.kept
		}
	}
	return larger > 0
}

// share gives every track its layer.
func share(budget int, tracks []Track) {
	first := true
	for t := range ranked(tracks) {
		t.given = Paused
		if t.cap == Paused {
			continue
		}
		t.tried = t.above(Paused)
		if t.rate(t.tried) <= budget || first {
			t.given = t.tried
			budget -= t.rate(t.given)
		}
		first = false
	}
	for rank := range Screen + 1 {
		for again := true; again; {
			again = false
			for i := range tracks {
				if t := &tracks[i]; t.Priority == Screen-rank && t.given != Paused {
					again = t.enlarge(&budget) || again
				}
			}
		}
	}
}

// enlarge gives the track the next layer that fits. A layer that did not fit
// is not tried again: what is left only gets less.
func (t *Track) enlarge(budget *int) bool {
	for t.tried < t.cap {
		t.tried = t.above(t.tried)
		if more := t.rate(t.tried) - t.rate(t.given); more <= *budget {
			*budget -= more
			t.given = t.tried
			return true
		}
	}
	return false
}

// wanted is the layer that suffices: the largest of the smallest height that
// is not less than that in which the track is shown, or of the largest there
// is.
func (t *Track) wanted() int {
	if t.Wanted <= 0 {
		return Paused
	}
	wanted := Paused
	for i, l := range t.Layers {
		switch {
		case l.Rate <= 0:
		case wanted != Paused && t.Layers[wanted].Height >= t.Wanted && l.Height > t.Layers[wanted].Height:
			return wanted
		default:
			wanted = i
		}
	}
	return wanted
}

// above is the next layer after i that is sent, up to the one that is wanted.
func (t *Track) above(i int) int {
	for i++; i < t.cap && t.Layers[i].Rate <= 0; i++ {
	}
	return i
}

// below is the largest layer up to i that is sent.
func (t *Track) below(i int) int {
	for i = min(i, len(t.Layers)-1); i >= 0 && t.Layers[i].Rate <= 0; i-- {
	}
	return i
}

// rate is what a layer takes.
func (t *Track) rate(layer int) int {
	if layer < 0 || layer >= len(t.Layers) {
		return 0
	}
	return t.Layers[layer].Rate
}
