package signaling

import (
	"time"

	"paravent/signaling/wire"
)

// moderated says whether a moderator is in, or may come back within the resume
// time.
func (r *room) moderated() bool {
	for _, p := range r.people {
		if p.grant != nil {
			return true
		}
	}
	return false
}

// moderate tells everybody when the last moderator has gone or one has come,
// and does what the rules say about a room without. It says when to look again.
func (r *room) moderate(now time.Time) (wake time.Time) {
	present := r.moderated()
	if present != r.unmoderated.IsZero() { // it has changed, or nobody has been told
		switch {
		case present || len(r.people) == 0:
			r.unmoderated = time.Time{}
		default:
			r.unmoderated = now
		}
		r.tellOthers(nil, r.moderation(now))
	}
	if r.unmoderated.IsZero() || len(r.people) == 0 {
		return time.Time{}
	}
	switch r.rules.policy.Unmoderated {
	case ends:
		r.end("unmoderated")
	case locks:
		if wake = r.unmoderated.Add(unmoderatedTime); !now.Before(wake) {
			r.end("unmoderated")
			return time.Time{}
		}
	}
	return wake
}

// moderation is what people are told of it.
func (r *room) moderation(now time.Time) *wire.Moderated {
	if r.unmoderated.IsZero() {
		return &wire.Moderated{Present: true}
	}
	m := &wire.Moderated{}
	if r.rules.policy.Unmoderated == locks {
		m.EndsMs = int(max(1, r.unmoderated.Add(unmoderatedTime).Sub(now).Milliseconds()))
	}
	return m
}

// tellModerated tells somebody who has come how it stands. If that changes with
// it, everybody is told soon.
func (r *room) tellModerated(p *person, now time.Time) {
	if r.moderated() == r.unmoderated.IsZero() {
		r.tell(p, r.moderation(now))
	}
}

// end ends the meeting for everybody who is in. The rules stay, and whoever
// comes waits for a moderator again.
func (r *room) end(why string) {
	for _, p := range r.people {
		r.tell(p, &wire.Over{Why: why})
		r.closeMedia(p)
		r.forget(p, wire.CloseEnded)
	}
	clear(r.people)
	r.group, r.unmoderated, r.rules.opened = group{}, time.Time{}, false
	r.changed = true
}
