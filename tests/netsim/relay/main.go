// Relay stands for a server's UDP port in a bad network, for programs that are
// not written in Go. It prints the port's address and does what it reads, line by
// line, until there is no more: a Play in JSON changes the network from then on,
// and is answered by what went through until then.
//
//	go run ./tests/netsim/relay -server 127.0.0.1:8443 -seed 1
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"paravent/tests/netsim"
)

// Play is a line that is read. Without steps a way carries everything.
type Play struct {
	Up   []Step `json:"up"`
	Down []Step `json:"down"`
}

// Step is a netsim.Step. Times are in milliseconds.
type Step struct {
	At     int     `json:"at"`
	Rate   int     `json:"rate"`
	Queue  int     `json:"queue"`
	Delay  int     `json:"delay"`
	Jitter int     `json:"jitter"`
	Loss   float64 `json:"loss"`
	Begin  float64 `json:"begin"` // of bursts of loss
	End    float64 `json:"end"`
	Cut    bool    `json:"cut"`
}

// Passed is a line that is written.
type Passed struct {
	Up   netsim.Passed `json:"up"`
	Down netsim.Passed `json:"down"`
}

func main() {
	server := flag.String("server", "", "address and UDP port")
	seed := flag.Uint64("seed", 1, "of the network")
	flag.Parse()
	if err := run(*server, *seed, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(server string, seed uint64, in io.Reader, out io.Writer) error {
	address, err := netip.ParseAddrPort(server)
	if err != nil {
		return fmt.Errorf("-server: %w", err)
	}
	r, err := netsim.Open(address, seed, nil, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	fmt.Fprintln(out, r.Addr())
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var p Play
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return err
		}
		var passed Passed
		passed.Up, passed.Down = r.Counts()
		r.Play(course(p.Up), course(p.Down))
		if err := json.NewEncoder(out).Encode(passed); err != nil {
			return err
		}
	}
	return nil
}

func course(steps []Step) (c netsim.Course) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, s := range steps {
		c = append(c, netsim.Step{At: ms(s.At), Link: netsim.Link{
			Rate: s.Rate, Queue: s.Queue, Delay: ms(s.Delay), Jitter: ms(s.Jitter), Loss: s.Loss,
			Burst: netsim.Burst{Begin: s.Begin, End: s.End}, Cut: s.Cut,
		}})
	}
	return c
}
