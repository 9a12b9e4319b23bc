package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func mustLoad(t *testing.T, folder string, public []string, now time.Time) *x509.Certificate {
	t.Helper()
	pair, err := loadOwn(folder, public, now)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func TestOwnCertificate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	leaf := mustLoad(t, folder, []string{"meet.example.org", "203.0.113.7"}, noon)
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "meet.example.org", "203.0.113.7"} {
		if err := leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if len(leaf.IPAddresses) != 3 {
		t.Errorf("%v: the machine's own addresses must stay out when the public ones are named", leaf.IPAddresses)
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Error("want a P-256 key")
	}
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days != 397 {
		t.Errorf("%v days", days)
	}
	for name, mode := range map[string]os.FileMode{".": 0o700 | os.ModeDir, ownCert: 0o600, ownKey: 0o600} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: mode %v, want %v", name, info.Mode(), mode)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
		t.Errorf("%v: want the certificate and the key alone", entries)
	}
}

func TestOwnCertificateIsKeptUntilItMustNot(t *testing.T) {
	folder := t.TempDir()
	first := mustLoad(t, folder, nil, noon)
	for name, c := range map[string]struct {
		public []string
		now    time.Time
		kept   bool
	}{
		"a later start":            {nil, noon.Add(300 * 24 * time.Hour), true},
		"a name it has":            {[]string{"localhost"}, noon, true},
		"a new public name":        {[]string{"meet.example.org"}, noon, false},
		"less than 30 days left":   {nil, noon.Add(368 * 24 * time.Hour), false},
		"expired, a year too late": {nil, noon.Add(800 * 24 * time.Hour), false},
	} {
		if err := os.WriteFile(filepath.Join(folder, ownCert), pemOf(first.Raw), 0o600); err != nil {
			t.Fatal(err)
		}
		now := mustLoad(t, folder, c.public, c.now)
		if bytes.Equal(now.Raw, first.Raw) != c.kept {
			t.Errorf("%s: kept %v, want %v", name, !c.kept, c.kept)
		}
		if !now.PublicKey.(*ecdsa.PublicKey).Equal(first.PublicKey) {
			t.Errorf("%s: the key must stay", name)
		}
	}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestWhatIsNotOursIsNeverOverwritten(t *testing.T) {
	other := t.TempDir()
	mustLoad(t, other, nil, noon)
	foreign, err := os.ReadFile(filepath.Join(other, ownKey))
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]byte{
		"another key":  foreign,
		"no PEM":       []byte("hello"),
		"empty":        {},
		"wrong block":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1, 2, 3}}),
		"another kind": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		folder := t.TempDir()
		mustLoad(t, folder, nil, noon)
		file := filepath.Join(folder, ownKey)
		if err := os.WriteFile(file, key, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadOwn(folder, nil, noon); err == nil || !strings.Contains(err.Error(), "-data") {
			t.Errorf("%s: error %v, want one that names -data", name, err)
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, key) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{file, filepath.Join(file, "below"), "/proc/paravent"} {
		if _, err := loadOwn(folder, nil, noon); err == nil || !strings.HasPrefix(err.Error(), "-data") {
			t.Errorf("%s: error %v, want one that names -data", folder, err)
		}
	}
}

func TestOperatorsFiles(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	mustLoad(t, a, nil, noon)
	mustLoad(t, b, nil, noon)
	cert, key := filepath.Join(a, ownCert), filepath.Join(a, ownKey)
	if _, err := loadFiles(cert, key, noon); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ cert, key, says string }{
		"missing certificate": {a + "/none", key, "-cert: there is no such file"},
		"missing key":         {cert, a + "/none", "-key: there is no such file"},
		"a folder":            {cert, a, "-key: this is a folder"},
		"swapped":             {key, cert, "-cert: want a certificate in PEM"},
		"no key":              {cert, cert, "-key: want a private key in PEM"},
		"of another":          {cert, filepath.Join(b, ownKey), "-cert and -key: want a certificate and the private key"},
	} {
		if _, err := loadFiles(c.cert, c.key, noon); err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %s", name, err, c.says)
		}
	}
	if _, err := loadFiles(cert, key, noon.Add(2*ownLife)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired: error %v", err)
	}
}

func TestRenewedFilesAreUsedWithoutARestart(t *testing.T) {
	folder := t.TempDir()
	broken := false
	c, err := newCertificate(func(now time.Time) (tls.Certificate, error) {
		if broken {
			return tls.Certificate{}, os.ErrNotExist
		}
		return loadOwn(folder, nil, now)
	}, noon)
	if err != nil {
		t.Fatal(err)
	}
	first := fingerprint(c.current(noon))
	if fingerprint(c.current(noon.Add(30*24*time.Hour))) != first {
		t.Error("a good certificate must stay")
	}
	later := noon.Add(380 * 24 * time.Hour)
	second := fingerprint(c.current(later))
	if second == first {
		t.Error("one about to expire must be renewed")
	}
	broken = true
	if fingerprint(c.current(later.Add(24*time.Hour))) != second {
		t.Error("one that cannot be loaded again must stay in use")
	}
}

func TestSelfSigned(t *testing.T) {
	if !selfSigned(&tls.Certificate{Leaf: mustLoad(t, t.TempDir(), nil, noon)}) {
		t.Error("our own is self-signed")
	}
	if selfSigned(&tls.Certificate{Leaf: &x509.Certificate{RawIssuer: []byte("authority"), RawSubject: []byte("server")}}) {
		t.Error("one from an authority is not")
	}
}

func TestFingerprintIsWhatBrowsersShow(t *testing.T) {
	got := fingerprint(&tls.Certificate{Certificate: [][]byte{[]byte("abc")}})
	if got != "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD" {
		t.Error(got)
	}
}
