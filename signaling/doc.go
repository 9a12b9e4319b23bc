// Package signaling decides who is in a room, keeps the order of the group's
// key changes, and passes messages between browsers that it cannot read.
//
// One goroutine owns a room (room.go): its people, their presence, its group
// (group.go). Everything reaches it through one inbox: what browsers say, what
// the media plane reports, connections that end. It never waits for anybody:
// what a browser is told goes into its mail (mail.go), a bounded queue, and a
// browser that does not empty it loses its connection; what the media plane is
// asked returns at once. Others may wait for a room, a room waits for nobody:
// so the package cannot lock up.
//
// A connection (conn.go, the only file that knows of sockets) is a reader and
// a writer. The hub finds rooms by id and by resume token; its mutex and the
// one inside a mail are the only ones, and neither is held across a call.
//
// The protocol is told in PROTOCOL.md, the messages stand in package wire.
// Nothing is logged, and nothing outlives the room it belongs to.
package signaling
