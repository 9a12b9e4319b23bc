// Command gen writes the test vectors in e2ee/vectors from the reference
// implementation. Its output depends on nothing but its source. Each vector
// starts with its verdict, and most of them are failures.
//
//	go run ./e2ee/vectors/gen e2ee/vectors
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// file is one file of vectors.
type file struct {
	About string `json:"about"`
	Cases []any  `json:"cases"`
}

// hexBytes is a byte string, in JSON as hex.
type hexBytes []byte

// MarshalText returns lower-case hex.
//
//nolint:unparam // encoding.TextMarshaler wants the error
func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

var errReference = errors.New("gen: the reference refuses what it should make")

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("gen: want the folder to write to")
	}
	files, err := all()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(args[1], name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// all returns the content of every file by its name.
func all() (map[string][]byte, error) {
	makers := map[string]func() (*file, error){
		"link.json": links, "grant.json": grants, "statement.json": statements, "succession.json": successions, "ticket.json": tickets,
		"knock.json": knocks, "passphrase.json": passphrases, "generation.json": generations, "admission.json": admissions,
		"sframe.json": sframes, "frames.json": frames, "data.json": messages,
	}
	files := make(map[string][]byte, len(makers))
	for name, maker := range makers {
		f, err := maker()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(f); err != nil {
			return nil, err
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// secret returns 32 bytes that depend on a name alone.
func secret(name string) [32]byte { return sha256.Sum256([]byte("paravent vectors: " + name)) }

// flip returns a copy of b with one bit turned.
func flip(b []byte, bit int) []byte {
	c := bytes.Clone(b)
	c[bit/8] ^= 1 << (bit % 8)
	return c
}
