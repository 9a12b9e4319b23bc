package main

import (
	"context"
	"testing"

	"paravent/server"
	"paravent/tests/meeting"
)

func TestCrowd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	s := meeting.Start(t, server.Config{})
	c := &crowd{target: target{s.Origin, s.TLS}}
	defer c.leave()
	for _, people := range []int{10, 40} {
		if err := c.grow(ctx, people); err != nil {
			t.Fatal(err)
		}
		if err := c.agree(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.joins()); n != 40 {
		t.Errorf("%d joins", n)
	}
}

func TestHall(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	s := meeting.Start(t, server.Config{})
	h := &hall{target: target{s.Origin, s.TLS}}
	defer h.leave()
	if err := h.fill(ctx, 20); err != nil {
		t.Fatal(err)
	}
	k, err := h.kick(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if k.all <= 0 || k.bytes <= 0 || k.first > k.all {
		t.Errorf("%+v", k)
	}
}
