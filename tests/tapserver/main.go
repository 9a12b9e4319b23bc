//go:build tap

// Tapserver is the real server with an ear on every packet that a publisher
// sends. Tests ask it what it could learn: it prints one line of JSON on
// standard output for every line that it reads from standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"paravent/client"
	"paravent/server"
	"paravent/sfu"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:0", "TCP and UDP address")
	public := flag.String("public", "", "address that browsers reach")
	keep := flag.Bool("keep-removed", false, "forward media to people who left or were removed, as a lying server would")
	speak := flag.Bool("let-speak", false, "forward the sound of people whom the moderators silenced, as a lying server would")
	carried := flag.String("transport", server.DefaultTransport, "how media travels")
	flag.Parse()
	files, err := client.Files()
	if err != nil {
		return err
	}
	heard := newListener()
	sfu.Tap = heard.hear
	sfu.KeepPeers = *keep
	sfu.LetSpeak = *speak
	conf := server.Config{Listen: *listen, Data: "paravent-data", Rooms: server.DefaultRooms, People: server.DefaultPeople, Transport: *carried}
	if *public != "" {
		conf.Public = []string{*public}
	}
	s, err := server.Open(conf, files)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server.Report{Out: os.Stdout, Err: os.Stderr}.Started(s)
	go func() {
		out := json.NewEncoder(os.Stdout)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			_ = out.Encode(heard.report())
		}
	}()
	return s.Serve(ctx)
}
