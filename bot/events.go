package bot

import (
	"context"
	"encoding/hex"
	"errors"
	"iter"
	"sync"

	"paravent/signaling/wire"
)

// ID is a person's id: 16 random bytes, made anew for each stay.
type ID [wire.PersonSize]byte

// String returns the id in lower-case hex.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// Event is something that happened in the room. Which events there are is a
// closed set: the types of this file that Next can return.
//
//sumtype:decl
type Event interface{ event() }

// Entered says that a new epoch of the group has begun: from now on frames and
// messages are sealed for exactly these members. The first one comes before
// Join returns.
type Entered struct{ Epoch Epoch }

// Arrived says that somebody is in the group and can read what is said from
// now on. Its name follows with Introduced.
type Arrived struct{ Person ID }

// Introduced says who somebody is, as it says itself, or that this has
// changed. See Person.Members.
type Introduced struct{ Member Member }

// Left says that somebody is in the group no more: what is sent from now on is
// not for it.
type Left struct {
	Person ID
	Name   string
}

// Away says that somebody's connection is broken, or there again.
type Away struct {
	Person ID
	Away   bool
}

// Said is a line of text. Alone says that it was sent to this person only.
type Said struct {
	From  ID
	Name  string
	Text  string
	Alone bool
}

// Hand says that somebody has raised its hand, or taken it down.
type Hand struct {
	Person ID
	Up     bool
}

// Reacted is a reaction of somebody: one of Reactions.
type Reacted struct {
	From  ID
	Emoji string
}

// Compared says that somebody has compared the safety code of an epoch and
// found it right.
type Compared struct {
	From  ID
	Epoch uint64
}

// Speaking says that somebody speaks now: said about every two seconds, and
// only where more microphones are open than anybody receives.
type Speaking struct{ From ID }

// Knocked tells a moderator that somebody waits to be admitted, or that its
// name has changed. Only authentic knocks are told.
type Knocked struct {
	Person ID
	Name   string
	Emoji  string // four symbols of its key
	Viewer bool   // will only receive
	Ticket bool   // came with a ticket of this room
	Label  string // the ticket's, for holders of the moderator link
}

// Unknocked tells a moderator that somebody waits no more.
type Unknocked struct{ Person ID }

// Acted is what a moderator has ordered; the signature has been checked. By is
// zero when nobody in the group has the key.
type Acted struct {
	By        ID
	Statement wire.Statement
}

// Ruled says which rules hold from now on.
type Ruled struct{ Rules, Before wire.Policy }

// Noted is a line from a moderator to this person, who waits or has waited.
type Noted struct{ Text string }

// Stopped says that a moderator has stopped one of this person's tracks.
type Stopped struct{ Source Source }

// Lowered says that a moderator has taken this person's hand down.
type Lowered struct{}

// Appointed says that this person is a moderator from now on.
type Appointed struct{}

// Renewed says that a new link generation has begun: Person.Link has the link
// to hand on from now on.
type Renewed struct{ Generation uint32 }

// Moderated says whether a moderator is in. EndsMs is how long the meeting goes
// on without one, in milliseconds; 0: it does not end.
type Moderated struct {
	Present bool
	EndsMs  int
}

// Warned tells a moderator that the lobby is full ("lobby"), or that a copy of
// somebody's stay was used and both have ended ("replay").
type Warned struct {
	Of     string
	Person ID
}

// Broken says that the connection to the server is broken, or made again.
type Broken struct{ Broken bool }

// Missed says that so many events were not read in time and are lost. It comes
// in their place.
type Missed struct{ Count int }

// Ended is the last event.
type Ended struct{ Err error }

func (Entered) event()    {}
func (Arrived) event()    {}
func (Introduced) event() {}
func (Left) event()       {}
func (Away) event()       {}
func (Said) event()       {}
func (Hand) event()       {}
func (Reacted) event()    {}
func (Compared) event()   {}
func (Speaking) event()   {}
func (Knocked) event()    {}
func (Unknocked) event()  {}
func (Acted) event()      {}
func (Ruled) event()      {}
func (Noted) event()      {}
func (Stopped) event()    {}
func (Lowered) event()    {}
func (Appointed) event()  {}
func (Renewed) event()    {}
func (Moderated) event()  {}
func (Warned) event()     {}
func (Broken) event()     {}
func (Missed) event()     {}
func (Ended) event()      {}

// queuedEvents is how many events nobody may have read yet.
const queuedEvents = 1024

// errOver is returned once the last event was read.
var errOver = errors.New("bot: no more events")

// queue holds events until they are read. Safe for concurrent use.
type queue struct {
	more chan struct{} // holds one element when there may be something

	mu     sync.Mutex // guards what follows
	events []Event
	missed int
	closed bool
}

func newQueue() *queue { return &queue{more: make(chan struct{}, 1)} }

// put appends an event; the oldest one falls out of a queue that is full.
func (q *queue) put(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if _, last := e.(Ended); last {
		q.closed = true
	}
	if len(q.events) >= queuedEvents {
		q.events = q.events[1:]
		q.missed++
	}
	q.events = append(q.events, e)
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// take returns the next event, if there is one; over says that there will be
// none any more.
func (q *queue) take() (e Event, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer func() {
		if len(q.events) > 0 || q.closed {
			q.wake()
		}
	}()
	if q.missed > 0 {
		e = Missed{q.missed}
		q.missed = 0
		return e, false
	}
	if len(q.events) == 0 {
		return nil, q.closed
	}
	e = q.events[0]
	q.events = q.events[1:]
	return e, false
}

// Next waits for the next event. After Ended it returns an error; it returns
// ctx's error too. Safe for concurrent use: each event is returned once. Events
// that are not read wait, the last thousand of them.
func (p *Person) Next(ctx context.Context) (Event, error) {
	for {
		select {
		case <-p.events.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		e, over := p.events.take()
		switch {
		case over:
			return nil, errOver
		case e != nil:
			return e, nil
		}
	}
}

// Events returns the events until the last, Ended, or until ctx ends.
func (p *Person) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, err := p.Next(ctx)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}
