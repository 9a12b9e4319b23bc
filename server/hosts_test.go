package server

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// open takes a token apart and checks its signature with the key in folder.
func open(t *testing.T, folder, text string) (notAfter time.Time, id string) {
	t.Helper()
	token, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(text, tokenPrefix))
	if err != nil || !strings.HasPrefix(text, tokenPrefix) || len(token) != 80 {
		t.Fatalf("%v: want %s and 80 bytes", err, tokenPrefix)
	}
	key, err := hostKeyIn(folder)
	if err != nil {
		t.Fatal(err)
	}
	said := append([]byte("paravent host token v1"), token[:16]...)
	if !ed25519.Verify(key.Public().(ed25519.PublicKey), said, token[16:]) {
		t.Fatal("another key has signed")
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(token))), string(token[8:16])
}

func TestHostTokensAreMadeWithOneKey(t *testing.T) {
	folder, now := filepath.Join(t.TempDir(), "new", "folder"), time.Now().Truncate(time.Millisecond)
	first, err := HostToken(folder, 1, now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := HostToken(folder, MostTokenDays, now)
	if err != nil {
		t.Fatal(err)
	}
	until, one := open(t, folder, first)
	if !until.Equal(now.AddDate(0, 0, 1)) {
		t.Errorf("it holds until %v", until)
	}
	if _, other := open(t, folder, second); one == other {
		t.Error("two tokens have one id")
	}
	info, err := os.Stat(filepath.Join(folder, hostKey))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want a key that only its owner may read", info.Mode(), err)
	}
	all, err := os.ReadDir(folder)
	if err != nil || len(all) != 1 {
		t.Errorf("%v, %v: want the key and nothing else", all, err)
	}
}

// TestHostKeyIsMadeOnce: of several who find none at one moment all end up
// with the same.
func TestHostKeyIsMadeOnce(t *testing.T) {
	folder := t.TempDir()
	keys := make([]ed25519.PrivateKey, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], _ = hostKeyIn(folder) })
	}
	all.Wait()
	for _, key := range keys {
		if key == nil || !key.Equal(keys[0]) {
			t.Fatal("two keys")
		}
	}
}

func TestABadHostKeyIsOneSentence(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, hostKey)
	_, ecdsa, err := newKeyIn(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "no key": "hello", "another kind": string(ecdsa),
		"cut short": "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := HostToken(folder, 1, time.Now())
		if err == nil || err.Error() != "-data: host.key: want the Ed25519 key that this server wrote" {
			t.Errorf("%s: %v", name, err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
			t.Errorf("%s: it was written over", name)
		}
	}
	if _, err := HostToken(path, 1, time.Now()); err == nil || !strings.HasPrefix(err.Error(), "-data: ") {
		t.Errorf("a file for a folder: %v", err)
	}
}
