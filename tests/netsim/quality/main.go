// Quality lets headless people meet in networks that are bad in many ways, and
// prints what they saw and heard, with each of the server's transports in the
// same minute: one line for each figure, "figure NAME VALUE".
//
//	go run ./tests/netsim/quality
//	go run ./tests/netsim/quality -only step,cut -trace
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

const limit = 20 * time.Minute

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	only := flag.String("only", "", "scenarios, by name; empty: all")
	kinds := flag.String("transports", "engine,pion", "what they are played with; figures of all but the first have its name")
	seed := flag.Uint64("seed", 1, "of the networks")
	deaf := flag.Bool("deaf", false, "viewers ask for no sound that is lost")
	trace := flag.Bool("trace", false, "print what is seen in each second")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for _, s := range scenarios() {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), s.name) {
			continue
		}
		s.deaf = s.deaf || *deaf
		if err := compare(ctx, out, &s, strings.Split(*kinds, ","), *seed, *trace); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// compare plays a scenario with several transports at a time.
func compare(ctx context.Context, out io.Writer, s *scenario, kinds []string, seed uint64, trace bool) error {
	all, errs := make([]*seen, len(kinds)), make([]error, len(kinds))
	var playing sync.WaitGroup
	for i, kind := range kinds {
		playing.Go(func() { all[i], errs[i] = s.play(ctx, kind, seed) })
	}
	playing.Wait()
	for i, kind := range kinds {
		if errs[i] != nil {
			return fmt.Errorf("%s: %w", kind, errs[i])
		}
		if trace {
			all[i].trace(out, s.name+" "+kind, s.length)
		}
		suffix := ""
		if i > 0 {
			suffix = "_" + kind
		}
		for _, f := range s.figures(all[i]) {
			fmt.Fprintf(out, "figure %s%s %.2f\n", f.name, suffix, f.value)
		}
	}
	return nil
}

// trace prints what was seen in each second.
func (s *seen) trace(out io.Writer, title string, length time.Duration) {
	fmt.Fprintf(out, "%s: %d packets asked for, key frames asked for %d and of the publisher %d, %d packets with the time of another frame\n",
		title, s.nacks, s.keys, s.sent, s.clash)
	for from := time.Duration(0); from < length; from += time.Second {
		in := window{from, from + time.Second}
		fmt.Fprintf(out, "%4.0f s %5.0f of %5d kbit/s %4.0f frames, layers %.2f %.2f %.2f, longest gap %4.0f ms, late %4.0f ms\n",
			from.Seconds(), s.bits(in)/1e3, s.thought(in)/1e3, s.rate(in), s.share(in, 0), s.share(in, 1), s.share(in, 2), ms(s.freeze(in)), ms(s.late(in, 95)))
	}
}
