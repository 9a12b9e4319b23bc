package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// Report is all that this program ever says to its operator: where it serves,
// or why it does not. It is told nothing about a person, a room or an address
// of either, so it cannot repeat such a thing.
type Report struct {
	Out io.Writer // the link and the fingerprint
	Err io.Writer // reasons
}

// Started prints the link to open and the certificate's fingerprint, a line
// each. Nothing else is printed until the program ends.
func (r Report) Started(s *Server) {
	fmt.Fprintf(r.Out, "%s\n%s\n", s.Link(), s.Fingerprint())
}

// CannotStart prints one sentence for each reason.
func (r Report) CannotStart(reasons ...error) {
	for _, reason := range reasons {
		fmt.Fprintf(r.Err, "cannot start: %v\n", reason)
	}
}

// NewHostKey prints that a key for host tokens was made in a folder: the token
// holds for a server that is started with this folder, and for no other.
func (r Report) NewHostKey(folder string) {
	fmt.Fprintf(r.Err, "new key: this token holds for a server that is started with -data %s\n", folder)
}

// Stopped prints why the server could not go on.
func (r Report) Stopped(reason error) {
	fmt.Fprintf(r.Err, "stopped: %v\n", reason)
}

// Plain reduces an error of the operating system to its reason, for a
// sentence that already names the file or the address.
func Plain(err error) error {
	for _, known := range []struct{ is, say error }{
		{syscall.EADDRINUSE, errors.New("the port is in use by another program")},
		{syscall.EADDRNOTAVAIL, errors.New("this machine does not have the address")},
		{fs.ErrNotExist, errors.New("there is no such file")},
		{syscall.EISDIR, errors.New("this is a folder, not a file")},
		{syscall.ENOTDIR, errors.New("this is not a folder")},
		{fs.ErrPermission, errors.New("not permitted")},
	} {
		if errors.Is(err, known.is) {
			return known.say
		}
	}
	var path *fs.PathError
	var call *os.SyscallError
	var op *net.OpError
	switch {
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &op):
		return op.Err
	default:
		return err
	}
}
