// Bench measures what forwarding costs a server, in ratios of one run: against
// a bare loop that does what nobody can do without (tests/floor), and against
// the transport of pion. The server is a process of its own; what is measured
// takes turns, and the median is printed: one line for each figure,
// "figure NAME VALUE".
//
//	go run ./tests/bench [-only forward,inbound,people,history,subscribers,rooms]
//
// Ratios are of CPU time. On a machine with other work they hold; delays and
// context switches then tell of that machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"paravent/loadtest/subject"
)

func main() {
	var err error
	if options, ok := os.LookupEnv(subject.Variable); ok {
		err = subject.Run(options, os.Stdin, os.Stdout)
	} else {
		err = run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	out     io.Writer
	begun   time.Time
	rounds  int
	profile string // what the files of CPU profiles begin with; empty: none
	figures []string
}

// part is something that is measured.
type part struct {
	name    string
	measure func(b *bench) error
}

func run(out io.Writer) error {
	parts := []part{
		{"forward", (*bench).forward},
		{"inbound", (*bench).inbound},
		{"people", (*bench).people},
		{"history", (*bench).history},
		{"subscribers", (*bench).subscribers},
		{"rooms", (*bench).rooms},
	}
	only := flag.String("only", "", "parts to measure, separated by commas; default all")
	rounds := flag.Int("rounds", 5, "rounds of each comparison")
	profile := flag.String("profile", "", "what the files of CPU profiles of the engine begin with; default none")
	flag.Parse()
	b := &bench{out: out, begun: time.Now(), rounds: *rounds, profile: *profile}
	var faults []error
	for _, p := range parts {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
			continue
		}
		if err := p.measure(b); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	b.printf("took %.0f s\n", time.Since(b.begun).Seconds())
	for _, f := range b.figures {
		b.printf("%s\n", f)
	}
	return errors.Join(faults...)
}

func (b *bench) printf(format string, values ...any) { fmt.Fprintf(b.out, format, values...) }

// figure notes one, to be printed at the end.
func (b *bench) figure(name, format string, value float64) {
	b.figures = append(b.figures, fmt.Sprintf("figure %s "+format, name, value))
}
