/**
 * One stay in a room, from the click on "Join" to the end: the socket and its
 * way back, the group's messages between server and worker, and who is there.
 */

import type { FromGroup, Link, Message, PersonId } from "../../../e2ee/worker/port.ts"
import { startWorkers, type Workers } from "../crypto/port.ts"
import { type ClientMessage, closeCode, type ServerMessage, type Person as WirePerson } from "../wire/messages.gen.ts"
import { CLOSED_MALFORMED, connect, type Socket } from "../wire/socket.ts"
import { Backoff } from "./flow.ts"
import { Greetings } from "./greetings.ts"
import { CallMedia } from "./media.ts"
import { personBytes, personId } from "./person.ts"
import { EMPTY, NO_MEDIA, type Room, wanted, withMembers, withoutPresence, withPresence, withSaid } from "./room.ts"
import type { End } from "./state.ts"
import type { Showing } from "./subscribe.ts"

/** Waits before each try to come back, in ms; the last one repeats until GIVE_UP_MS after the loss. */
const BACKOFF_MS = [0, 300, 700, 1500, 3000]
const GIVE_UP_MS = 120_000

/** Chat lines kept while nothing can be said: with the greetings they must fit into what the server takes at once. */
const UNSENT_MAX = 15

/**
 * How soon after one resync frames of unknown keys may lead to the next. What
 * they claim cannot be verified: one member could have everybody resync for ever.
 */
const STUCK_MS = 10_000
const STUCK_LONGEST_MS = 600_000

/** What may be said on a connection before the server has let this person in: anything else ends the stay. */
const ENTRY: readonly ClientMessage["t"][] = ["join", "resume", "leave"]

export interface SessionHeard {
  waiting(): void
  /** Let in, or put out of the group: the keys are on their way. */
  securing(): void
  /** The first epoch's keys are there: the call has begun, or begun anew. */
  live(): void
  reconnecting(): void
  reconnected(): void
  room(room: Room, showing: readonly Showing[]): void
  speaking(people: ReadonlySet<PersonId>): void
  chat(from: PersonId, text: string): void
  epoch(epoch: number): void
  code(code: { emoji: readonly string[]; digits: string }): void
  ended(why: End): void
}

export interface Wish {
  readonly link: Link
  readonly url: string // of the server's signaling, wss:
  readonly name: string
  readonly replaces: Uint8Array | null // resume token of the page before a reload
}

