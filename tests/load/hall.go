package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"paravent/bot"
	"paravent/signaling/wire"
)

const (
	waiting   = 40              // people who knock at a time: the server's lobby holds a hundred
	calmTime  = 2 * time.Second // in which nobody is sent more than calmBytes
	calmBytes = 200
	admitTime = 200 * time.Millisecond // between two looks of the moderator at who has knocked
)

// hall is one large room, in which everybody is admitted by a moderator.
type hall struct {
	target

	bytes     counted
	moderator *bot.Person
	mu        sync.Mutex // guards people
	people    []*bot.Person
}

// kicked is what a removal took.
type kicked struct {
	first, all time.Duration // until the first and the last have the new keys
	bytes      int64         // to and from everybody, as TLS
}

// fill opens the room and lets so many people in, the moderator counted.
func (h *hall) fill(ctx context.Context, people int) error {
	l, err := newLink()
	if err != nil {
		return err
	}
	text, err := l.String(h.origin)
	if err != nil {
		return err
	}
	h.moderator, err = bot.Join(ctx, text, bot.Options{
		Name: "Moderator", TLS: h.tls, Dial: h.bytes.dialer(0),
		Rules: &wire.Policy{Lobby: true, Chat: true, Share: true, Unmoderated: "continue"},
	})
	if err != nil {
		return err
	}
	h.people = []*bot.Person{h.moderator}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(h.admit(ctx)) }()
	slots := make(chan struct{}, waiting)
	for i := 1; i < people && ctx.Err() == nil; i++ {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			o := bot.Options{Name: fmt.Sprint("Person ", i), TLS: h.tls, Dial: h.bytes.dialer(i)}
			p, err := patient(ctx, l.Participant(h.origin), o)
			if err != nil {
				cancel(fmt.Errorf("join: %w", err))
				return
			}
			h.mu.Lock()
			h.people = append(h.people, p)
			h.mu.Unlock()
		}()
	}
	for range waiting {
		slots <- struct{}{}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	_, err = agree(ctx, h.people, people)
	return err
}

// admit admits whoever has knocked, all at once, again and again.
func (h *hall) admit(ctx context.Context) error {
	tick := time.NewTicker(admitTime)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		var all []bot.ID
		for _, k := range h.moderator.Waiting() {
			all = append(all, k.Person)
		}
		if len(all) == 0 {
			continue
		}
		err := h.moderator.Admit(ctx, all...)
		// Somebody may have gone meanwhile; a machine that has too much to do may
		// take longer than the time for an order.
		if err != nil && !errors.Is(err, bot.ErrUnknown) && !errors.Is(err, bot.ErrUnconfirmed) && ctx.Err() == nil {
			return fmt.Errorf("admit: %w", err)
		}
	}
}

// calm waits until people have told each other who they are: nothing goes over
// the connections but signs of life.
func (h *hall) calm(ctx context.Context) error {
	for before := int64(0); ; {
		now := h.bytes.read.Load() + h.bytes.written.Load()
		if now-before < int64(calmBytes*len(h.people)) {
			return nil
		}
		before = now
		select {
		case <-time.After(calmTime):
		case <-ctx.Done():
			return errors.New("people do not come to rest")
		}
	}
}

// kick removes one of the participants.
func (h *hall) kick(ctx context.Context) (*kicked, error) {
	target := h.people[len(h.people)/2]
	var others []*bot.Person
	for _, p := range h.people {
		if p != target {
			others = append(others, p)
		}
	}
	before := h.bytes.read.Load() + h.bytes.written.Load()
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- h.moderator.Remove(ctx, target.Self(), bot.Removed) }()
	first, err := agree(ctx, others, len(others))
	if err != nil {
		return nil, err
	}
	k := &kicked{first: first, all: time.Since(began), bytes: h.bytes.read.Load() + h.bytes.written.Load() - before}
	if err := <-done; err != nil {
		return nil, fmt.Errorf("remove: %w", err)
	}
	if err := target.Wait(ctx); !errors.Is(err, bot.ErrRemoved) {
		return nil, fmt.Errorf("the end of whoever was removed: %w", err)
	}
	h.people = others
	return k, nil
}

func (h *hall) leave() { leave(h.people) }
