package privacy

import (
	"debug/elf"
	"testing"
)

// TestTheProgramIsOneStaticFile looks for an interpreter and for shared
// libraries: a static program has neither.
func TestTheProgramIsOneStaticFile(t *testing.T) {
	file, err := elf.Open(program(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("it names an interpreter")
		}
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("it needs %v", libraries)
	}
}
