package srtp

import (
	"bytes"
	"errors"
)

// Profile is an SRTP protection profile by its number in DTLS (RFC 5764,
// section 4.1.2; RFC 7714, section 14.2).
type Profile uint16

// The profiles that are known here.
const (
	AES128CMSHA1  Profile = 0x0001 // SRTP_AES128_CM_HMAC_SHA1_80
	AEADAES128GCM Profile = 0x0007 // SRTP_AEAD_AES_128_GCM
	AEADAES256GCM Profile = 0x0008 // SRTP_AEAD_AES_256_GCM
)

// Label is what the keying material is exported from DTLS under (RFC 5764,
// section 4.2).
const Label = "EXTRACTOR-dtls_srtp"

var (
	errProfile  = errors.New("srtp: profile not known")
	errMaterial = errors.New("srtp: keying material has the wrong length")
)

// sizes says how long the parts of a master are, and the tag behind a packet;
// all 0 for a profile that is not known.
func (p Profile) sizes() (key, salt, tag int) {
	switch p {
	case AES128CMSHA1:
		return 16, 14, 10
	case AEADAES128GCM:
		return 16, 12, 16
	case AEADAES256GCM:
		return 32, 12, 16
	default:
		return 0, 0, 0
	}
}

// KeyingMaterial is how many bytes Split wants; 0 for a profile that is not
// known.
func (p Profile) KeyingMaterial() int {
	key, salt, _ := p.sizes()
	return 2 * (key + salt)
}

// Master is the master key and salt of one direction (RFC 3711, section 3.2.1).
type Master struct{ Key, Salt []byte }

// Split cuts what was exported from DTLS: the client seals with the first
// master, the server with the second (RFC 5764, section 4.2). The masters are
// copies.
func Split(p Profile, material []byte) (client, server Master, err error) {
	key, salt, _ := p.sizes()
	if key == 0 {
		return Master{}, Master{}, errProfile
	}
	if len(material) != 2*(key+salt) {
		return Master{}, Master{}, errMaterial
	}
	keys, salts := material[:2*key], material[2*key:]
	client = Master{Key: bytes.Clone(keys[:key]), Salt: bytes.Clone(salts[:salt])}
	server = Master{Key: bytes.Clone(keys[key:]), Salt: bytes.Clone(salts[salt:])}
	return client, server, nil
}

// Wipe overwrites the master. A Sealer or Opener that was made of it goes on.
func (m Master) Wipe() {
	clear(m.Key)
	clear(m.Salt)
}
