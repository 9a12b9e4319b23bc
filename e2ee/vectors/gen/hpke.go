package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// HPKE (RFC 9180), base mode, with the ephemeral key given: the reference
// draws it at random, and vectors must be the same each time. The reference
// opens what is made here, which also checks it.

// labels is a suite id (section 4.1 for the KEM, 5.1 for the rest).
type labels []byte

func (l labels) extract(salt []byte, label string, ikm []byte) ([]byte, error) {
	return hkdf.Extract(sha256.New, slices.Concat([]byte("HPKE-v1"), l, []byte(label), ikm), salt)
}

func (l labels) expand(prk []byte, label string, info []byte, size int) ([]byte, error) {
	labeled := slices.Concat(binary.BigEndian.AppendUint16(nil, uint16(size)), []byte("HPKE-v1"), l, []byte(label), info)
	return hkdf.Expand(sha256.New, prk, string(labeled), size)
}

// sealHPKE seals to a public key and returns enc || ciphertext.
func sealHPKE(ephemeral *ecdh.PrivateKey, to *ecdh.PublicKey, info, plaintext []byte) ([]byte, error) {
	dh, err := ephemeral.ECDH(to)
	if err != nil {
		return nil, err
	}
	kem := labels("KEM\x00\x20")
	prk, err := kem.extract(nil, "eae_prk", dh)
	if err != nil {
		return nil, err
	}
	enc := ephemeral.PublicKey().Bytes()
	shared, err := kem.expand(prk, "shared_secret", slices.Concat(enc, to.Bytes()), 32)
	if err != nil {
		return nil, err
	}
	key, nonce, err := schedule(shared, info)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return aead.Seal(enc, nonce, plaintext, nil), nil
}

// schedule is the key schedule (section 5.1) in base mode.
func schedule(shared, info []byte) (key, nonce []byte, err error) {
	suite := labels("HPKE\x00\x20\x00\x01\x00\x01")
	pskID, err := suite.extract(nil, "psk_id_hash", nil)
	if err != nil {
		return nil, nil, err
	}
	infoHash, err := suite.extract(nil, "info_hash", info)
	if err != nil {
		return nil, nil, err
	}
	secret, err := suite.extract(shared, "secret", nil)
	if err != nil {
		return nil, nil, err
	}
	context := slices.Concat([]byte{0}, pskID, infoHash)
	if key, err = suite.expand(secret, "key", context, 16); err != nil {
		return nil, nil, err
	}
	nonce, err = suite.expand(secret, "base_nonce", context, 12)
	return key, nonce, err
}

// x25519 returns the private key whose bytes depend on a name alone.
func x25519(name string) (*ecdh.PrivateKey, error) {
	s := secret(name)
	return ecdh.X25519().NewPrivateKey(s[:])
}
