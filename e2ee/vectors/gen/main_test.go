package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestVectorsAreUpToDate(t *testing.T) {
	files, err := all()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what `go run ./e2ee/vectors/gen e2ee/vectors` writes", name)
		}
	}
}
