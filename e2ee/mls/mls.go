// Package mls is what Paravent's groups need of Messaging Layer Security
// (RFC 9420): cipher suite 1, public messages, commits of members with inline
// Add, Remove and external PreSharedKey proposals, and Welcomes that carry the
// ratchet tree. Section numbers are the RFC's. It is the second implementation,
// written apart from that of the browsers, and never part of the server.
//
// A [Group] is a value: one member's view of one epoch. What changes it returns
// another one. Which credentials and extensions are acceptable, and which
// changes a commit may make, is not decided here but by package group.
//
// Everything but the methods named Erase may be used concurrently.
package mls

import "errors"

// What is wrong with a message. Errors say what was wanted and nothing about
// the input; each wraps one of these.
var (
	// ErrMalformed: not the encoding of what is wanted, or not the only one.
	ErrMalformed = errors.New("malformed")
	// ErrUnsupported: well-formed, but nothing that this package applies.
	ErrUnsupported = errors.New("unsupported")
	// ErrInvalid: what the RFC forbids, what is not signed, or what does not
	// open.
	ErrInvalid = errors.New("invalid")
	// ErrEpoch: for another group, epoch or KeyPackage.
	ErrEpoch = errors.New("another epoch")
	// ErrRemoved: the commit is sound and removes this member.
	ErrRemoved = errors.New("removed")
)

// wanted is an error of one of the kinds above with what was wanted.
type wanted struct {
	kind error
	what string
}

func (w *wanted) Error() string { return "mls: " + w.kind.Error() + ": " + w.what + " wanted" }
func (w *wanted) Unwrap() error { return w.kind }

func malformed(what string) error   { return &wanted{ErrMalformed, what} }
func unsupported(what string) error { return &wanted{ErrUnsupported, what} }
func invalid(what string) error     { return &wanted{ErrInvalid, what} }
func wrongEpoch(what string) error  { return &wanted{ErrEpoch, what} }

// Numbers of the registries in section 17, as far as the profile has them.
const (
	version10 = 1 // mls10
	suite1    = 1 // MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519

	formatPublic     = 1 // mls_public_message
	formatPrivate    = 2
	formatWelcome    = 3
	formatGroupInfo  = 4
	formatKeyPackage = 5

	credentialBasic = 1
	credentialX509  = 2

	extensionRatchetTree          = 2
	extensionRequiredCapabilities = 3
)
