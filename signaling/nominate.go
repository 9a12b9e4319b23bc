package signaling

import (
	"slices"
	"time"

	"paravent/signaling/wire"
)

// next says who must be asked for a commit now, if anybody, and when to ask
// again; a zero time means: after the next event.
func (g *group) next(now time.Time) (*nomination, time.Time) {
	if g.nomination != nil {
		return nil, g.nomination.deadline
	}
	nominee := g.nominee()
	if nominee == nil {
		return nil, time.Time{}
	}
	adds, removes := g.pending()
	due := g.due(adds, removes)
	if due.IsZero() || now.Before(due) {
		return nil, due
	}
	g.nomination = &nomination{
		nominee: nominee.id, epoch: g.epoch, adds: adds, removes: removes, deadline: now.Add(nominationTime),
	}
	if g.nominated == nil {
		g.nominated = make(map[personID]bool)
	}
	g.nominated[nominee.id] = true
	g.last = nominee.id
	return g.nomination, g.nomination.deadline
}

// lapse gives a nominee up whose time is over. It comes before regroup and
// next. What it was asked for may be why it said nothing: ever fewer adds are
// asked for at once, and one that was asked for alone goes to the end of the
// line.
func (g *group) lapse(now time.Time) {
	if g.nomination == nil || now.Before(g.nomination.deadline) {
		return
	}
	g.misses++
	if adds := g.nomination.adds; len(adds) == 1 && g.seat(adds[0].id) == adds[0] {
		g.drop(adds[0])
		g.seats = append(g.seats, adds[0])
	}
	g.nomination = nil
}

// pending lists the changes to ask for, in order of arrival.
func (g *group) pending() (adds, removes []*seat) {
	batch := max(1, addsPerCommit>>min(g.misses, 8))
	for _, s := range g.seats {
		add := s.joins() && len(adds) < batch && weight(adds, s) <= admissions
		if add {
			adds = append(adds, s)
		}
		if s.member && (s.remove || add) && len(removes) < mostPeople {
			removes = append(removes, s)
		}
	}
	return adds, removes
}

// weight is how many bytes of admissions a commit carries that adds these and
// one more. One alone always fits.
func weight(adds []*seat, more *seat) (bytes int) {
	for _, a := range distinct(append(slices.Clip(adds), more)) {
		bytes += len(a.Statement) + len(a.Grant) + len(a.Signature)
	}
	return bytes
}

// distinct lists the admissions of those who are to be added, each once.
func distinct(adds []*seat) []*wire.Signed {
	var all []*wire.Signed
	for _, s := range adds {
		if s.admission != nil && !slices.Contains(all, s.admission) {
			all = append(all, s.admission)
		}
	}
	return all
}

// due is when these changes may be asked for. A single join into a quiet group
// waits for nothing: the window is counted from the commit before.
func (g *group) due(adds, removes []*seat) time.Time {
	switch {
	case slices.ContainsFunc(removes, func(s *seat) bool { return s.hurry }):
		return g.committed
	case len(adds)+len(removes) > 0:
		return g.windowEnd()
	case g.size() > 1:
		return g.committed.Add(rekeyTime)
	}
	return time.Time{}
}

// windowEnd is when the next commit may follow the last.
func (g *group) windowEnd() time.Time {
	if g.opened {
		return g.committed
	}
	return g.committed.Add(window(g.size()))
}

func (g *group) size() int {
	n := 0
	for _, s := range g.seats {
		if s.member {
			n++
		}
	}
	return n
}

// nominee is the member whose turn it is: desktops before phones, both before
// viewers, and nobody twice in a row while there is somebody else.
func (g *group) nominee() *seat {
	for _, fits := range []func(*seat) bool{
		func(s *seat) bool { return s.desktop && !s.viewer && s.id != g.last },
		func(s *seat) bool { return !s.viewer && s.id != g.last },
		func(s *seat) bool { return !s.viewer },
		func(s *seat) bool { return s.id != g.last },
		func(*seat) bool { return true },
	} {
		if s := g.after(g.last, fits); s != nil {
			return s
		}
	}
	return nil
}

// after is the first usable seat that fits, going round from the one with id.
func (g *group) after(id personID, fits func(*seat) bool) *seat {
	start := slices.IndexFunc(g.seats, func(s *seat) bool { return s.id == id }) + 1
	for i := range g.seats {
		s := g.seats[(start+i)%len(g.seats)]
		if s.usable() && fits(s) {
			return s
		}
	}
	return nil
}

// regroup gives a group up in which nobody can commit while people wait to be
// added, and names who founds the next one and who must forget the old. It
// returns when to ask again while a member may yet come back.
func (g *group) regroup(now time.Time) (founder *seat, forget []personID, again time.Time) {
	founder = g.candidate()
	usable := slices.ContainsFunc(g.seats, (*seat).usable)
	if founder == nil || usable && g.misses < mostMisses {
		g.stranded = time.Time{}
		return nil, nil, time.Time{}
	}
	if !usable && slices.ContainsFunc(g.seats, (*seat).mayReturn) {
		if g.stranded.IsZero() {
			g.stranded = now
		}
		if again = g.stranded.Add(strandedTime); now.Before(again) {
			return nil, nil, again
		}
	}
	for _, s := range g.seats {
		if s.member && s.connected && s.keyPackage == nil {
			forget = append(forget, s.id)
		}
	}
	g.found(founder, now)
	return founder, forget, time.Time{}
}

// candidate is who would found a new group: somebody who waits to be added,
// for that one has been heard of lately, on a desktop if there is one.
func (g *group) candidate() *seat {
	for _, fits := range []func(*seat) bool{
		func(s *seat) bool { return s.desktop && !s.viewer },
		func(s *seat) bool { return !s.viewer },
		func(*seat) bool { return true },
	} {
		i := slices.IndexFunc(g.seats, func(s *seat) bool { return s.joins() && fits(s) })
		if i >= 0 {
			return g.seats[i]
		}
	}
	return nil
}
