package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paravent/server"
)

func none(string) (string, bool) { return "", false }

func from(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

func TestDefaults(t *testing.T) {
	conf, errs := parse(nil, none)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := server.Config{Listen: ":8443", Data: "paravent-data", Rooms: server.DefaultRooms, People: server.DefaultPeople}
	if conf.Listen != want.Listen || conf.Data != want.Data || conf.Rooms != want.Rooms || conf.People != want.People || conf.UDP != "" || conf.Public != nil || conf.Tokens {
		t.Errorf("%+v", conf)
	}
}

func TestFlagsGoBeforeVariables(t *testing.T) {
	conf, errs := parse([]string{"-max-rooms", "7", "-public", "Meet.example.org, 203.0.113.7"},
		from(map[string]string{"PARAVENT_MAX_ROOMS": "8", "PARAVENT_MAX_PEOPLE": "9", "PARAVENT_UDP": ":9000"}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if conf.Rooms != 7 || conf.People != 9 || conf.UDP != ":9000" {
		t.Errorf("%+v", conf)
	}
	if !slices.Equal(conf.Public, []string{"meet.example.org", "203.0.113.7"}) {
		t.Error(conf.Public)
	}
}

func TestEachFaultIsOneSentenceThatNamesTheSetting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says []string // the start of each sentence
	}{
		{[]string{"-listen", "8443"}, []string{`-listen "8443": want HOST:PORT`}},
		{[]string{"-listen", ":0x1"}, []string{`-listen ":0x1": want a port`}},
		{[]string{"-listen", ":65536"}, []string{`-listen ":65536": want a port`}},
		{[]string{"-listen", "example.org:1"}, []string{`-listen "example.org:1": want an IP address`}},
		{[]string{"-udp", ":-1"}, []string{`-udp ":-1": want a port`}},
		{[]string{"-public", "https://example.org"}, []string{"-public"}},
		{[]string{"-public", "example.org:8443"}, []string{"-public"}},
		{[]string{"-public", "0.0.0.0"}, []string{"-public"}},
		{[]string{"-public", "a,,b"}, []string{"-public"}},
		{[]string{"-public", "-bad-"}, []string{"-public"}},
		{[]string{"-data", ""}, []string{"-data"}},
		{[]string{"-cert", file}, []string{"-cert and -key: want both"}},
		{[]string{"-cert", file, "-key", file + "x"}, []string{"-key"}},
		{[]string{"-hosts", "closed"}, []string{`-hosts "closed": want open or token`}},
		{[]string{"-max-rooms", "0"}, []string{`-max-rooms "0": want a number from 1 to`}},
		{[]string{"-max-people", "many"}, []string{`-max-people "many": want a number from 1 to`}},
		{[]string{"-max-people", "501"}, []string{`-max-people "501"`}},
		{[]string{"-colour", "red"}, []string{"flag provided but not defined: -colour"}},
		{[]string{"-listen"}, []string{"flag needs an argument: -listen"}},
		{[]string{"-max-rooms", "5", "extra"}, []string{`"extra" is not a flag`}},
		{[]string{"-listen", "x", "-max-rooms", "0", "-public", "?"}, []string{"-listen", "-public", "-max-rooms"}},
	} {
		_, errs := parse(c.args, none)
		if len(errs) != len(c.says) {
			t.Errorf("%q: %v", c.args, errs)
			continue
		}
		for i, err := range errs {
			if !strings.HasPrefix(err.Error(), c.says[i]) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v, want %s", c.args, err, c.says[i])
			}
		}
	}
}

func TestAFaultInAVariableNamesTheVariable(t *testing.T) {
	_, errs := parse(nil, from(map[string]string{"PARAVENT_MAX_ROOMS": "-1"}))
	if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), `PARAVENT_MAX_ROOMS "-1":`) {
		t.Error(errs)
	}
}

func TestHelpIsNotAFault(t *testing.T) {
	if _, errs := parse([]string{"-help"}, none); len(errs) != 1 || !errors.Is(errs[0], flag.ErrHelp) {
		t.Error(errs)
	}
	var out bytes.Buffer
	usage(&out)
	for _, s := range settings {
		if !strings.Contains(out.String(), "-"+s.flag+" ") {
			t.Errorf("-%s is not explained", s.flag)
		}
	}
	for _, s := range tokenSettings {
		if !strings.Contains(out.String(), "-"+s.flag+" ") {
			t.Errorf("-%s is not explained", s.flag)
		}
	}
}

func TestTokensAreForWhoeverHasTheFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args []string
		vars map[string]string
		told string // on stderr
	}{
		{[]string{"token", "-data", folder}, nil, "new key: this token holds for a server that is started with -data " + folder + "\n"},
		{[]string{"token", "-data", folder, "-days", "3650"}, nil, ""},
		{[]string{"token", "-days", "1"}, map[string]string{"PARAVENT_DATA": folder}, ""},
	} {
		var out, errs bytes.Buffer
		code := run(c.args, from(c.vars), &out, &errs)
		if text := out.String(); code != 0 || errs.String() != c.told || !strings.HasPrefix(text, "h1.") || strings.Count(text, "\n") != 1 || len(text) != 3+107+1 {
			t.Errorf("%q: %d, %q, %q", c.args, code, text, errs.String())
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "host.key")); err != nil {
		t.Error(err)
	}
	for says, args := range map[string][]string{
		`cannot start: -days "0": want a number from 1 to 3650`:    {"token", "-days", "0"},
		`cannot start: -days "3651": want a number from 1 to 3650`: {"token", "-days", "3651"},
		`cannot start: -data: cannot make the folder: `:            {"token", "-data", "/proc/nowhere"},
		`cannot start: flag provided but not defined: -hosts`:      {"token", "-hosts", "token"},
		`cannot start: "now" is not a flag`:                        {"token", "now"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, none, &out, &errs); code != 2 || out.Len() > 0 || !strings.HasPrefix(errs.String(), says) {
			t.Errorf("%q: %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
}

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		args        []string
		code        int
		out, reason string // what each stream begins with
	}{
		{[]string{"version"}, 0, "paravent development\n", ""},
		{[]string{"-help"}, 0, "paravent [serve]", ""},
		{[]string{"token", "-help"}, 0, "paravent [serve]", ""},
		{[]string{"version", "x"}, 2, "", "cannot start: paravent version takes no arguments"},
		{[]string{"client-manifest", "-v"}, 2, "", "cannot start: paravent client-manifest takes no arguments"},
		{[]string{"dance"}, 2, "", `cannot start: "dance" is not a command`},
		{[]string{""}, 2, "", `cannot start: "" is not a command`},
		{[]string{"serve", "-colour"}, 2, "", "cannot start: flag provided but not defined"},
	} {
		var out, errs bytes.Buffer
		if code := run(c.args, none, &out, &errs); code != c.code {
			t.Errorf("%q: exit code %d, want %d", c.args, code, c.code)
		}
		if !strings.HasPrefix(out.String(), c.out) || !strings.HasPrefix(errs.String(), c.reason) || (c.out == "") != (out.Len() == 0) || (c.reason == "") != (errs.Len() == 0) {
			t.Errorf("%q: printed %q and %q", c.args, out.String(), errs.String())
		}
	}
}
