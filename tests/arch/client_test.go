package arch

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// clientFloors says which folders and packages the TypeScript of each folder
// may import. A name with a slash at its end is a folder of the repository.
var clientFloors = map[string][]string{
	"client/src/wire/": {"client/src/wire/"},
	"client/src/ui/":   {"client/src/ui/", "client/src/call/state.ts", "client/src/mask/treatment.ts", "client/src/i18n", "client/locales/", "e2ee/worker/emoji.ts", "preact", "preact/hooks", "preact/jsx-runtime"},
	// Detectors, the verdict and painting know nothing of a call; the verdict not even the networks.
	"client/src/mask/":       {"client/src/mask/", "client/mask/", "client/src/crypto/port.ts", "onnxruntime-web/wasm"},
	"client/src/mask/cover/": {"client/src/mask/cover/", "client/src/mask/treatment.ts"},
	"e2ee/worker/":           {"e2ee/worker/", "e2ee/vectors/", "client/src/wire/", "ts-mls", "ts-mls/", "@hpke/core", "@noble/hashes/", "cborg", "cborg/"},
}

// portal is all of e2ee/worker that a page may import: the messages, and pure
// functions and tables for bytes, links, tickets, passphrases, rules and the safety code.
var portal = []string{
	"e2ee/worker/port.ts", "e2ee/worker/bytes.ts", "e2ee/worker/link.ts", "e2ee/worker/ticket.ts", "e2ee/worker/passphrase.ts",
	"e2ee/worker/admission.ts", "e2ee/worker/grant.ts", "e2ee/worker/emoji.ts",
}

var imported = regexp.MustCompile(
	`(?:^|[\s;}])(?:import|export)\b[^"'();=]*?\bfrom\s*["']([^"']+)["']` +
		`|(?:^|[\s;}])import\s*["']([^"']+)["']` +
		`|\bimport\(\s*["']([^"']+)["']`)

// imports returns what a file imports: repository paths for relative ones.
func imports(file string, text []byte) (all []string) {
	for _, m := range imported.FindAllSubmatch(text, -1) {
		name := string(m[1]) + string(m[2]) + string(m[3])
		if strings.HasPrefix(name, ".") {
			name = path.Join(path.Dir(file), name)
		}
		all = append(all, name)
	}
	return all
}

// beside matches what is not built into the client: tests, and what writes
// their vectors.
var beside = regexp.MustCompile(`(\.test|-record)\.tsx?$`)

func allowed(name string, may []string) bool {
	return slices.ContainsFunc(may, func(one string) bool {
		return name == one || strings.HasPrefix(name, one) && (strings.HasSuffix(one, "/") || strings.HasPrefix(name[len(one):], "."))
	})
}

func TestClientFoldersImportOnlyWhatTheyMay(t *testing.T) {
	root := os.DirFS("../..")
	seen := map[string]int{}
	for _, folder := range []string{"client/src", "e2ee/worker"} {
		err := fs.WalkDir(root, folder, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !regexp.MustCompile(`\.tsx?$`).MatchString(file) {
				return err
			}
			text, err := fs.ReadFile(root, file)
			if err != nil {
				return err
			}
			test := beside.MatchString(file)
			for _, name := range imports(file, text) {
				if test && (strings.HasPrefix(name, "node:") || strings.HasPrefix(name, "signaling/wire/testdata/")) {
					continue
				}
				for where, may := range clientFloors {
					if strings.HasPrefix(file, where) {
						seen[where]++
						if !allowed(name, may) {
							t.Errorf("%s imports %s", file, name)
						}
					}
				}
				if strings.HasPrefix(file, "client/") && !test && strings.HasPrefix(name, "e2ee/") && !slices.Contains(portal, name) {
					t.Errorf("%s imports %s: the page may import only %v", file, name, portal)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for where := range clientFloors {
		if seen[where] == 0 {
			t.Errorf("no import found in %s: this test looks in the wrong place", where)
		}
	}
}

func TestImportsAreFound(t *testing.T) {
	const text = `import "./a.ts"
import type { B } from '../b.ts'
import {
  c,
} from "c"
export { d } from "./d.ts"; import e from "e"
const f = await import("./f.ts")
import "./g.ts"
export interface H {
  readonly t: "h"
}
const s = "import of goods"
`
	want := []string{"x/y/a.ts", "x/b.ts", "c", "x/y/d.ts", "e", "x/y/f.ts", "x/y/g.ts"}
	if got := imports("x/y/z.ts", []byte(text)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
