package bot

import (
	"testing"
	"time"
)

func TestStuckSaysSoEverMoreRarely(t *testing.T) {
	var s stuck
	at := time.Unix(1e9, 0)
	seen := func(span time.Duration) (all []time.Duration) {
		for from := at; at.Sub(from) < span; at = at.Add(100 * time.Millisecond) {
			if s.seen(at) {
				all = append(all, at.Sub(from))
			}
		}
		return all
	}
	if got := seen(stuckTime - 200*time.Millisecond); len(got) > 0 {
		t.Errorf("too soon: %v", got)
	}
	at = at.Add(stuckPause + time.Millisecond)
	got := seen(200 * time.Second)
	want := []time.Duration{3 * time.Second, 13 * time.Second, 33 * time.Second, 73 * time.Second, 153 * time.Second}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	s.reset()
	if got := seen(time.Second); len(got) > 0 {
		t.Errorf("after keys have come: %v", got)
	}
}
