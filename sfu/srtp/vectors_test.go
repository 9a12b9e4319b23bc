package srtp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"strings"
	"testing"
)

// unhex reads hexadecimal digits with any white space between them.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\ngot  %x\nwant %x", what, got, want)
	}
}

// RFC 3711, appendix B.3.
func TestDerivation(t *testing.T) {
	k, err := derive(AES128CMSHA1, Master{
		Key:  unhex(t, "E1F97A0D3E018BE0D64FA32C06DE4139"),
		Salt: unhex(t, "0EC675AD498AFEEBB6960B3AABE6"),
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "salt", k.rtp.salt[:], unhex(t, "30CBBC08863D8C85D49DB34A9AE1"))
	equal(t, "authentication key", k.rtp.auth[:], unhex(t, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"))
	want, err := aes.NewCipher(unhex(t, "C61E7A93744F39EE10734AFE3FF7A087"))
	if err != nil {
		t.Fatal(err)
	}
	var one, other [aes.BlockSize]byte
	k.rtp.block.Encrypt(one[:], one[:])
	want.Encrypt(other[:], other[:])
	equal(t, "a block under the cipher key", one[:], other[:])
	if k.rtp.salt == k.rtcp.salt || k.rtp.auth == k.rtcp.auth {
		t.Error("RTP and RTCP have the same keys")
	}
}

// RFC 3711, appendix B.2: the key stream of both ways to make it.
func TestKeyStreamOfCounterMode(t *testing.T) {
	block, err := aes.NewCipher(unhex(t, "2B7E151628AED2A6ABF7158809CF4F3C"))
	if err != nil {
		t.Fatal(err)
	}
	s := &set{block: block}
	copy(s.salt[:], unhex(t, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"))
	want := unhex(t, `E03EAD0935C95E80E166B16DD92B4EB4
		D23513162B02D0F72A43A2FE4A5F97AB
		41E95B3BB0A2E8DD477901E4FCA894C0`)
	var w scratch
	short, long := make([]byte, len(want)), make([]byte, 0xFF02*aes.BlockSize)
	w.crypt(s, short, 0, 0)
	equal(t, "in blocks", short, want)
	w.crypt(s, long, 0, 0)
	equal(t, "as a stream", long[:len(want)], want)
	equal(t, "end of the stream", long[0xFEFF*aes.BlockSize:], unhex(t, `EC8CDF7398607CB0F2D21675EA9EA1E4
		362B7C3C6773516318A077D7FC5073AE
		6A2CC3787889374FBEB4C81B17BA6C44`))
	for size := range 3 * fewBlocks {
		got := make([]byte, size)
		w.crypt(s, got, 0, 0)
		if !bytes.Equal(got, long[:size]) {
			t.Fatalf("the key stream differs at %d bytes", size)
		}
	}
}

// vector is one of RFC 7714, sections 16 and 17, which give session keys.
type vector struct {
	name, key             string
	sealedRTP, sealedRTCP string
}

const (
	plainRTP = `8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
		69736120 696e2070 61727465 73207472 6573`
	plainRTCP = `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
		deadbeef deadbeef deadbeef deadbeef deadbeef`
)

var vectors = []vector{
	{
		name: "AES-128", key: "000102030405060708090a0b0c0d0e0f",
		sealedRTP: `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
			0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
		sealedRTCP: `81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
			c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
	},
	{
		name: "AES-256", key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		sealedRTP: `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238
			9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
		sealedRTCP: `81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50
			a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
	},
}

// withKey makes both ends of a session key, past the derivation.
func withKey(t *testing.T, key []byte) (*Sealer, *Opener) {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	one := set{aead: aead}
	copy(one.salt[:], unhex(t, "517569642070726f2071756f"))
	k := &keys{rtp: one, rtcp: one}
	s := &Sealer{sender: &sender{profile: AEADAES128GCM}}
	s.sender.keys.Store(k)
	o := &Opener{tag: gcmTag, limit: 2, streams: make(map[uint32]*stream)}
	o.keys.Store(k)
	return s, o
}

func TestVectorsOfGCM(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			s, o := withKey(t, unhex(t, v.key))
			plain, want := unhex(t, plainRTP), unhex(t, v.sealedRTP)
			b := append(make([]byte, 0, len(want)), plain[:fixedHeader]...)
			sealed := s.SealRTP(b, fixedHeader, plain[fixedHeader:], 0xF17B)
			equal(t, "RTP sealed", sealed, want)
			n, index, err := o.OpenRTP(want)
			if err != nil || index != 0xF17B {
				t.Fatal(index, err)
			}
			equal(t, "RTP opened", want[:n], plain)

			s.sender.next.Store(0x5D4)
			plain, want = unhex(t, plainRTCP), unhex(t, v.sealedRTCP)
			equal(t, "RTCP sealed", s.SealRTCP(nil, plain), want)
			n, err = o.OpenRTCP(want)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "RTCP opened", want[:n], plain)
		})
	}
}

// Sections 16.1.3 and 17.3 of RFC 7714: authenticated, not encrypted. Nobody
// gets that past an Opener.
func TestUnencryptedIsRefused(t *testing.T) {
	_, o := withKey(t, unhex(t, vectors[0].key))
	rtp := append(unhex(t, plainRTP), unhex(t, "22493f82d2bce397e9d79e3b19aa4216")...)
	if _, _, err := o.OpenRTP(rtp); err != ErrForged {
		t.Error(err)
	}
	rtcp := append(unhex(t, plainRTCP), unhex(t, "841dd9683dd78ec92ae58790125f62b3 000005d4")...)
	if _, err := o.OpenRTCP(rtcp); err != ErrMalformed {
		t.Error(err)
	}
}
