package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paravent/bot"
	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

const (
	roomSize = 5
	parallel = 4 // rooms that are filled at a time
	poll     = 20 * time.Millisecond
	tries    = 5 // of a join that no answer comes to
)

// crowd is many people in rooms of five: a moderator, who lets in whoever has
// the link, and four participants.
type crowd struct {
	target

	mu    sync.Mutex // guards what follows
	rooms [][]*bot.Person
	times []time.Duration // of the joins since the last look
}

// grow fills rooms until there are so many people.
func (c *crowd) grow(ctx context.Context, people int) error {
	rooms := people/roomSize - len(c.rooms)
	failed := make(chan error, rooms)
	slots := make(chan struct{}, parallel)
	for range rooms {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			if err := c.room(ctx); err != nil {
				failed <- err
			}
		}()
		if len(failed) > 0 {
			break
		}
	}
	for range parallel {
		slots <- struct{}{}
	}
	close(failed)
	return <-failed
}

func (c *crowd) room(ctx context.Context) error {
	l, err := newLink()
	if err != nil {
		return err
	}
	text, err := l.String(c.origin)
	if err != nil {
		return err
	}
	var all []*bot.Person
	var times []time.Duration
	for i := range roomSize {
		o := bot.Options{Name: fmt.Sprint("Person ", i), TLS: c.tls}
		if i == 0 {
			o.Rules = &wire.Policy{Chat: true, Share: true, Unmoderated: "continue"}
		}
		began := time.Now()
		p, err := patient(ctx, text, o)
		if err != nil {
			return err
		}
		times = append(times, time.Since(began))
		all = append(all, p)
		text = l.Participant(c.origin)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rooms, c.times = append(c.rooms, all), append(c.times, times...)
	return nil
}

// patient joins, and tries again when a machine that has too much to do did not
// answer in time.
func patient(ctx context.Context, text string, o bot.Options) (p *bot.Person, err error) {
	for range tries {
		if p, err = bot.Join(ctx, text, o); !errors.Is(err, bot.ErrConnection) {
			break
		}
	}
	return p, err
}

// agree waits until in each room everybody has the same keys.
func (c *crowd) agree(ctx context.Context) error {
	for _, all := range c.rooms {
		if _, err := agree(ctx, all, len(all)); err != nil {
			return err
		}
	}
	return nil
}

// agree waits until all hold the keys of one epoch with so many members, and
// returns how long it took until the first one did.
func agree(ctx context.Context, all []*bot.Person, members int) (first time.Duration, err error) {
	began := time.Now()
	for {
		same, some := true, false
		want := all[0].Epoch()
		for _, p := range all {
			if err := p.Err(); err != nil {
				return 0, fmt.Errorf("somebody is gone: %w", err)
			}
			e := p.Epoch()
			same = same && e == want && e.Members == members
			some = some || e.Members == members
		}
		if some && first == 0 {
			first = time.Since(began)
		}
		if same {
			return first, nil
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return 0, errors.New("people do not agree on an epoch")
		}
	}
}

// joins returns how long the joins took since the last call, in order.
func (c *crowd) joins() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	times := c.times
	c.times = nil
	slices.Sort(times)
	return times
}

func (c *crowd) leave() {
	for _, all := range c.rooms {
		leave(all)
	}
}

func leave(all []*bot.Person) {
	var left sync.WaitGroup
	for _, p := range all {
		left.Go(p.Leave)
	}
	left.Wait()
}

// percentile returns the duration that so many in a hundred do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func newLink() (*link.Link, error) {
	var l, m [link.SecretSize]byte
	_, _ = rand.Read(l[:]) // never fails
	_, _ = rand.Read(m[:])
	return link.New(l, m)
}

// counted is what went over many connections, in bytes of TLS.
type counted struct{ read, written atomic.Int64 }

type countedConn struct {
	net.Conn
	bytes *counted
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.bytes.read.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.bytes.written.Add(int64(n))
	return n, err
}

// dialer dials from an address of its own: the server lets few people of one
// network wait in a lobby. Number is of the person.
func (b *counted) dialer(number int) func(context.Context, string, string) (net.Conn, error) {
	local := &net.TCPAddr{IP: net.IPv4(127, byte(1+number/250), byte(1+number%250), 1)}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{LocalAddr: local}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countedConn{conn, b}, nil
	}
}
