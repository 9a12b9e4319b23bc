// Package arch holds the plan of the house: which package may reach which.
package arch

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "paravent"

// floors says which of our packages each may reach, directly or not. A package
// that is missing here fails the test: a new room needs a plan.
var floors = map[string][]string{
	"":                    {"server", "signaling", "signaling/wire", "sfu", "sfu/transport", "sfu/packet", "sfu/srtp", "sfu/rate", "sfu/description", "sfu/datagram", "sfu/checks", "sfu/guard", "sfu/engine", "sfu/viapion", "loadtest", "loadtest/crowd", "loadtest/subject", "client"}, // main
	"server":              {"signaling", "signaling/wire", "sfu", "sfu/transport", "sfu/packet", "sfu/srtp", "sfu/rate", "sfu/description", "sfu/datagram", "sfu/checks", "sfu/guard", "sfu/engine", "sfu/viapion"},
	"signaling":           {"signaling/wire"},
	"signaling/wire":      {},
	"signaling/wire/gen":  {"signaling/wire"},
	"sfu":                 {"sfu/transport", "sfu/packet", "sfu/rate", "sfu/guard"},
	"sfu/transport":       {},
	"sfu/packet":          {"sfu/transport"},
	"sfu/srtp":            {},
	"sfu/srtp/audit":      {"sfu/srtp"},
	"sfu/rate":            {},
	"sfu/description":     {"sfu/transport"},
	"sfu/datagram":        {},
	"sfu/checks":          {"sfu/rate"},
	"sfu/guard":           {},
	"sfu/engine":          {"sfu/transport", "sfu/packet", "sfu/srtp", "sfu/rate", "sfu/description", "sfu/datagram", "sfu/checks", "sfu/guard"},
	"sfu/viapion":         {"sfu/transport", "sfu/packet", "sfu/rate", "sfu/description", "sfu/checks", "sfu/guard"},
	"loadtest/crowd":      {"sfu/transport", "sfu/packet", "sfu/srtp"},
	"loadtest/subject":    {"sfu", "sfu/transport", "sfu/packet", "sfu/srtp", "sfu/rate", "sfu/description", "sfu/datagram", "sfu/checks", "sfu/guard", "sfu/engine", "sfu/viapion"},
	"loadtest":            {"loadtest/crowd", "loadtest/subject", "sfu", "sfu/transport", "sfu/packet", "sfu/srtp", "sfu/rate", "sfu/description", "sfu/datagram", "sfu/checks", "sfu/guard", "sfu/engine", "sfu/viapion"},
	"client":              {},
	"client/pack":         {},
	"bot":                 {"e2ee/data", "e2ee/group", "e2ee/link", "e2ee/mls", "e2ee/moderation", "e2ee/sframe", "signaling/wire"},
	"bot/examples/mirror": {"bot", "e2ee/data", "e2ee/group", "e2ee/link", "e2ee/mls", "e2ee/moderation", "e2ee/sframe", "signaling/wire"},
	"bot/examples/echo":   {"bot", "e2ee/data", "e2ee/group", "e2ee/link", "e2ee/mls", "e2ee/moderation", "e2ee/sframe", "signaling/wire"},
	"e2ee/data":           {"e2ee/sframe", "signaling/wire"},
	"e2ee/link":           {"signaling/wire"},
	"e2ee/group":          {"e2ee/link", "e2ee/mls", "e2ee/moderation", "signaling/wire"},
	"e2ee/mls":            {},
	"e2ee/sframe":         {},
	"e2ee/moderation":     {"e2ee/link", "signaling/wire"},
	"e2ee/vectors/gen":    {"e2ee/data", "e2ee/link", "e2ee/moderation", "e2ee/sframe", "signaling/wire"},
}

// outside says which modules only some packages may import themselves: one of
// the server, and the headless person, which is a client.
var outside = map[string][]string{
	"github.com/pion/":             {"sfu", "sfu/description", "sfu/engine", "sfu/viapion", "loadtest/crowd", "bot"},
	"github.com/gorilla/websocket": {"signaling", "bot"},
}

// blind is what the program that people run must never contain: anything that
// could open a frame, or take part in a meeting.
var blind = []string{module + "/e2ee", module + "/bot"}

type listed struct {
	path          string
	imports, deps []string
}

// list asks the go command; tests are not part of what it tells.
func list(t *testing.T, patterns ...string) []listed {
	t.Helper()
	const format = `{{.ImportPath}};{{join .Imports ","}};{{join .Deps ","}}`
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-f", format}, patterns...)...).Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	var all []listed
	for line := range strings.Lines(string(bytes.TrimSpace(out))) {
		fields := strings.Split(strings.TrimSpace(line), ";")
		all = append(all, listed{fields[0], strings.Split(fields[1], ","), strings.Split(fields[2], ",")})
	}
	return all
}

// floor returns a package's path below the module's.
func floor(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

func TestPackagesReachOnlyDownwards(t *testing.T) {
	for _, p := range list(t, module+"/...") {
		name := floor(p.path)
		if strings.HasPrefix(name, "tests/") {
			continue // tests may look at everything
		}
		may, planned := floors[name]
		if !planned {
			t.Errorf("%s has no floor: say in this test what it may reach", p.path)
			continue
		}
		for _, dep := range p.deps {
			if ours(dep) && !slices.Contains(may, floor(dep)) {
				t.Errorf("%s reaches %s", p.path, dep)
			}
		}
	}
}

func TestTheProgramHoldsNoKeys(t *testing.T) {
	for _, p := range list(t, module) {
		for _, dep := range p.deps {
			if slices.ContainsFunc(blind, func(one string) bool { return strings.HasPrefix(dep, one) }) {
				t.Errorf("%s reaches %s", p.path, dep)
			}
		}
	}
}

func TestForeignModulesHaveOneDoor(t *testing.T) {
	for _, p := range list(t, module+"/...") {
		name := floor(p.path)
		if strings.HasPrefix(name, "tests/") {
			continue
		}
		for _, dep := range p.imports {
			for prefix, doors := range outside {
				if strings.HasPrefix(dep, prefix) && !slices.Contains(doors, name) {
					t.Errorf("%s imports %s: only %v may", p.path, dep, doors)
				}
			}
		}
	}
}
