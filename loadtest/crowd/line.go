package crowd

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"

	"paravent/sfu/srtp"
)

const (
	connectTime  = 30 * time.Second
	checkSpacing = 50 * time.Millisecond // between checks until one succeeds
	maxPacket    = 1600                  // bytes
	maxStreams   = 256                   // SSRCs that the server may use on a line
)

var (
	errChecks = errors.New("crowd: want answers to connectivity checks")
	errKeys   = errors.New("crowd: want keys from the handshake")
	errServer = errors.New("crowd: want the server that the description names")
)

// line is one connection with the server: a socket, what was agreed on, keys.
type line struct {
	conn   *net.UDPConn
	local  end
	remote remote
	sealer *srtp.Sealer
	opener *srtp.Opener // the reader's
	media  func(b []byte, at time.Time)

	ready   chan struct{} // closed when a check succeeded
	checked atomic.Bool
	records chan []byte   // for the handshake
	over    chan struct{} // closed when the handshake's end wants no more of them
	ending  sync.Once
	shaken  atomic.Bool
	secure  *dtls.Conn
}

// connect finds the server and makes the handshake. Media is called by the
// reader for each packet, once the handshake is done.
func (c *Crowd) connect(local end, r remote, media func(l *line, b []byte, at time.Time)) (*line, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.at))
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn, local: local, remote: r, ready: make(chan struct{}), records: make(chan []byte, 64), over: make(chan struct{})}
	l.media = func(b []byte, at time.Time) { media(l, b, at) }
	stampArrivals(conn)
	c.reading.Go(l.read)
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	if err = l.find(ctx); err == nil {
		err = l.shake(ctx, c.identity)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// find checks until the server answers.
func (l *line) find(ctx context.Context) error {
	again := time.NewTicker(checkSpacing)
	defer again.Stop()
	for {
		l.check()
		select {
		case <-l.ready:
			return nil
		case <-ctx.Done():
			return errChecks
		case <-again.C:
		}
	}
}

// check tells the server that we are there (RFC 7675).
func (l *line) check() {
	_, _ = l.conn.Write(check(l.local.ufrag, l.remote.ufrag, l.remote.pwd))
}

// shake makes the handshake and takes the keys (RFC 5764, section 4.2).
func (l *line) shake(ctx context.Context, own tls.Certificate) error {
	proven := false
	conn, err := dtls.ClientWithOptions((*letters)(l), l.conn.RemoteAddr(),
		dtls.WithCertificates(own),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithInsecureSkipVerify(true), // the fingerprint decides
		dtls.WithLoggerFactory(silent()),
		dtls.WithVerifyPeerCertificate(func(chain [][]byte, _ [][]*x509.Certificate) error {
			proven = len(chain) > 0 && strings.EqualFold(fingerprint(chain[0]), l.remote.fingerprint)
			if !proven {
				return errServer
			}
			return nil
		}))
	if err != nil {
		return err
	}
	l.secure = conn
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	if !proven {
		return errServer
	}
	return l.take(conn)
}

func (l *line) take(conn *dtls.Conn) error {
	chosen, ok := conn.SelectedSRTPProtectionProfile()
	state, known := conn.ConnectionState()
	profile := srtp.Profile(chosen)
	if !ok || !known || profile.KeyingMaterial() == 0 {
		return errKeys
	}
	material, err := state.ExportKeyingMaterial(srtp.Label, nil, profile.KeyingMaterial())
	if err != nil {
		return err
	}
	client, server, err := srtp.Split(profile, material)
	if err != nil {
		return err
	}
	if l.sealer, err = srtp.NewSealer(profile, client); err != nil {
		return err
	}
	if l.opener, err = srtp.NewOpener(profile, server, maxStreams); err != nil {
		return err
	}
	l.shaken.Store(true)
	return nil
}

// read is the only reader of the socket. What it is by its first byte: RFC
// 7983, section 7.
func (l *line) read() {
	b, control := make([]byte, maxPacket), make([]byte, 64)
	for {
		n, size, _, _, err := l.conn.ReadMsgUDPAddrPort(b, control)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil || n == 0: // such as that nobody listens there any more
		case b[0] <= 3:
			if checked(b[:n]) && !l.checked.Swap(true) {
				close(l.ready)
			}
		case b[0] >= 20 && b[0] <= 63:
			select {
			case l.records <- append([]byte(nil), b[:n]...):
			default:
			}
		case b[0] >= 128 && b[0] <= 191 && l.shaken.Load():
			l.media(b[:n], arrived(control[:size]))
		}
	}
}

// close ends the line and tells the server.
func (l *line) close() {
	if l.secure != nil {
		_ = l.secure.Close()
	}
	_ = (*letters)(l).Close()
	_ = l.conn.Close()
}

// letters is a line as the handshake sees it.
type letters line

func (l *letters) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case record := <-l.records:
		return copy(b, record), l.conn.RemoteAddr(), nil
	case <-l.over:
		return 0, nil, net.ErrClosed
	}
}

func (l *letters) WriteTo(b []byte, _ net.Addr) (int, error) { return l.conn.Write(b) }

func (l *letters) Close() error {
	l.ending.Do(func() { close(l.over) })
	return nil
}

func (l *letters) LocalAddr() net.Addr              { return l.conn.LocalAddr() }
func (l *letters) SetDeadline(time.Time) error      { return nil }
func (l *letters) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (l *letters) SetWriteDeadline(time.Time) error { return nil }

// fingerprint is that of a certificate (RFC 8122, section 5).
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}
