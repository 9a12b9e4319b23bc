// Echo is a headless person that joins a meeting by its link and answers in the
// chat: it greets who comes, repeats what it is told to, and tells the time and
// the safety code that it sees.
// See docs/bots.en.md.
//
//	go run ./bot/examples/echo 'https://meet.example.org/#1.…'
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
	"strings"
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
	name := flag.String("name", "Echo", "what the others see")
	passphrase := flag.String("passphrase", "", "of the meeting, if it has one")
	certificate := flag.String("certificate", "", "PEM file with the server's own certificate, if nobody vouches for it")
	flag.Parse()
	if flag.NArg() != 1 {
		return errors.New("echo: want the link of a meeting")
	}
	trust, err := trusting(*certificate)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	person, err := bot.Join(ctx, flag.Arg(0), bot.Options{Name: *name, Passphrase: *passphrase, TLS: trust})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, person.Leave)
	e := &echo{person, map[bot.ID]bool{}}
	for event := range person.Events(context.Background()) {
		if err := e.answer(event); err != nil {
			return err
		}
	}
	if err := person.Err(); !errors.Is(err, bot.ErrLeft) {
		return err
	}
	return nil
}

// echo answers. It answers only lines that begin with "!", and never begins one
// so itself: two of its kind in one meeting do not talk for ever.
type echo struct {
	person  *bot.Person
	greeted map[bot.ID]bool
}

// answer does what an event asks for. Events that a program does not know are
// ignored.
func (e *echo) answer(event bot.Event) error {
	switch event := event.(type) {
	case bot.Introduced:
		who := event.Member
		if e.greeted[who.ID] || who.Name == "" {
			return nil
		}
		e.greeted[who.ID] = true
		return ignore(e.person.Say("Hello, "+who.Name+". I answer !time, !code and !say.", &who.ID))
	case bot.Said:
		order, words, _ := strings.Cut(event.Text, " ")
		switch order {
		case "!time":
			return e.reply(event, "It is "+time.Now().Format("15:04")+".")
		case "!code":
			code, err := e.person.Code()
			if err != nil {
				return ignore(err)
			}
			return e.reply(event, "I see "+code.Digits)
		case "!say":
			return e.reply(event, event.Name+" says: "+words)
		}
	default:
	}
	return nil
}

// reply answers to whom a line was sent: to one, or to everybody.
func (e *echo) reply(to bot.Said, text string) error {
	if to.Alone {
		return ignore(e.person.Say(text, &to.From))
	}
	return ignore(e.person.Say(text, nil))
}

// ignore leaves out what may happen to any line: that its reader has gone, or
// that the rules do not allow it.
func ignore(err error) error {
	if errors.Is(err, bot.ErrNoKeys) || errors.Is(err, bot.ErrUnknown) || errors.Is(err, bot.ErrForbidden) || errors.Is(err, bot.ErrLong) {
		return nil
	}
	return err
}

// trusting returns how the server is trusted: as browsers do, or by one
// certificate alone.
func trusting(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nil is the system's trust
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("echo: want a certificate in PEM")
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
