package signaling

import (
	"slices"

	"paravent/signaling/wire"
)

// role is what a person is to a room.
type role int

// The roles. A viewer's is in its ticket, a moderator's in its grant. A holder
// has the moderator link; other moderators were appointed by one.
const (
	roleWaiting role = iota // not in: for a moderator, an admission, or the end of a lock
	roleViewer
	roleParticipant
	roleModerator
	roleHolder
)

// action is something that not everybody may do.
type action int

// The actions: what is said, and then what is ordered in an Act. Ordering is
// not having an effect: a Policy that is not newer has none.
const (
	doKnock    action = iota
	doTakePart        // in the group, in data and in receiving media
	doPublish         // sending media
	doRules           // a Policy
	doRenew           // a Policy with another link generation, or that gives dismissed keys back their grants
	doAdmit
	doDeny
	doNote
	doRemove
	doUnseat // a Remove or a Policy that takes the room from a holder
	doStop
	doAppoint
	doEnd
)

// allowed is the whole of who may do what.
var allowed = [...][]role{ //nolint:gochecknoglobals // immutable table
	doKnock:    {roleWaiting},
	doTakePart: {roleViewer, roleParticipant, roleModerator, roleHolder},
	doPublish:  {roleParticipant, roleModerator, roleHolder},
	doRules:    {roleModerator, roleHolder},
	doRenew:    {roleHolder},
	doAdmit:    {roleModerator, roleHolder},
	doDeny:     {roleModerator, roleHolder},
	doNote:     {roleModerator, roleHolder},
	doRemove:   {roleModerator, roleHolder},
	doUnseat:   {roleHolder},
	doStop:     {roleModerator, roleHolder},
	doAppoint:  {roleHolder},
	doEnd:      {roleModerator, roleHolder},
}

// may says whether somebody in this role may do that.
func may(r role, a action) bool { return slices.Contains(allowed[a], r) }

// actionOf is what a message of somebody in or before a room does. What a
// connection answers itself is part of taking part; an Act is judged by its
// order (orderOf).
func actionOf(m wire.ClientMessage) action {
	switch m.(type) {
	case *wire.Knock:
		return doKnock
	case *wire.Publish:
		return doPublish
	case *wire.Ready, *wire.Commit, *wire.Resync, *wire.Data, *wire.Subscribe, *wire.Answer, *wire.Watch,
		*wire.Join, *wire.Resume, *wire.Act, *wire.Leave, *wire.Ping:
	}
	return doTakePart
}

// orderOf is what a statement orders.
func orderOf(s wire.Statement) action {
	switch s.(type) {
	case *wire.Policy:
		return doRules
	case *wire.Admit:
		return doAdmit
	case *wire.Deny:
		return doDeny
	case *wire.Note:
		return doNote
	case *wire.Remove:
		return doRemove
	case *wire.Stop:
		return doStop
	case *wire.Appoint:
		return doAppoint
	case *wire.End:
	}
	return doEnd
}

// role is what a person is to the room now.
func (r *room) role(p *person) role {
	switch {
	case r.people[p.id] != p:
		return roleWaiting
	case p.grant != nil && p.grant.holder:
		return roleHolder
	case p.grant != nil:
		return roleModerator
	case p.viewer():
		return roleViewer
	}
	return roleParticipant
}
