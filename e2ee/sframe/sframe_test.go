package sframe

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strconv"
	"testing"
)

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func load(tb testing.TB, name string, into any) {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		tb.Fatal(err)
	}
}

// verdict is how the vectors call an error.
func verdict(err error) string {
	for name, kind := range map[string]error{
		"malformed": ErrMalformed, "forged": ErrForged, "no key": ErrNoKey, "foreign": ErrForeign, "replayed": ErrReplayed,
	} {
		if errors.Is(err, kind) {
			return name
		}
	}
	if err == nil {
		return "ok"
	}
	return err.Error()
}

type sframeVector struct {
	Verdict, Name, KID, CTR             string
	Suite                               Suite
	BaseKey, Metadata, Plaintext, Frame unhex
}

func sframeVectors(tb testing.TB) []sframeVector {
	tb.Helper()
	var file struct{ Cases []sframeVector }
	load(tb, "../vectors/sframe.json", &file)
	return file.Cases
}

func TestVectors(t *testing.T) {
	for _, v := range sframeVectors(t) {
		kid, err := strconv.ParseUint(v.KID, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		key, err := NewKey(v.Suite, v.BaseKey, kid)
		if err != nil {
			t.Fatal(err)
		}
		plaintext, err := key.Open(v.Metadata, v.Frame)
		if verdict(err) != v.Verdict || !bytes.Equal(plaintext, v.Plaintext) {
			t.Errorf("%d %s: want %s, got %s", v.Suite, v.Name, v.Verdict, verdict(err))
		}
		if v.Verdict != "ok" {
			continue
		}
		ctr, err := strconv.ParseUint(v.CTR, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(key.Seal(ctr, v.Metadata, v.Plaintext), v.Frame) {
			t.Errorf("%d %s: sealed otherwise", v.Suite, v.Name)
		}
	}
}

// TestRFC9605 runs the published vectors when they stand beside the repository.
func TestRFC9605(t *testing.T) {
	const path = "../../../shared/vectors/rfc9605/test-vectors.json"
	if _, err := os.Stat(path); err != nil {
		t.Log("RFC 9605 vectors are not beside the repository: ran e2ee/vectors/sframe.json alone")
		return
	}
	var published struct {
		Header []struct {
			KID, CTR uint64
			Encoded  unhex
		}
		AESCTRHMAC []struct {
			Suite                   Suite `json:"cipher_suite"`
			Key, Nonce, AAD, PT, CT unhex
		} `json:"aes_ctr_hmac"`
		SFrame []struct {
			Suite            Suite `json:"cipher_suite"`
			KID, CTR         uint64
			BaseKey          unhex `json:"base_key"`
			Metadata, PT, CT unhex
		}
	}
	load(t, path, &published)
	for _, v := range published.Header {
		want := Header{KID: v.KID, CTR: v.CTR}
		got, size, err := ParseHeader(v.Encoded)
		if err != nil || got != want || size != len(v.Encoded) || !bytes.Equal(want.Append(nil), v.Encoded) {
			t.Errorf("header %x: got %v, %v", []byte(v.Encoded), got, err)
		}
	}
	for _, v := range published.AESCTRHMAC {
		p, err := v.Suite.parameters()
		if err != nil {
			t.Fatal(err)
		}
		aead, err := newAEAD(p, v.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got := aead.Seal(nil, v.Nonce, v.PT, v.AAD); !bytes.Equal(got, v.CT) {
			t.Errorf("suite %d: got %x", v.Suite, got)
		}
		if got, err := aead.Open(nil, v.Nonce, v.CT, v.AAD); err != nil || !bytes.Equal(got, v.PT) {
			t.Errorf("suite %d: got %x, %v", v.Suite, got, err)
		}
	}
	for _, v := range published.SFrame {
		key, err := NewKey(v.Suite, v.BaseKey, v.KID)
		if err != nil {
			t.Fatal(err)
		}
		if got := key.Seal(v.CTR, v.Metadata, v.PT); !bytes.Equal(got, v.CT) {
			t.Errorf("suite %d: got %x", v.Suite, got)
		}
		if got, err := key.Open(v.Metadata, v.CT); err != nil || !bytes.Equal(got, v.PT) {
			t.Errorf("suite %d: got %x, %v", v.Suite, got, err)
		}
	}
	t.Logf("RFC 9605: %d headers, %d AES-CTR-HMAC, %d SFrame", len(published.Header), len(published.AESCTRHMAC), len(published.SFrame))
}

func TestUnknownSuite(t *testing.T) {
	for _, suite := range []Suite{0, 6, 0xffff} {
		if _, err := NewKey(suite, make([]byte, 32), 1); !errors.Is(err, ErrSuite) {
			t.Errorf("suite %d: %v", suite, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, h := range []Header{{}, {7, 7}, {8, 8}, {1 << 18, 1 << 20}, {math.MaxUint64, math.MaxUint64}} {
		f.Add(h.Append(nil))
	}
	for _, v := range sframeVectors(f) {
		f.Add([]byte(v.Frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		h, size, err := ParseHeader(frame)
		if err != nil {
			return
		}
		if !bytes.Equal(h.Append(nil), frame[:size]) {
			t.Fatal("a second spelling of one header")
		}
	})
}
