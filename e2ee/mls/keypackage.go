package mls

import (
	"bytes"
	"crypto/ed25519"
)

// KeyPackage is somebody's offer to be added to a group (section 10).
type KeyPackage struct {
	version, suite uint16
	initKey        []byte
	leafNode       *leafNode
	extensions     []extension
	signature      []byte
}

func (r *reader) keyPackage() *KeyPackage {
	return &KeyPackage{r.u16(), r.u16(), r.opaque(), r.leafNode(), r.extensions(), r.opaque()}
}

func (k *KeyPackage) appendUnsigned(b []byte) []byte {
	b = appendU16(appendU16(b, k.version), k.suite)
	b = appendOpaque(b, k.initKey)
	b = k.leafNode.append(b)
	return appendExtensions(b, k.extensions)
}

func (k *KeyPackage) append(b []byte) []byte { return appendOpaque(k.appendUnsigned(b), k.signature) }

const keyPackageLabel = "KeyPackageTBS"

// ref returns KeyPackageRef (section 5.2).
func (k *KeyPackage) ref() []byte { return refHash(labelPrefix+"KeyPackage Reference", k.append(nil)) }

// verify does what section 10.1 asks, for a group with the given extensions.
func (k *KeyPackage) verify(group []extension) error {
	l := k.leafNode
	if k.version != version10 || k.suite != suite1 {
		return invalid("a key package for suite 1")
	}
	if l.source != sourceKeyPackage || !onceEach(k.extensions) {
		return invalid("a leaf made for a key package")
	}
	if err := l.check(group); err != nil {
		return err
	}
	if err := l.verify(nil, 0); err != nil {
		return err
	}
	if !verifyWithLabel(l.signatureKey, keyPackageLabel, k.appendUnsigned(nil), k.signature) {
		return invalid("a key package signed by its leaf")
	}
	if bytes.Equal(k.initKey, l.encryptionKey) {
		return invalid("an init key of its own")
	}
	return nil
}

// Leaf returns the leaf that the KeyPackage would become. It is not Plain
// either when the KeyPackage has extensions.
func (k *KeyPackage) Leaf() Leaf {
	leaf := k.leafNode.leaf()
	if len(k.extensions) > 0 || len(k.initKey) != kemSize {
		leaf.Plain = false
	}
	return leaf
}

// ReadKeyPackage reads an MLSMessage with a KeyPackage and checks its
// signatures and that something can be sealed to its keys: with a key of low
// order in the tree every later path would fail.
func ReadKeyPackage(b []byte) (*KeyPackage, error) {
	k, err := readMessage(b, formatKeyPackage, "a key package", (*reader).keyPackage)
	if err != nil {
		return nil, err
	}
	if err := k.verify(nil); err != nil {
		return nil, err
	}
	for _, key := range [][]byte{k.initKey, k.leafNode.encryptionKey} {
		if _, err := encryptWithLabel(key, "", nil, nil); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Own is a KeyPackage of one's own with its private keys.
type Own struct {
	pub        *KeyPackage
	signer     ed25519.PrivateKey
	init, leaf []byte // X25519
}

// NewKeyPackage makes a KeyPackage with fresh init and leaf keys. It never
// expires: the profile ignores lifetimes. signer is not copied.
func NewKeyPackage(identity []byte, signer ed25519.PrivateKey) (*Own, error) {
	if len(signer) != ed25519.PrivateKeySize {
		return nil, invalid("an Ed25519 key")
	}
	initKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	leafKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	l := newLeaf(bytes.Clone(identity), publicOf(signer), leafKey.public)
	l.signature = signWithLabel(signer, leafLabel, l.signed(nil, 0))
	k := &KeyPackage{version: version10, suite: suite1, initKey: initKey.public, leafNode: l}
	k.signature = signWithLabel(signer, keyPackageLabel, k.appendUnsigned(nil))
	return &Own{k, signer, initKey.private, leafKey.private}, nil
}

func publicOf(signer ed25519.PrivateKey) ed25519.PublicKey {
	return bytes.Clone(signer[ed25519.SeedSize:])
}

// Message returns the MLSMessage to hand out.
func (o *Own) Message() []byte { return o.pub.append(header(formatKeyPackage)) }

// Erase overwrites the private keys, except the leaf's while kept, a group
// joined or founded with it, goes on using that. kept may be nil.
func (o *Own) Erase(kept *Group) {
	wipe(o.init)
	if kept == nil || !kept.uses(o.leaf) {
		wipe(o.leaf)
	}
}
