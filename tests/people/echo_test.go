package people

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"paravent/bot"
)

// TestEcho runs the example of docs/bots.en.md as it stands there.
func TestEcho(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	program := filepath.Join(t.TempDir(), "echo")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "paravent/bot/examples/echo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	echo := exec.CommandContext(r.context(), program, "-name", "Robot", "-certificate", r.server.File, r.participantLink())
	echo.Stdout, echo.Stderr = os.Stderr, os.Stderr
	r.must(echo.Start())
	hello := await(r, alice, every[bot.Said])
	if hello.Name != "Robot" || hello.Text != "Hello, Alice. I answer !time, !code and !say." || !hello.Alone {
		t.Errorf("%+v", hello)
	}
	r.must(alice.Say("!say it again", nil))
	if said := await(r, alice, every[bot.Said]); said.Text != "Alice says: it again" || said.Alone {
		t.Errorf("%+v", said)
	}
	r.must(alice.Say("!say it to me", &hello.From))
	if said := await(r, alice, every[bot.Said]); said.Text != "Alice says: it to me" || !said.Alone {
		t.Errorf("%+v", said)
	}
	r.must(echo.Process.Signal(os.Interrupt))
	await(r, alice, func(e bot.Left) bool { return e.Name == "Robot" })
	if err := echo.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}
