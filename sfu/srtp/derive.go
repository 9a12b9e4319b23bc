package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
)

// Labels of the session keys (RFC 3711, section 4.3.1 and 4.3.2).
const (
	labelRTP  = 0 // and the two behind it
	labelRTCP = 3

	cipherKey = 0
	authKey   = 1
	saltKey   = 2
)

const (
	saltSize = 14
	authSize = 20
)

// keys are the session keys of one direction. They do not change.
type keys struct{ rtp, rtcp set }

// set is what RTP or RTCP is sealed with.
type set struct {
	aead  cipher.AEAD  // nil with AES128CMSHA1
	block cipher.Block // only with AES128CMSHA1, as auth
	auth  [authSize]byte
	salt  [saltSize]byte // AES-GCM uses 12 bytes of it
}

// name stands for the keys without giving them away.
func (s *set) name() (name [8]byte) {
	sum := sha256.Sum256(s.salt[:])
	copy(name[:], sum[:])
	return name
}

// derive makes the session keys of a master, with a key derivation rate of 0:
// they last as long as the master (RFC 3711, section 4.3).
func derive(p Profile, m Master) (*keys, error) {
	key, salt, _ := p.sizes()
	if key == 0 {
		return nil, errProfile
	}
	if len(m.Key) != key || len(m.Salt) != salt {
		return nil, errMaterial
	}
	prf, err := aes.NewCipher(m.Key)
	if err != nil {
		return nil, errMaterial
	}
	k := new(keys)
	if err := k.rtp.derive(p, prf, m.Salt, labelRTP); err != nil {
		return nil, err
	}
	if err := k.rtcp.derive(p, prf, m.Salt, labelRTCP); err != nil {
		return nil, err
	}
	return k, nil
}

func (s *set) derive(p Profile, prf cipher.Block, salt []byte, label byte) error {
	size, _, _ := p.sizes()
	key := make([]byte, size)
	defer clear(key)
	generate(key, prf, salt, label+cipherKey)
	generate(s.salt[:len(salt)], prf, salt, label+saltKey)
	block, err := aes.NewCipher(key)
	if err != nil {
		return errMaterial
	}
	if p == AES128CMSHA1 {
		s.block = block
		generate(s.auth[:], prf, salt, label+authKey)
		return nil
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		return errProfile
	}
	return nil
}

// generate fills b with the key stream of the master key for one label. A salt
// of 12 bytes counts as one of 14 that ends in zeros (RFC 7714, section 11).
func generate(b []byte, prf cipher.Block, salt []byte, label byte) {
	var in, out [aes.BlockSize]byte
	copy(in[:saltSize], salt)
	in[7] ^= label // the 48 bits behind it are 0: the key derivation rate is
	for n := 0; len(b) > 0; n++ {
		binary.BigEndian.PutUint16(in[saltSize:], uint16(n))
		prf.Encrypt(out[:], in[:])
		b = b[copy(b, out[:]):]
	}
	clear(out[:])
}
