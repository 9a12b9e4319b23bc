package server

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"paravent/signaling"
)

// hostKey is the name of the key that host tokens are made with. It is made
// once; all tokens hold as long as it stays.
const hostKey = "host.key"

// How long a host token may hold, in days.
const (
	DefaultTokenDays = 30
	MostTokenDays    = 3650
)

// tokenPrefix tells a host token from other text, and from one of a later form.
const tokenPrefix = "h1."

// HostToken makes a host token that holds for so many days from now, for the
// server whose folder this is. The key in it is made when missing; of the
// token nothing is kept. The error is one sentence for the operator.
func HostToken(folder string, days int, now time.Time) (string, error) {
	key, err := hostKeyIn(folder)
	if err != nil {
		return "", err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	token := signaling.HostToken(key, id, now.AddDate(0, 0, days))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(token), nil
}

// HasHostKey says whether a folder has a key for host tokens.
func HasHostKey(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, hostKey))
	return err == nil
}

// hostKeyIn reads the key for host tokens, or makes it when there is none.
func hostKeyIn(folder string) (ed25519.PrivateKey, error) {
	path := filepath.Join(folder, hostKey)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err = newHostKeyIn(folder); err != nil {
			return nil, err
		}
		text, err = os.ReadFile(path) // another program may have been faster
	}
	if err != nil {
		return nil, fmt.Errorf("-data: %s: %w", hostKey, Plain(err))
	}
	if block, _ := pem.Decode(text); block != nil {
		if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := parsed.(ed25519.PrivateKey); ok {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("-data: %s: want the Ed25519 key that this server wrote", hostKey)
}

// newHostKeyIn makes the key. One that is there stays: tokens made with it
// would hold no more.
func newHostKeyIn(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("-data: cannot make the folder: %w", Plain(err))
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("server: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("server: encode a key: %w", err)
	}
	if err := writeNew(folder, hostKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return fmt.Errorf("-data: cannot write %s: %w", hostKey, Plain(err))
	}
	return nil
}
