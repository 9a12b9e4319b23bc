package main

import (
	"fmt"
	"math"
	"slices"

	"paravent/e2ee/sframe"
)

type sframeCase struct {
	Verdict   string       `json:"verdict"`
	Name      string       `json:"name"`
	Suite     sframe.Suite `json:"suite"`
	BaseKey   hexBytes     `json:"baseKey"`
	KID       string       `json:"kid"` // decimal: JSON numbers are not exact
	CTR       string       `json:"ctr,omitempty"`
	Metadata  hexBytes     `json:"metadata"`
	Plaintext hexBytes     `json:"plaintext,omitempty"`
	Frame     hexBytes     `json:"frame"`
}

func sframes() (*file, error) {
	f := &file{About: "SFrame (RFC 9605): a frame, opened with the key of one KID. Suite 5 is the one in use."}
	base, other := secret("base key"), secret("another base key")
	text, metadata := []byte("nobody else sees this"), []byte("metadata")
	for suite := sframe.AES128CTRHMACSHA256Tag80; suite <= sframe.AES256GCMSHA512Tag128; suite++ {
		for _, n := range []struct{ kid, ctr uint64 }{{0, 0}, {7, 7}, {8, 8}, {0x3ffff, 0x100}, {math.MaxUint64, math.MaxUint64}} {
			key, err := sframe.NewKey(suite, base[:], n.kid)
			if err != nil {
				return nil, err
			}
			f.Cases = append(f.Cases, sframeCase{
				Verdict: "ok", Name: fmt.Sprintf("suite %d", suite), Suite: suite, BaseKey: base[:],
				KID: fmt.Sprint(n.kid), CTR: fmt.Sprint(n.ctr), Metadata: metadata, Plaintext: text, Frame: key.Seal(n.ctr, metadata, text),
			})
		}
		bad, err := badSframes(suite, base[:], other[:], metadata, text)
		if err != nil {
			return nil, err
		}
		f.Cases = append(f.Cases, bad...)
	}
	return f, nil
}

func badSframes(suite sframe.Suite, base, other, metadata, text []byte) ([]any, error) {
	const kid, ctr = 0x4321, 0x8765
	key, err := sframe.NewKey(suite, base, kid)
	if err != nil {
		return nil, err
	}
	frame := key.Seal(ctr, metadata, text) // header 99 4321 8765
	longKID := append([]byte{0xa9, 0}, frame[1:]...)
	longCTR := append([]byte{0x9a, 0x43, 0x21, 0}, frame[3:]...)
	var cases []any
	for _, bad := range []struct {
		verdict, name        string
		base, metadata, data []byte
		kid                  uint64
	}{
		{"forged", "another base key", other, metadata, frame, kid},
		{"forged", "another KID's key", base, metadata, frame, kid + 1},
		{"forged", "other metadata", base, []byte("metadatA"), frame, kid},
		{"forged", "no metadata", base, nil, frame, kid},
		{"forged", "first bit of the ciphertext turned", base, metadata, flip(frame, 8*5), kid},
		{"forged", "last bit of the tag turned", base, metadata, flip(frame, 8*len(frame)-1), kid},
		{"forged", "KID changed", base, metadata, flip(frame, 8*2), kid},
		{"forged", "CTR changed", base, metadata, flip(frame, 8*4), kid},
		{"forged", "last byte missing", base, metadata, frame[:len(frame)-1], kid},
		{"forged", "one byte more", base, metadata, append(slices.Clip(frame), 0), kid},
		{"forged", "header alone", base, metadata, frame[:5], kid},
		{"malformed", "nothing", base, metadata, nil, kid},
		{"malformed", "header cut short in the KID", base, metadata, frame[:2], kid},
		{"malformed", "header cut short in the CTR", base, metadata, frame[:4], kid},
		{"malformed", "KID longer than necessary", base, metadata, longKID, kid},
		{"malformed", "CTR longer than necessary", base, metadata, longCTR, kid},
		{"malformed", "a KID that fits the configuration byte spelt out", base, metadata, append([]byte{0x80, 3}, frame[5:]...), 3},
	} {
		cases = append(cases, sframeCase{
			Verdict: bad.verdict, Name: bad.name, Suite: suite, BaseKey: bad.base,
			KID: fmt.Sprint(bad.kid), Metadata: bad.metadata, Frame: bad.data,
		})
	}
	return cases, nil
}
