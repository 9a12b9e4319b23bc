// Crowd joins a meeting as many headless people who all send one picture, or
// whose microphones are open and silent. It says one line when all of them send,
// and leaves when its standard input ends. The browser tests use it where a room
// has to be full.
//
//	crowd -people 16 -sends camera -certificate certificate.pem 'https://localhost:8443/#1.…'
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed" // for the picture
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"paravent/bot"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	people := flag.Int("people", 16, "how many")
	sends := flag.String("sends", "microphone", "what: microphone or camera")
	certificate := flag.String("certificate", "", "PEM file with the server's certificate")
	flag.Parse()
	pem, err := os.ReadFile(*certificate)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return errors.New("crowd: want a certificate in PEM")
	}
	what, ok := things()[*sends]
	if !ok {
		return errors.New("crowd: want microphone or camera")
	}
	trust := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	ready, failed := make(chan struct{}), make(chan error)
	for n := range *people {
		options := bot.Options{Name: fmt.Sprintf("Headless %d", n+1), TLS: trust}
		go func() { failed <- attend(ctx, flag.Arg(0), options, what, ready) }()
	}
	for sending, left := 0, 0; left < *people; {
		select {
		case <-ready:
			if sending++; sending == *people {
				fmt.Println("all send")
			}
		case err := <-failed:
			if err != nil {
				return err
			}
			left++
		}
	}
	return nil
}

// picture is a key frame of VP8, 160 pixels wide: somebody before a wall.
//
//go:embed picture.vp8
var picture []byte

// thing is something to send, again and again.
type thing struct {
	source bot.Source
	codec  bot.Codec
	frame  bot.Frame
}

func things() map[string]thing {
	return map[string]thing{
		// 20 ms of silence (RFC 6716).
		"microphone": {bot.Microphone, bot.Opus, bot.Frame{Data: []byte{0xf8, 0xff, 0xfe}, Level: 127, Duration: 20 * time.Millisecond}},
		"camera":     {bot.Camera, bot.VP8, bot.Frame{Data: picture, Key: true, Duration: 200 * time.Millisecond}},
	}
}

// attend joins, and sends one thing until the context ends. It says once that it
// sends.
func attend(ctx context.Context, link string, options bot.Options, what thing, ready chan<- struct{}) error {
	person, err := bot.Join(ctx, link, options)
	if err != nil {
		return err
	}
	defer person.Leave()
	track, err := person.Publish(ctx, what.source, what.codec)
	if err != nil {
		return err
	}
	tick := time.NewTicker(what.frame.Duration)
	defer tick.Stop()
	for sends := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := track.Write(what.frame)
		if errors.Is(err, bot.ErrStopped) {
			return err
		}
		if err == nil && !sends {
			sends = true
			ready <- struct{}{}
		}
	}
}
