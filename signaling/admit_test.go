package signaling

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrottle(t *testing.T) {
	th, now := newThrottle(), start()
	here, there := th.network("192.0.2.1:1000"), th.network("198.51.100.1:1000")
	for range guessMost/guessProof - 1 {
		th.fail(here, guessProof, now)
	}
	if th.blocks(here, now) {
		t.Fatal("blocked too early")
	}
	th.fail(here, guessProof, now)
	if !th.blocks(here, now) || th.blocks(there, now) {
		t.Fatal("want this network blocked and no other")
	}
	if now = now.Add(time.Second); th.blocks(here, now) {
		t.Fatal("nothing was forgiven")
	}
	th.forget(now.Add(time.Minute))
	if len(th.networks) != 0 {
		t.Fatal("remembered after a minute")
	}
}

func TestNetworksAreForgottenByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(nil, Limits{})
		network := h.network("192.0.2.1:1")
		for range 2 * guessMost / guessProof {
			if !h.blocks(network) {
				h.failed(network, guessProof)
			}
		}
		if !h.blocks(network) {
			t.Fatal("not blocked")
		}
		time.Sleep(time.Minute + guessSweep + time.Second)
		h.mu.Lock()
		defer h.mu.Unlock()
		if n := len(h.throttle.networks); n != 0 || h.sweeping {
			t.Fatalf("%d networks remembered, sweeping %v", n, h.sweeping)
		}
	})
}

func TestThrottleMemoryIsBounded(t *testing.T) {
	th, now := newThrottle(), start()
	for i := range uint64(guessEntries + 100) {
		th.fail(i, guessToken, now)
	}
	if len(th.networks) > guessEntries {
		t.Fatalf("%d networks remembered", len(th.networks))
	}
}

func TestNetworks(t *testing.T) {
	th := newThrottle()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1:1", "192.0.2.254:2", true},
		{"192.0.2.1:1", "192.0.3.1:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.7]:9", true},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:ff::2]:2", true},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:100::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
		{"@", "", true},
	} {
		if (th.network(c.a) == th.network(c.b)) != c.same {
			t.Errorf("%s and %s: want one network %v", c.a, c.b, c.same)
		}
	}
	if other := newThrottle(); th.network("192.0.2.1:1") == other.network("192.0.2.1:1") {
		t.Error("two processes share a key")
	}
}

func TestFlow(t *testing.T) {
	var f flow
	now := start()
	for i := range messageBurst {
		if !f.takes(10, now) {
			t.Fatalf("message %d of a burst is refused", i)
		}
	}
	if f.takes(10, now) {
		t.Fatal("one beyond the burst is taken")
	}
	f = flow{}
	for i := range 1000 { // a browser that sends as much as it may
		now = now.Add(time.Second / messageRate)
		if !f.takes(1000, now) {
			t.Fatalf("message %d at the rate is refused", i)
		}
	}
	for i := range dataBurst + 1 {
		if f.takesData(now) != (i < dataBurst) {
			t.Fatal(fmt.Sprint("data message ", i))
		}
	}
	f = flow{}
	if f.takes(byteBurst, now); f.takes(1, now) {
		t.Fatal("bytes beyond the burst are taken")
	}
}
