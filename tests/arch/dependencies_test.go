package arch

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../"

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(root + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented returns name and version of every row in docs/dependencies.md.
func documented(t *testing.T) map[string]string {
	t.Helper()
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^ |]+) \\| ([^|]*[^ |]) +\\| ([^|]*[^ |]) +\\|$")
	all := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		if _, twice := all[m[1]]; twice {
			t.Errorf("docs/dependencies.md names %s twice", m[1])
		}
		all[m[1]] = m[2]
	}
	return all
}

// required adds every requirement of a go.mod file.
func required(t *testing.T, file string, all map[string]string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", root+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		all[r.Path] = r.Version
	}
}

// installed adds the npm packages that are asked for by name and those that
// they bring into the client.
func installed(t *testing.T, all map[string]string) {
	t.Helper()
	var asked struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read(t, "package.json")), &asked); err != nil {
		t.Fatal(err)
	}
	maps.Copy(all, asked.Dependencies)
	maps.Copy(all, asked.DevDependencies)
	var locked struct {
		Packages map[string]struct {
			Version          string
			Dev, DevOptional bool
		}
	}
	if err := json.Unmarshal([]byte(read(t, "package-lock.json")), &locked); err != nil {
		t.Fatal(err)
	}
	for path, p := range locked.Packages {
		if name := strings.TrimPrefix(path, "node_modules/"); path != "" && !p.Dev && !p.DevOptional {
			all[name] = p.Version
		}
	}
}

func TestEveryDependencyIsExplained(t *testing.T) {
	want := map[string]string{}
	required(t, "tools.mod", want)
	required(t, "go.mod", want) // the program's version of what both require
	installed(t, want)
	pin := regexp.MustCompile(`(?m)^LINT_PIN +:= (\S+)$`).FindStringSubmatch(read(t, "Makefile"))
	if pin == nil {
		t.Fatal("no LINT_PIN in the Makefile")
	}
	want["github.com/golangci/golangci-lint/v2"] = pin[1]

	have := documented(t)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have[name] != want[name] {
			t.Errorf("docs/dependencies.md says %q of %s, want %s", have[name], name, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok {
			t.Errorf("docs/dependencies.md names %s, which nothing requires", name)
		}
	}
}

func TestVersionsAreExact(t *testing.T) {
	var asked struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read(t, "package.json")), &asked); err != nil {
		t.Fatal(err)
	}
	for _, versions := range []map[string]string{asked.Dependencies, asked.DevDependencies} {
		for name, version := range versions {
			if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
				t.Errorf("%s %s: want one exact version", name, version)
			}
		}
	}
}

// TestModulesInTheProgram makes a module that enters the program show up in
// review, as a line in modules.txt.
func TestModulesInTheProgram(t *testing.T) {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64") // as it is released
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	have := slices.Compact(slices.Sorted(slices.Values(strings.Fields(string(out)))))
	want := strings.Fields(read(t, "tests/arch/modules.txt"))
	if !slices.Equal(have, want) {
		t.Errorf("the program consists of\n%s\nand tests/arch/modules.txt lists\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}
