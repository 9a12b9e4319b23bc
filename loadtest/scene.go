package loadtest

import (
	"errors"

	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
)

// Scene is a server in a process of its own, and people on it who are not there.
type Scene struct {
	Server *subject.Subject
	Crowd  *crowd.Crowd
}

// Open starts the server, as subject.Start does; there is nobody on it.
func Open(o subject.Options, arguments ...string) (*Scene, error) {
	server, err := subject.Start(o, arguments...)
	if err != nil {
		return nil, err
	}
	c, err := crowd.New(server)
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return &Scene{server, c}, nil
}

// Close ends everybody, and then the server.
func (s *Scene) Close() {
	s.Crowd.Close()
	_ = s.Server.Close() // what it ended with is of no use any more
}
