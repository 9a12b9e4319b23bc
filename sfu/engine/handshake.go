package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"time"

	"github.com/pion/dtls/v3"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/logging"

	"paravent/sfu/description"
	"paravent/sfu/srtp"
)

var (
	errCertificate = errors.New("engine: want the certificate that the description names")
	errKeys        = errors.New("engine: want keys for SRTP from the handshake")
)

// identity is who we are in every handshake: one certificate, made at the
// start, with a key that exists in memory only.
type identity struct {
	fingerprint [sha256.Size]byte
	options     []dtls.ServerOption
}

// newIdentity makes one. Of the profiles the first that a client knows is
// chosen.
func newIdentity(profiles []srtp.Profile) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	const validYears, serialBits = 10, 64 // nobody looks at either: the fingerprint decides
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "WebRTC"},
		NotBefore:    now.AddDate(0, 0, -1),
		NotAfter:     now.AddDate(validYears, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	known := make([]dtls.SRTPProtectionProfile, len(profiles))
	for i, p := range profiles {
		known[i] = dtls.SRTPProtectionProfile(p) // both are the numbers of IANA
	}
	return &identity{
		fingerprint: sha256.Sum256(raw),
		options: []dtls.ServerOption{
			dtls.WithCertificates(tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}),
			dtls.WithSRTPProtectionProfiles(known...),
			dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
			dtls.WithClientAuth(dtls.RequireAnyClientCert),
			dtls.WithInsecureSkipVerifyHello(true), // ICE has proven the address: spare the round trip
			dtls.WithLoggerFactory(silent()),
		},
	}, nil
}

// silent discards what pion would log: it contains addresses.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// shake does the handshake with a client, which has to prove that it is the
// remote end of the description (RFC 5763, section 5).
func (d *identity) shake(ctx context.Context, conn net.Conn, remote *description.Remote) (*dtls.Conn, *keys, error) {
	proven := false
	check := dtls.WithVerifyPeerCertificate(func(chain [][]byte, _ [][]*x509.Certificate) error {
		proven = len(chain) > 0 && remote.Proves(chain[0])
		if !proven {
			return errCertificate
		}
		return nil
	})
	options := append(slices.Clip(d.options), check)
	c, err := dtls.ServerWithOptions(dtlsnet.PacketConnFromConn(conn), conn.RemoteAddr(), options...)
	if err != nil {
		return nil, nil, err
	}
	err = c.HandshakeContext(ctx)
	if err == nil && !proven {
		err = errCertificate
	}
	if err != nil {
		_ = c.Close()
		return nil, nil, err
	}
	k, err := newKeys(c)
	if err != nil {
		_ = c.Close()
		return nil, nil, err
	}
	return c, k, nil
}

// keys open what a client sends and seal what it is sent.
type keys struct {
	opener *srtp.Opener
	sealer *srtp.Sealer
}

// newKeys takes them from a handshake (RFC 5764, section 4.2): we were the
// server.
func newKeys(c *dtls.Conn) (*keys, error) {
	chosen, ok := c.SelectedSRTPProtectionProfile()
	state, known := c.ConnectionState()
	profile := srtp.Profile(chosen)
	if !ok || !known || profile.KeyingMaterial() == 0 {
		return nil, errKeys
	}
	material, err := state.ExportKeyingMaterial(srtp.Label, nil, profile.KeyingMaterial())
	if err != nil {
		return nil, errKeys
	}
	defer clear(material)
	client, server, err := srtp.Split(profile, material)
	if err != nil {
		return nil, errKeys
	}
	defer client.Wipe()
	defer server.Wipe()
	k := &keys{}
	if k.opener, err = srtp.NewOpener(profile, client, maxStreams); err != nil {
		return nil, errKeys
	}
	if k.sealer, err = srtp.NewSealer(profile, server); err != nil {
		return nil, errKeys
	}
	return k, nil
}

// wipe forgets the keys: from now on nothing is opened and nothing sealed.
func (k *keys) wipe() {
	k.opener.Wipe()
	k.sealer.Wipe()
}
