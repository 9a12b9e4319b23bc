// Package bot is a headless person: a program that takes part in a Paravent
// meeting as a browser does, end-to-end encrypted, without a browser. It joins
// by a link, knocks and waits to be admitted, chats, raises its hand, sends and
// receives encoded sound and pictures, and moderates if its link is a
// moderator's.
//
//	person, err := bot.Join(ctx, "https://meet.example.org/#1.…", bot.Options{Name: "Echo"})
//	if err != nil {
//		return err
//	}
//	defer person.Leave()
//	for event := range person.Events(ctx) {
//		if said, ok := event.(bot.Said); ok && said.Text == "!ping" {
//			_ = person.Say("pong", nil)
//		}
//	}
//
// It is written from signaling/PROTOCOL.md and e2ee/PROTOCOL.md, apart from the
// client in the browser, and never part of the server.
//
// # Trust
//
// A program that takes part holds the keys of the meeting: whoever runs it can
// hear and read everything that people there can, until it is removed. It is
// shown to them like anybody else. The server is not trusted: what it says of
// people, orders and rules counts only as far as a member or a moderator has
// signed it.
//
// # It fails closed
//
// Frames and lines are sealed for the members of the present epoch, or not
// sent. Received ones are authentic, of the person and source they are handed
// out for, and new, or not handed out. Nothing is ever sent in clear, and
// nothing is written to a file or to the standard streams. A moderator can turn
// a track of this person off; nothing can turn one on.
//
// # Concurrency and cost
//
// A [Person] is one stay. Its methods are safe for concurrent use; one
// goroutine owns its state and another reads its socket. It costs about as much
// memory as its TLS connection; the media connections are made when Publish or
// Watch is first called. A commit costs time in proportion to the size of the
// group. If the connection breaks it comes back by itself, for 30 s.
//
// Events that nobody reads wait, the last thousand of them. Text of others has
// been cleaned of what must not be shown (e2ee/PROTOCOL.md, "Text"); it is not
// safe to be put into HTML or a shell.
package bot
