package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A self-signed certificate of our own.
const (
	ownLife    = 397 * 24 * time.Hour // the longest that browsers accept
	ownRenew   = 30 * 24 * time.Hour  // what may be left when a new one is made
	ownSkew    = time.Hour            // how far a visitor's clock may be behind
	ownCert    = "certificate.pem"
	ownKey     = "key.pem"
	ownSubject = "paravent"
)

// loadFiles reads the operator's certificate chain and key.
func loadFiles(certFile, keyFile string, now time.Time) (tls.Certificate, error) {
	certPEM, err := os.ReadFile(filepath.Clean(certFile))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("-cert: %w", Plain(err))
	}
	keyPEM, err := os.ReadFile(filepath.Clean(keyFile))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("-key: %w", Plain(err))
	}
	return parsePair(certPEM, keyPEM, "-cert", "-key", now)
}

// parsePair says which of the two is at fault.
func parsePair(certPEM, keyPEM []byte, certName, keyName string, now time.Time) (tls.Certificate, error) {
	if block, _ := pem.Decode(certPEM); block == nil || block.Type != "CERTIFICATE" {
		return tls.Certificate{}, fmt.Errorf("%s: want a certificate in PEM", certName)
	}
	if block, _ := pem.Decode(keyPEM); block == nil || !strings.HasSuffix(block.Type, "KEY") && block.Type != "EC PARAMETERS" {
		return tls.Certificate{}, fmt.Errorf("%s: want a private key in PEM, without a passphrase", keyName)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s and %s: want a certificate and the private key that belongs to it", certName, keyName)
	}
	if now.After(pair.Leaf.NotAfter) {
		return pair, fmt.Errorf("%s: %w", certName, errExpired)
	}
	return pair, nil
}

var errExpired = errors.New("the certificate has expired")

// loadOwn reads this server's own certificate from folder and makes what is
// missing or about to expire. The key stays the same over renewals. One that
// lacks a name in public is replaced, too; one that lacks an address of the
// machine is not, since those change and the fingerprint had better not.
func loadOwn(folder string, public []string, now time.Time) (tls.Certificate, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return tls.Certificate{}, fmt.Errorf("-data: cannot make the folder: %w", Plain(err))
	}
	key, keyPEM, err := ownKeyIn(folder)
	if err != nil {
		return tls.Certificate{}, err
	}
	certPEM, err := os.ReadFile(filepath.Join(folder, ownCert))
	if err == nil {
		pair, err := parsePair(certPEM, keyPEM, "-data: "+ownCert, ownKey, now)
		if err != nil && !errors.Is(err, errExpired) {
			return tls.Certificate{}, err
		}
		if pair.Leaf.NotAfter.Sub(now) >= ownRenew && covers(pair.Leaf, public) {
			return pair, nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return tls.Certificate{}, fmt.Errorf("-data: %s: %w", ownCert, Plain(err))
	}
	certPEM, err = sign(key, certificateHosts(public), now)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := writeWhole(folder, ownCert, certPEM); err != nil {
		return tls.Certificate{}, fmt.Errorf("-data: cannot write %s: %w", ownCert, Plain(err))
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// ownKeyIn reads the key, or makes one when there is none.
func ownKeyIn(folder string) (*ecdsa.PrivateKey, []byte, error) {
	text, err := os.ReadFile(filepath.Join(folder, ownKey))
	if errors.Is(err, os.ErrNotExist) {
		return newKeyIn(folder)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("-data: %s: %w", ownKey, Plain(err))
	}
	bad := fmt.Errorf("-data: %s: want the ECDSA key that this server wrote", ownKey)
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, bad
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, bad
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, bad
	}
	return key, text, nil
}

func newKeyIn(folder string) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("server: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("server: encode a key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := writeWhole(folder, ownKey, text); err != nil {
		return nil, nil, fmt.Errorf("-data: cannot write %s: %w", ownKey, Plain(err))
	}
	return key, text, nil
}

// sign makes a certificate for hosts and returns it in PEM.
func sign(key *ecdsa.PrivateKey, hosts []string, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("server: draw a serial number: %w", err)
	}
	from := now.Add(-ownSkew)
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: ownSubject},
		NotBefore:             from,
		NotAfter:              from.Add(ownLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	slices.Sort(hosts)
	for _, host := range slices.Compact(hosts) {
		if address, err := netip.ParseAddr(host); err == nil {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("server: sign a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// selfSigned reports whether browsers must be talked into trusting it.
func selfSigned(pair *tls.Certificate) bool {
	return bytes.Equal(pair.Leaf.RawIssuer, pair.Leaf.RawSubject)
}

// covers reports whether the certificate is good for every one of hosts.
func covers(leaf *x509.Certificate, hosts []string) bool {
	for _, host := range hosts {
		if leaf.VerifyHostname(host) != nil {
			return false
		}
	}
	return true
}

// writeWhole writes a file that only its owner may read, wholly or not at all,
// in place of one that is there.
func writeWhole(folder, name string, body []byte) error {
	return write(folder, body, func(temporary string) error {
		return os.Rename(temporary, filepath.Join(folder, name))
	})
}

// writeNew is writeWhole, but leaves one that is there as it is.
func writeNew(folder, name string, body []byte) error {
	return write(folder, body, func(temporary string) error {
		err := os.Link(temporary, filepath.Join(folder, name))
		if err == nil || errors.Is(err, os.ErrExist) {
			err = os.Remove(temporary)
		}
		return err
	})
}

// write writes a temporary file and has it put in its place.
func write(folder string, body []byte, place func(temporary string) error) (err error) {
	file, err := os.CreateTemp(folder, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(body)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return place(file.Name())
}

// fingerprint is the SHA-256 of the certificate, as browsers show it.
func fingerprint(pair *tls.Certificate) string {
	hash := sha256.Sum256(pair.Certificate[0])
	parts := make([]string, len(hash))
	for i, b := range hash {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
