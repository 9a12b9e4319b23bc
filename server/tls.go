package server

import (
	"crypto/tls"
	"sync"
	"time"
)

// reloadEvery is how often the certificate is looked at again, so that one
// renewed on disk is used, and one of our own renewed in time, without a
// restart.
const reloadEvery = time.Hour

// certificate is the certificate in use. It is safe for concurrent use.
type certificate struct {
	load func(now time.Time) (tls.Certificate, error)

	mu     sync.Mutex
	pair   *tls.Certificate
	loaded time.Time
}

// newCertificate loads the certificate for the first time.
func newCertificate(load func(time.Time) (tls.Certificate, error), now time.Time) (*certificate, error) {
	pair, err := load(now)
	if err != nil {
		return nil, err
	}
	return &certificate{load: load, pair: &pair, loaded: now}, nil
}

// current returns the certificate to present at now. One that cannot be
// loaded again stays in use.
func (c *certificate) current(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.loaded) >= reloadEvery {
		c.loaded = now
		if pair, err := c.load(now); err == nil {
			c.pair = &pair
		}
	}
	return c.pair
}

// tlsConfig allows TLS 1.3, and 1.2 with forward secrecy and authenticated
// encryption for clients that know no better.
func tlsConfig(c *certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{ // TLS 1.2 only
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(time.Now()), nil },
	}
}
