package main

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"paravent/loadtest"
	"paravent/loadtest/subject"
	"paravent/server"
)

// The bounds of what paravent loadtest may take.
const (
	loadtestSeconds = 60
	leastSeconds    = 15
	mostSeconds     = 3600
)

// loadtestSettings is every setting of paravent loadtest.
var loadtestSettings = []setting[loadtest.Options]{ //nolint:gochecknoglobals // immutable table
	{"seconds", strconv.Itoa(loadtestSeconds), "how long it may take, about; more finds the limits of a faster machine", setNumber(leastSeconds, mostSeconds, func(o *loadtest.Options) *int { return &o.Seconds })},
	{"transport", server.DefaultTransport, "how media travels: " + strings.Join(server.Transports(), " or "), func(o *loadtest.Options, v string) error {
		o.Transport = v
		if !slices.Contains(server.Transports(), v) {
			return errors.New("want " + strings.Join(server.Transports(), " or "))
		}
		return nil
	}},
}

// testLoad measures what this machine can hold.
func testLoad(args []string, lookup func(string) (string, bool), report server.Report) int {
	if options, ok := lookup(subject.Variable); ok { // the server that is measured, started by the lines below
		if err := subject.Run(options, os.Stdin, report.Out); err != nil {
			return refuse(report, err)
		}
		return exitDone
	}
	o, errs := read(loadtestSettings, args, lookup)
	if len(errs) > 0 {
		return refuse(report, errs...)
	}
	if err := loadtest.Run(o, report.Out, "loadtest"); err != nil {
		report.Stopped(err)
		return exitStopped
	}
	return exitDone
}
