package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCommittedFileIsWhatTheMessagesSay(t *testing.T) {
	for output, generate := range outputs {
		committed, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(output)))
		if err != nil {
			t.Fatal(err)
		}
		if string(committed) != generate() {
			t.Errorf("%s is out of date: go run ./signaling/wire/gen", output)
		}
	}
}
