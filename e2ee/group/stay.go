package group

import (
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

// Stay is one person's stay in one room, as far as the group is concerned. It
// is not safe for concurrent use.
type Stay struct{}

// New begins a stay. l is the person's link, passphrase what Argon2id made of
// the room's passphrase (32 bytes), or nil where the room has none.
func New(l *link.Link, passphrase []byte, self Self) (*Stay, error) { return nil, ErrFault }

// KeyPackage makes a fresh KeyPackage, for Join, Resume and Resync. The private
// keys of the last four are kept until a Welcome for one of them is used.
func (s *Stay) KeyPackage() ([]byte, error) { return nil, ErrFault }

// Number returns the epoch reached, for Resume; 0 outside a group.
func (s *Stay) Number() uint64 { return 0 }

// Know takes a statement of a moderator, from Joined, Resumed, Acted or a data
// message: a newer Policy holds from now on, a Remove is put into the commit
// that carries it out. Others, and what does not verify, have no effect. It
// reports whether the policy changed.
func (s *Stay) Know(signed *wire.Signed, now time.Time) bool { return false }

// Policy returns the rules that hold.
func (s *Stay) Policy() *wire.Policy { return nil }

// Found makes the group, with this person alone (Joined, Resumed or Regroup
// with Found).
func (s *Stay) Found() (Step, error) { return Step{}, ErrFault }

// Nominate makes the commit that the server asks for, as far as the rules allow
// it; nil when this person cannot.
func (s *Stay) Nominate(n *wire.Nominate, now time.Time) (*wire.Commit, error) {
	return nil, ErrFault
}

// Rotate makes the commit that begins the link generation of the policy in
// force; nil when there is none to begin or this person has no moderator link.
// It is for the next epoch only: when another commit wins, it is made again.
func (s *Stay) Rotate() (*wire.Commit, error) { return nil, ErrFault }

// Committed takes the commit that won its epoch.
func (s *Stay) Committed(m *wire.Committed, now time.Time) (Step, error) { return Step{}, ErrFault }

// Rejected drops the oldest commit of this person's that is on its way.
func (s *Stay) Rejected(m *wire.Rejected) {}

// Welcome enters the group by a Welcome for one of the KeyPackages given out.
func (s *Stay) Welcome(m *wire.Welcome, now time.Time) (Step, error) { return Step{}, ErrFault }

// Lost asks for a resync when frames show that the group has gone on without
// this person; at most once in 10 s.
func (s *Stay) Lost(now time.Time) (Step, error) { return Step{}, ErrFault }

// Disband forgets the group and keeps link, person and KeyPackages (Regroup,
// Waiting).
func (s *Stay) Disband() Step { return Step{Forget: true} }

// Export derives a secret of the present epoch (RFC 9420, section 8.5); nil
// outside a group.
func (s *Stay) Export(label string, context []byte, length int) []byte { return nil }

// Erase overwrites every secret. The stay is over.
func (s *Stay) Erase() {}
