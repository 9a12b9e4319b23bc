// Package mls lets people of both implementations of the group meet: those of
// e2ee/group, and those of the browsers' code (e2ee/worker), which Node runs.
package mls

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

const root = "../.."

// driver is a process with people of the browsers' implementation
// (tests/mls/interop.ts).
type driver struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Scanner
}

// start bundles and runs the other implementation until the test ends.
func start(t testing.TB) *driver {
	t.Helper()
	bundle := filepath.Join(t.TempDir(), "interop.mjs")
	build := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools.mod", "esbuild", "tests/mls/interop.ts",
		"--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", "--outfile="+bundle)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("bundling the other implementation (is node_modules there? make build): %v\n%s", err, out)
	}
	node := exec.CommandContext(t.Context(), "node", bundle)
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal("running the other implementation needs Node: ", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = node.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	return &driver{t, in, lines}
}

// answer is what comes back; only the parts that fit the order are set.
type answer struct {
	Fault      string
	Room       string
	Holds      bool
	ID, Key    string
	KeyPackage string
	Commit     string
	Welcome    string
	States     map[string]string
}

// ask sends an order and waits for its answer.
func (d *driver) ask(order map[string]any) answer {
	d.t.Helper()
	line, err := json.Marshal(order)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		d.t.Fatal(err)
	}
	if !d.out.Scan() {
		d.t.Fatal("the other implementation has ended: ", d.out.Err())
	}
	var a answer
	if err := json.Unmarshal(d.out.Bytes(), &a); err != nil {
		d.t.Fatal(err)
	}
	return a
}

// must is ask for orders that are not to be refused.
func (d *driver) must(order map[string]any) answer {
	d.t.Helper()
	a := d.ask(order)
	if a.Fault != "" {
		d.t.Fatalf("the other implementation refuses %v: %s", order["do"], a.Fault)
	}
	return a
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