export class Session {
  readonly #wish: Wish
  readonly #heard: SessionHeard
  readonly #workers: Workers
  readonly media: CallMedia
  #socket: Socket | null = null
  #room: Room = EMPTY
  #showing: readonly Showing[] = []
  #epoch = 0
  #token: Uint8Array | null = null // of this stay, for Resume
  #replaces: Uint8Array | null
  #live = false
  /** What the group worker has been asked for and not answered yet, in order. */
  readonly #asked: { readonly for: "join" | "resume" | "resync"; readonly socket: Socket | null }[] = []
  #entered = false // the server has let this connection in
  readonly #greetings = new Greetings(
    (to) => this.#hello(to),
    () => performance.now(),
  )
  readonly #stuck = new Backoff(STUCK_MS, STUCK_LONGEST_MS)
  #lostAt: number | null = null
  #tries = 0
  readonly #unsent: string[] = []
  #retry: ReturnType<typeof setTimeout> | undefined
  #ended = false
  readonly #online = (): void => this.#connectNow()

  constructor(wish: Wish, heard: SessionHeard) {
    this.#wish = wish
    this.#heard = heard
    this.#replaces = wish.replaces
    this.#workers = startWorkers(wish.link, {
      group: (m) => this.#fromGroup(m),
      media: (m) => this.media.fromWorker(m),
    })
    this.media = new CallMedia(this.#workers, {
      send: (m) => this.#send(m),
      media: (media) => this.#say({ t: "media", media }),
      showing: (showing) => {
        this.#showing = showing
        this.#heard.room(this.#room, showing)
      },
      speaking: heard.speaking,
      unsealed: () => this.end("unencrypted"),
      stuck: () => {
        if (this.#entered && this.#stuck.due(performance.now())) this.#resync()
      },
    })
    addEventListener("online", this.#online)
    this.#connect()
  }

  /** The resume token, for a page that is about to be reloaded. */
  get token(): Uint8Array | null {
    return this.#token
  }

  /** Says a line to everybody. This person hears it as the others do. */
  say(text: string): void {
    if (this.#live && this.#lostAt === null) this.#say({ t: "chat", text })
    else if (this.#unsent.length < UNSENT_MAX) this.#unsent.push(text)
    else return
    const self = this.#room.members.find((m) => m.self)
    if (self !== undefined) this.#heard.chat(self.person, text)
  }

  askCode(): void {
    this.#workers.toGroup({ do: "code" })
  }

  leave(): void {
    this.end("left")
  }

  /** Ends the stay. The connections go first: nothing may be sent past a sealer that is gone. */
  end(why: End): void {
    if (this.#ended) return
    this.#send({ t: "leave" })
    this.#ended = true
    this.media.close()
    this.#workers.end()
    this.#socket?.close()
    clearTimeout(this.#retry)
    this.#greetings.stop()
    removeEventListener("online", this.#online)
    this.#heard.ended(why)
  }

  // ---- The socket and its way back ----

  #connect(): void {
    this.#entered = false
    this.#socket = connect(this.#wish.url, {
      message: (m) => this.#fromServer(m),
      closed: (code) => this.#closed(code),
    })
  }

  #connectNow(): void {
    if (this.#ended || this.#lostAt === null) return
    clearTimeout(this.#retry)
    this.#socket?.close()
    this.#connect()
  }

  #closed(code: number): void {
    this.#socket = null
    this.#entered = false
    if (this.#ended) return
    if (code === closeCode.replaced) return this.end("taken-over")
    // One side does not speak the protocol: trying again would not mend it.
    if (code === closeCode.malformed || code === CLOSED_MALFORMED) return this.end("lost")
    const now = performance.now()
    if (this.#lostAt === null) {
      this.#lostAt = now
      this.#tries = 0
      this.#heard.reconnecting()
    }
    if (now - this.#lostAt > GIVE_UP_MS) return this.end("lost")
    const wait = BACKOFF_MS[Math.min(this.#tries++, BACKOFF_MS.length - 1)] ?? 0
    this.#retry = setTimeout(() => this.#connect(), wait)
  }

  /** The connection is there, and if this person is live, so is everything. */
  #back(): void {
    const lost = this.#lostAt !== null
    this.#lostAt = null
    if (!this.#live) return
    if (lost) this.#heard.reconnected()
    // What was said meanwhile reached nobody.
    this.#greetings.greet(null)
    for (const text of this.#unsent.splice(0)) this.#say({ t: "chat", text })
  }

  #send(m: ClientMessage): void {
    if (!this.#ended && (this.#entered || ENTRY.includes(m.t))) this.#socket?.send(m)
  }

  // ---- From the server ----

  #fromServer(m: ServerMessage): void {
    if (this.#ended) return
    switch (m.t) {
      case "challenge":
        return this.#enter(m.nonce)
      case "refused":
        return this.#refused(m.code)
      case "waiting":
        this.#lostAt = null
        this.#disband()
        return this.#heard.waiting()
      case "joined":
        this.#entered = true
        this.#token = m.token
        this.#replaces = null
        this.#room = { ...EMPTY, presence: presences(m.people) }
        this.#disband()
        this.#heard.securing()
        this.media.start()
        if (m.found) this.#workers.toGroup({ do: "found" })
        return this.#changed()
      case "resumed":
        return this.#resumed(m)
      case "regroup":
        this.#disband()
        this.#heard.securing()
        return m.found ? this.#workers.toGroup({ do: "found" }) : this.#resync()
      case "nominate":
        return this.#workers.toGroup({ do: "nominate", epoch: m.epoch, adds: m.adds, removes: m.removes })
      case "committed":
        return this.#workers.toGroup({ do: "committed", epoch: m.epoch, commit: m.commit })
      case "rejected":
        return this.#workers.toGroup({ do: "rejected", epoch: m.epoch })
      case "welcome":
        return this.#workers.toGroup({ do: "welcome", epoch: m.epoch, welcome: m.welcome })
      case "relayed":
        return this.#workers.toGroup({ do: "hear", from: m.from, body: m.body })
      case "published":
      case "offered":
      case "shown":
      case "lost":
        return this.media.fromServer(m)
      case "pong":
        return
      default:
        return this.#presence(m)
    }
  }

  /** Answers the server's challenge: with the stay that there is, or with a new one. */
  #enter(nonce: Uint8Array): void {
    const why = this.#token === null ? "join" : "resume"
    this.#asked.push({ for: why, socket: this.#socket })
    this.#workers.toGroup(why === "join" ? { do: "prove", nonce } : { do: "key-package" })
  }

  #resumed(m: Extract<ServerMessage, { t: "resumed" }>): void {
    this.#entered = true
    this.#token = m.token
    this.#room = { ...this.#room, presence: presences(m.people) }
    if (!m.member) this.#live = false
    if (m.found) this.#workers.toGroup({ do: "found" })
    this.media.revive()
    if (m.member) {
      if (!this.#live)
        this.#resync() // what made this person a member, or its own resync, was lost on the way
      else this.#send({ t: "ready", epoch: this.#epoch }) // the first may have been lost
      this.#back()
    }
    this.#changed()
  }

  /** The group is none any more: nothing is sealed or said until there is another. */
  #disband(): void {
    this.#live = false
    this.#epoch = 0
    this.#workers.toGroup({ do: "disband" })
  }

  /** Asks to be taken into the group anew. */
  #resync(): void {
    this.#asked.push({ for: "resync", socket: this.#socket })
    this.#workers.toGroup({ do: "key-package" })
  }

  #presence(m: Extract<ServerMessage, { t: "arrived" | "away" | "back" | "left" | "tracks" }>): void {
    switch (m.t) {
      case "arrived":
        this.#room = withPresence(this.#room, personId(m.person.id), { away: m.person.away, tracks: m.person.tracks })
        break
      case "away":
        this.#room = withPresence(this.#room, personId(m.person), { away: true })
        break
      case "back":
        this.#room = withPresence(this.#room, personId(m.person), { away: false })
        this.#greetings.greet([personId(m.person)]) // it missed what was said meanwhile
        break
      case "left":
        this.#room = withoutPresence(this.#room, personId(m.person))
        break
      case "tracks":
        this.#room = withPresence(this.#room, personId(m.person), { tracks: m.tracks })
        break
    }
    this.#changed()
  }

  #refused(code: Extract<ServerMessage, { t: "refused" }>["code"]): void {
    switch (code) {
      case "expired": // the stay is over for the server: the link still opens the room
        this.#token = null
        return
      case "taken": // the server has not noticed yet that we were gone
        return
      default:
        return this.end(code)
    }
  }

  // ---- From the group worker ----

  #fromGroup(m: FromGroup): void {
    if (this.#ended) return
    switch (m.on) {
      case "proof": {
        if (this.#answers() !== "join") return
        const replaces = this.#replaces
        const device = matchMedia("(pointer: coarse)").matches ? "phone" : "desktop"
        return this.#send({ t: "join", ...m.proof, device, ...(replaces === null ? {} : { replaces }) })
      }
      case "key-package": {
        const why = this.#answers()
        if (why === "resync") return this.#send({ t: "resync", epoch: m.epoch, keyPackage: m.keyPackage })
        if (why === "resume" && this.#token !== null)
          this.#send({ t: "resume", token: this.#token, epoch: this.#epoch, keyPackage: m.keyPackage })
        return
      }
      case "resync":
        this.#live = false
        this.#heard.securing()
        return this.#send({ t: "resync", epoch: m.epoch, keyPackage: m.keyPackage })
      case "commit":
        return this.#send({
          t: "commit",
          epoch: m.epoch,
          commit: m.commit,
          ...(m.welcome === undefined ? {} : { welcome: m.welcome }),
          adds: [...m.adds],
          removes: [...m.removes],
        })
      case "data":
        return this.#send({ t: "data", body: m.body, ...(m.to === undefined ? {} : { to: m.to }) })
      case "epoch":
        return this.#inEpoch(m)
      case "heard":
        return this.#hear(m)
      case "code":
        return this.#heard.code({ emoji: m.emoji, digits: m.digits })
      case "fault":
        return this.end("broken")
    }
  }

  /** What the worker's present answer is for; null when the connection it was for is no more. */
  #answers(): "join" | "resume" | "resync" | null {
    const asked = this.#asked.shift()
    return asked === undefined || asked.socket === null || asked.socket !== this.#socket ? null : asked.for
  }

  #inEpoch(m: Extract<FromGroup, { on: "epoch" }>): void {
    this.#epoch = m.epoch
    this.#send({ t: "ready", epoch: m.epoch })
    this.#room = withMembers(this.#room, m.members)
    this.#changed()
    const self = m.members.find((p) => p.self)?.person
    if (!this.#live || m.added.some((p) => p === self)) {
      this.#live = true
      this.#heard.live()
      this.#back()
    } else {
      this.#greetings.greet(m.added)
    }
    this.#heard.epoch(m.epoch)
  }

  #hear({ from, moderator, message }: Extract<FromGroup, { on: "heard" }>): void {
    const said = this.#room.said.get(from) ?? { name: "", moderator, media: NO_MEDIA }
    switch (message.t) {
      case "hello":
        this.#room = withSaid(this.#room, from, { name: message.name, moderator, media: message.media })
        return this.#changed()
      case "media":
        this.#room = withSaid(this.#room, from, { ...said, media: message.media })
        return this.#changed()
      case "chat":
        return this.#heard.chat(from, message.text)
    }
  }

  #hello(to: PersonId | null): void {
    this.#say({ t: "hello", name: this.#wish.name, media: this.media.media }, to ?? undefined)
  }

  /** Says something to the group, or to one; alone there is nobody to hear. */
  #say(message: Message, to?: PersonId): void {
    if (!this.#live || this.#ended) return
    if (this.#room.members.length > 1) this.#workers.toGroup({ do: "say", message, ...(to === undefined ? {} : { to: personBytes(to) }) })
  }

  #changed(): void {
    this.media.want(wanted(this.#room), this.#room.members.length)
    this.#heard.room(this.#room, this.#showing)
  }
}

const presences = (people: readonly WirePerson[]): Room["presence"] =>
  new Map(people.map((p) => [personId(p.id), { away: p.away, tracks: p.tracks }]))
