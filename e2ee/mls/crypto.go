package mls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
)

// Sizes of suite 1 in bytes (section 5.1).
const (
	hashSize  = sha256.Size // KDF.Nh
	keySize   = 16          // AEAD.Nk
	nonceSize = 12          // AEAD.Nn
	kemSize   = 32          // X25519 keys and encapsulated keys
)

const labelPrefix = "MLS 1.0 "

func hash(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// mac is MAC of section 5.2: HMAC-SHA-256.
func mac(key, b []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(b)
	return m.Sum(nil)
}

// sameMAC compares in constant time.
func sameMAC(a, b []byte) bool { return hmac.Equal(a, b) }

// extract is KDF.Extract. It cannot fail: outside FIPS mode any salt will do.
func extract(salt, ikm []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, ikm, salt)
	if err != nil {
		return nil
	}
	return prk
}

// expandWithLabel is ExpandWithLabel (section 8); length is in bytes, at most
// 255 times hashSize.
func expandWithLabel(secret []byte, label string, context []byte, length int) ([]byte, error) {
	info := appendU16(nil, uint16(length))
	info = appendOpaque(info, []byte(labelPrefix+label))
	info = appendOpaque(info, context)
	out, err := hkdf.Expand(sha256.New, secret, string(info), length)
	if err != nil {
		return nil, invalid("a secret and a length that the hash can serve")
	}
	return out, nil
}

// deriveSecret is DeriveSecret (section 8).
func deriveSecret(secret []byte, label string) ([]byte, error) {
	return expandWithLabel(secret, label, nil, hashSize)
}

// refHash is RefHash (section 5.2).
func refHash(label string, value []byte) []byte {
	return hash(appendOpaque(appendOpaque(nil, []byte(label)), value))
}

// labelled is SignContent and EncryptContext, which are the same (sections
// 5.1.2 and 5.1.3).
func labelled(label string, content []byte) []byte {
	return appendOpaque(appendOpaque(nil, []byte(labelPrefix+label)), content)
}

// signWithLabel is SignWithLabel (section 5.1.2).
func signWithLabel(key ed25519.PrivateKey, label string, content []byte) []byte {
	return ed25519.Sign(key, labelled(label, content))
}

// verifyWithLabel is VerifyWithLabel (section 5.1.2).
func verifyWithLabel(key []byte, label string, content, signature []byte) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, labelled(label, content), signature)
}

// kem is DHKEM(X25519, HKDF-SHA256) of RFC 9180.
func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// keyPair is an HPKE key pair. The private key is kept as bytes so that it can
// be erased.
type keyPair struct {
	private, public []byte
}

func newKeyPair() (keyPair, error) { return pairOf(kem().GenerateKey()) }

// deriveKeyPair is KEM.DeriveKeyPair of RFC 9180.
func deriveKeyPair(secret []byte) (keyPair, error) { return pairOf(kem().DeriveKeyPair(secret)) }

func pairOf(key hpke.PrivateKey, err error) (keyPair, error) {
	if err != nil {
		return keyPair{}, err
	}
	private, err := key.Bytes()
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{private, key.PublicKey().Bytes()}, nil
}

// encryptWithLabel is EncryptWithLabel (section 5.1.3). It fails for public
// keys of low order, to which nothing can be sealed.
func encryptWithLabel(public []byte, label string, context, plaintext []byte) (sealed, error) {
	key, err := kem().NewPublicKey(public)
	if err != nil {
		return sealed{}, invalid("an X25519 key")
	}
	out, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES128GCM(), labelled(label, context), plaintext)
	if err != nil {
		return sealed{}, invalid("an X25519 key of full order")
	}
	return sealed{out[:kemSize:kemSize], out[kemSize:]}, nil
}

// decryptWithLabel is DecryptWithLabel (section 5.1.3).
func decryptWithLabel(private []byte, label string, context []byte, s sealed) ([]byte, error) {
	key, err := kem().NewPrivateKey(private)
	if err != nil {
		return nil, invalid("an X25519 private key")
	}
	recipient, err := hpke.NewRecipient(s.kemOutput, key, hpke.HKDFSHA256(), hpke.AES128GCM(), labelled(label, context))
	if err != nil {
		return nil, invalid("an encapsulated key")
	}
	plaintext, err := recipient.Open(nil, s.ciphertext)
	if err != nil {
		return nil, invalid("a ciphertext for this key")
	}
	return plaintext, nil
}

// aead returns AES-128-GCM under key.
func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealed is HPKECiphertext (section 7.6).
type sealed struct {
	kemOutput, ciphertext []byte
}

func (r *reader) sealed() sealed { return sealed{r.opaque(), r.opaque()} }

func (s sealed) append(b []byte) []byte {
	return appendOpaque(appendOpaque(b, s.kemOutput), s.ciphertext)
}

// random returns n fresh bytes.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// wipe overwrites secrets that are not needed any more.
func wipe(secrets ...[]byte) {
	for _, s := range secrets {
		clear(s)
	}
}
