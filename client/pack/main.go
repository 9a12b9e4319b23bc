// Command pack compresses the large files of the client: go run ./client/pack
// FILE... replaces each FILE by FILE.gz. The same Go writes the same bytes.
package main

import (
	"compress/gzip"
	"fmt"
	"os"
)

func main() {
	for _, name := range os.Args[1:] {
		if err := pack(name); err != nil {
			fmt.Fprintln(os.Stderr, "pack:", err)
			os.Exit(1)
		}
	}
}

func pack(name string) error {
	plain, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	out, err := os.Create(name + ".gz")
	if err != nil {
		return err
	}
	w, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(plain); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Remove(name)
}
