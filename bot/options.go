package bot

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"net"
	"time"

	"paravent/signaling/wire"
)

// Options say how a person joins. The zero value is a participant without a
// name.
type Options struct {
	// Name is what the others are told, at most 512 bytes. They are told
	// nothing when it is empty.
	Name string
	// Passphrase is needed where the room has one, unless the link is a
	// moderator's.
	Passphrase string
	// TLS is used for the connection to the server; nil: the system's trusted
	// certificates.
	TLS *tls.Config
	// Dial makes the connection to the server, for instance through a proxy; nil:
	// directly, or as the environment says (HTTPS_PROXY).
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Phone says that this machine is weak: others are asked to commit first.
	Phone bool
	// Rules are what the room is to begin with, if this is a moderator who
	// opens it and the link says nothing of it; nil: the server's defaults.
	// Version and Seq are set by this package.
	Rules *wire.Policy
	// Host is a host token, to open a room where the operator wants one; nil: the
	// link's, if it has one.
	Host []byte
	// Device is this machine's key for a personal ticket: who comes again with
	// the same ticket needs the same key. Nil: a fresh one.
	Device ed25519.PrivateKey
	// Waiting is called whenever the server says what is waited for: "moderator",
	// "admission" or "lock". It must return soon and may not call the person.
	Waiting func(reason string)
	// Stay goes on with the stay of a program that has ended, as Person.Stay
	// gave it.
	Stay *Stay

	now func() time.Time // for tests; nil: time.Now
}

// Stay is what another process needs to go on as the same person: with the
// same id and key, and without being admitted anew, within 30 s. It holds
// secrets, and may be used once: a second use ends the stay everywhere.
type Stay struct {
	Person ID
	Token  []byte       // for the server
	Seed   []byte       // of the signature key, 32 bytes
	Turn   uint64       // how often the stay has been taken up
	Grant  []byte       // of a moderator by appointment; nil otherwise
	Policy *wire.Signed // the rules last known; nil: none
	Pass   []byte       // what follows from the room's passphrase, 32 bytes; nil: none
}

// Join enters the room of a link and returns once this person is in its group:
// it can then be heard and read by the others. It waits as long as it takes
// until a moderator is there and admits the person; ctx bounds that wait, and
// has no bearing on the stay after it. Leave ends the stay.
//
// It returns ErrLink, a *RefusedError, ErrConnection, ErrProtocol, another end of
// a stay, or ctx's error.
func Join(ctx context.Context, text string, o Options) (*Person, error) {
	p, err := newPerson(text, o)
	if err != nil {
		return nil, err
	}
	go p.run()
	p.post(p.connect)
	if p.keys.moderator != nil {
		p.post(p.office)
	}
	select {
	case <-p.live:
		return p, nil
	case <-p.done:
		return nil, p.err
	case <-ctx.Done():
		p.Leave()
		return nil, ctx.Err()
	}
}
