// Mirror is a headless person that joins a meeting by its link and sends back
// what the first person sends whom it hears or sees: encoded frames, opened and
// sealed again, which it neither decodes nor keeps. See docs/bots.en.md.
//
//	go run ./bot/examples/mirror 'https://meet.example.org/#1.…'
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"paravent/bot"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("name", "Mirror", "what the others see")
	certificate := flag.String("certificate", "", "PEM file with the server's own certificate, if nobody vouches for it")
	flag.Parse()
	if flag.NArg() != 1 {
		return errors.New("mirror: want the link of a meeting")
	}
	options := bot.Options{Name: *name}
	if *certificate != "" {
		pem, err := os.ReadFile(*certificate)
		if err != nil {
			return err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return errors.New("mirror: want a certificate in PEM")
		}
		options.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	person, err := bot.Join(ctx, flag.Arg(0), options)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, person.Leave)
	shown := map[bot.Source]bool{}
	for event := range person.Events(context.Background()) {
		introduced, ok := event.(bot.Introduced)
		if !ok {
			continue
		}
		for _, source := range []bot.Source{bot.Microphone, bot.Camera} {
			if introduced.Member.Sends[source] && !shown[source] {
				shown[source] = true
				go reflect(ctx, person, introduced.Member.ID, source)
			}
		}
	}
	if err := person.Err(); !errors.Is(err, bot.ErrLeft) {
		return err
	}
	return nil
}

// reflect sends back what somebody sends, until one of the two ends.
func reflect(ctx context.Context, person *bot.Person, of bot.ID, source bot.Source) {
	codec := bot.VP8
	if source.Sound() {
		codec = bot.Opus
	}
	track, err := person.Publish(ctx, source, codec)
	if err != nil {
		return
	}
	defer track.Stop()
	view, err := person.Watch(ctx, of, source)
	if err != nil {
		return
	}
	defer view.Close()
	for {
		frame, err := view.Next(ctx)
		if err != nil {
			return
		}
		select {
		case <-track.KeyFrames():
			view.KeyFrame() // what others need is asked of whoever can make it
		default:
		}
		// A frame that may not be sent now is left out.
		if errors.Is(track.Write(frame.Frame), bot.ErrStopped) {
			return
		}
	}
}
