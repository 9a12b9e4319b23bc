// Paravent is a server for end-to-end encrypted video meetings: one program
// that serves its browser client, keeps rooms in memory and forwards media it
// cannot read.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"paravent/client"
	"paravent/server"
)

// version is set by `make release`.
var version = "development"

// The exit codes.
const (
	exitDone    = 0
	exitStopped = 1 // it served, and then could not go on
	exitRefused = 2 // it never listened: the settings or the machine do not allow it
)

func main() {
	// A crash must not print stack frames: their argument words can hold
	// addresses of people. The variable GOTRACEBACK still overrules this.
	debug.SetTraceback("none")
	os.Exit(run(os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run carries out one command line and returns the exit code.
func run(args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	report := server.Report{Out: stdout, Err: stderr}
	command := "serve"
	if len(args) > 0 && (args[0] == "" || args[0][0] != '-') {
		command, args = args[0], args[1:]
	}
	switch command {
	case "serve":
		return serve(args, lookup, report)
	case "token":
		return token(args, lookup, report)
	case "loadtest":
		return testLoad(args, lookup, report)
	case "version", "client-manifest":
		if len(args) > 0 {
			return refuse(report, fmt.Errorf("paravent %s takes no arguments", command))
		}
		if command == "version" {
			fmt.Fprintln(stdout, "paravent", version)
			return exitDone
		}
		return manifest(stdout, report)
	default:
		return refuse(report, fmt.Errorf("%q is not a command: want serve, token, loadtest, version or client-manifest", command))
	}
}

// refuse tells the operator why a command cannot be carried out, or what can be
// set where help was asked for, and returns the exit code.
func refuse(report server.Report, errs ...error) int {
	if errors.Is(errs[0], flag.ErrHelp) {
		usage(report.Out)
		return exitDone
	}
	report.CannotStart(errs...)
	return exitRefused
}

// serve runs the server until SIGINT or SIGTERM.
func serve(args []string, lookup func(string) (string, bool), report server.Report) int {
	conf, errs := parse(args, lookup)
	files, err := embedded()
	if err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return refuse(report, errs...)
	}
	s, err := server.Open(conf, files)
	if err != nil {
		return refuse(report, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	report.Started(s)
	if err := s.Serve(ctx); err != nil {
		report.Stopped(err)
		return exitStopped
	}
	return exitDone
}

// token prints one host token.
func token(args []string, lookup func(string) (string, bool), report server.Report) int {
	request, errs := read(tokenSettings, args, lookup)
	if len(errs) > 0 {
		return refuse(report, errs...)
	}
	known := server.HasHostKey(request.folder)
	text, err := server.HostToken(request.folder, request.days, time.Now())
	if err != nil {
		return refuse(report, err)
	}
	if !known { // perhaps it is not the server's folder
		report.NewHostKey(request.folder)
	}
	fmt.Fprintln(report.Out, text)
	return exitDone
}

// embedded returns the browser client; the error tells the operator what to do.
func embedded() (fs.FS, error) {
	files, err := client.Files()
	if errors.Is(err, client.ErrNotBuilt) {
		return nil, errors.New("this binary was built without the browser client: build it with `make build`")
	}
	return files, err
}

// manifest prints the SHA-256 of each file of the client as browsers get it, in
// the format that sha256sum -c reads.
func manifest(stdout io.Writer, report server.Report) int {
	files, err := embedded()
	if err == nil {
		err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path == "README" {
				return err
			}
			file, served, err := client.Open(files, path)
			if err != nil {
				return err
			}
			hash := sha256.New()
			_, err = io.Copy(hash, file)
			if err = errors.Join(err, file.Close()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(stdout, "%x  %s\n", hash.Sum(nil), served)
			return err
		})
	}
	if err != nil {
		return refuse(report, err)
	}
	return exitDone
}
