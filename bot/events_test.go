package bot

import (
	"context"
	"errors"
	"testing"
)

func TestEventsThatNobodyReadsFallOut(t *testing.T) {
	p := &Person{events: newQueue()}
	for range queuedEvents + 5 {
		p.events.put(Lowered{})
	}
	p.events.put(Ended{ErrLeft})
	p.events.put(Lowered{}) // after the end there is nothing
	if e, err := p.Next(t.Context()); err != nil || e != (Missed{6}) {
		t.Errorf("%+v, %v", e, err)
	}
	count := 0
	var last Event
	for e := range p.Events(t.Context()) {
		last = e
		count++
	}
	if ended, ok := last.(Ended); !ok || !errors.Is(ended.Err, ErrLeft) || count != queuedEvents {
		t.Errorf("%d events, the last %+v", count, last)
	}
	if _, err := p.Next(t.Context()); !errors.Is(err, errOver) {
		t.Errorf("after the last: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Person{events: newQueue()}).Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
