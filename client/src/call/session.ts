/**
 * One stay in a room, from the click on "Join" to the end: what the server
 * says goes to the group worker in the order in which it came, and what the
 * worker makes of it becomes the room.
 */

import type { Deed, FromGroup, Link, Message, Order, PersonId, Stay } from "../../../e2ee/worker/port.ts"
import { startWorkers, type Workers } from "../crypto/port.ts"
import type { ClientMessage, ServerMessage } from "../wire/messages.gen.ts"
import { Door } from "./door.ts"
import { Backoff, Flow } from "./flow.ts"
import { Greetings } from "./greetings.ts"
import { hears, type PresenceMessage, presences, withDeed, withDoubt, withHeard, withMessage, withRules } from "./hearing.ts"
import { Line } from "./line.ts"
import { Lobby } from "./lobby.ts"
import { Marks } from "./marks.ts"
import { CallMedia } from "./media.ts"
import { personBytes, personId } from "./person.ts"
import type { SessionReport } from "./report.ts"
import { covers, EMPTY, type Keys, keysOf, type Room, selfOf, sendable, wanted, withMembers, withOwn } from "./room.ts"
import type { End } from "./state.ts"
import type { Back } from "./stay.ts"
import type { Showing } from "./subscribe.ts"

/** Chat lines kept while nothing can be said: with the greetings they must fit into what the server takes at once. */
const UNSENT_MAX = 15

/** Reactions beyond this are let go: a held key must not have this person thrown out for flooding. */
const REACTIONS_PER_SECOND = 2
const REACTIONS_AT_ONCE = 4

/** How often somebody who goes on speaking says so, in s: whoever comes in then hears it soon. */
const SPEAKING_S = 2

/** Epochs whose members are remembered, for comparisons that arrive late. */
const EPOCHS_KEPT = 8

/**
 * How soon after one resync frames of unknown keys may lead to the next. What
 * they claim cannot be verified: one member could have everybody resync for ever.
 */
const STUCK_MS = 10_000
const STUCK_LONGEST_MS = 600_000

export interface Wish {
  readonly link: Link
  readonly url: string // of the server's signaling, wss:
  readonly name: string
  readonly viewer: boolean // by the link's ticket: sends nothing
  readonly passphrase: string // "": none
  readonly device: CryptoKeyPair | null // for the link's ticket
  readonly back: Back | null // the stay of the page before a reload
}

export class Session {
  readonly #name: string
  readonly #report: (report: SessionReport) => void
  readonly #workers: Workers
  readonly #line: Line
  readonly media: CallMedia
  #room: Room
  #showing: readonly Showing[] = []
  #epoch = 0
  readonly #epochs = new Map<number, Keys>() // the members' keys of the last epochs
  #token: Uint8Array | null // of this stay, for Resume
  #stay: Stay | null = null
  #live = false
  readonly #door: Door
  readonly #lobby = new Lobby()
  readonly #marks = new Marks()
  readonly #greetings = new Greetings(
    (to) => this.#hello(to),
    () => performance.now(),
  )
  readonly #stuck = new Backoff(STUCK_MS, STUCK_LONGEST_MS)
  readonly #reactions = new Flow(REACTIONS_PER_SECOND, REACTIONS_AT_ONCE)
  readonly #voice = new Flow(1 / SPEAKING_S, 1)
  readonly #unsent: { readonly to: PersonId | null; readonly text: string }[] = []
  #ended = false

  constructor(wish: Wish, report: (report: SessionReport) => void) {
    this.#name = wish.name
    this.#report = report
    this.#token = wish.back?.token ?? null
    const holder = wish.link.moderator !== undefined
    this.#room = withOwn(EMPTY, { holder, role: holder ? "moderator" : wish.viewer ? "viewer" : "participant" })
    this.#workers = startWorkers(
      {
        link: wish.link,
        ...(wish.back === null ? {} : { stay: wish.back.stay }),
        ...(wish.device === null ? {} : { device: wish.device }),
      },
      { group: (m) => this.#fromGroup(m), media: (m) => this.media.fromWorker(m) },
    )
    this.#door = new Door(this.#workers.toGroup, () => this.#line.socket)
    if (wish.passphrase !== "") this.#workers.toGroup({ do: "passphrase", words: wish.passphrase })
    this.media = new CallMedia(this.#workers, !wish.viewer, {
      send: (m) => this.#send(m),
      media: (media) => this.#say({ t: "media", media }),
      showing: (showing) => {
        this.#showing = showing
        this.#changed()
      },
      speaking: (people) => report({ on: "speaking", people }),
      unheard: () => {
        if (this.#voice.wait(performance.now()) === 0) this.#say({ t: "speaking" })
      },
      unsealed: () => this.end("unencrypted"),
      stuck: () => {
        if (this.#line.entered && this.#stuck.due(performance.now())) this.#door.resync()
      },
    })
    this.#line = new Line(wish.url, {
      message: (m) => this.#fromServer(m),
      lost: () => report({ on: "reconnecting" }),
      gone: (why) => this.end(why),
    })
  }

  /** What a page that is about to be reloaded leaves to the next; null before this person was let in. */
  get back(): Back | null {
    return this.#token === null || this.#stay === null ? null : { token: this.#token, stay: this.#stay }
  }

  /** Says a line to everybody, or to one. This person hears it as the others do. */
  say(text: string, to: PersonId | null): void {
    if (to !== null && !this.#room.members.some((m) => m.person === to)) return
    if (this.#live && !this.#line.lost) this.#say({ t: "chat", text }, to)
    else if (this.#unsent.length < UNSENT_MAX) this.#unsent.push({ to, text })
    else return
    const self = selfOf(this.#room)
    if (self !== null) this.#report({ on: "chat", from: self, with: to, text, at: Date.now() })
  }

  /** Raises or lowers this person's hand. */
  hand(up: boolean): void {
    if (up === this.#room.own.hand > 0) return
    const since = up ? Date.now() : 0
    this.#room = withOwn(this.#room, { hand: since })
    this.#say({ t: "hand", since })
    this.#changed()
  }

  react(emoji: string): void {
    const self = selfOf(this.#room)
    if (!this.#live || self === null || this.#reactions.wait(performance.now()) > 0) return
    this.#say({ t: "reaction", emoji })
    this.#report({ on: "reaction", from: self, emoji })
  }

  /** This person has compared the safety code that is shown, and found it right. */
  compared(): void {
    if (!this.#live) return
    this.#room = withOwn(this.#room, { compared: keysOf(this.#room.members) })
    this.#say({ t: "compared" })
    this.#changed()
  }

  /** Gives an order. What comes of it is heard as everybody hears it. */
  order(order: Order): void {
    this.#workers.toGroup({ do: "order", order })
  }

  askCode(): void {
    this.#workers.toGroup({ do: "code" })
  }

  leave(): void {
    this.end("left")
  }

  end(why: End): void {
    this.#finish({ on: "ended", why })
  }

  /** Ends the stay. The connections go first: nothing may be sent past a sealer that is gone. */
  #finish(last: SessionReport): void {
    if (this.#ended) return
    this.#send({ t: "leave" })
    this.#ended = true
    this.media.close()
    this.#workers.end()
    this.#line.close()
    this.#greetings.stop()
    this.#report(last)
  }

  #send(m: ClientMessage): void {
    if (!this.#ended) this.#line.send(m)
  }

  // ---- From the server ----

  #fromServer(m: ServerMessage): void {
    if (this.#ended) return
    switch (m.t) {
      case "challenge":
        return this.#door.challenge(m.nonce, this.#token === null ? "join" : "resume")
      case "refused":
        return this.#refused(m)
      case "waiting":
        return this.#waits(m)
      case "joined":
        return this.#joined(m)
      case "resumed":
        return this.#resumed(m)
      case "regroup":
        this.#disband()
        this.#report({ on: "securing" })
        return m.found ? this.#workers.toGroup({ do: "found" }) : this.#door.resync()
      case "nominate":
        return this.#workers.toGroup({ do: "nominate", nominate: m })
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
      case "wanted":
      case "lost":
        return this.media.fromServer(m)
      case "acted":
      case "knocked":
      case "unknocked":
      case "moderated":
      case "over":
      case "warned":
        return this.#moderation(m)
      case "pong":
        return
      default:
        return this.#presence(m)
    }
  }

  #refused({ code, waitMs }: Extract<ServerMessage, { t: "refused" }>): void {
    if (code === "taken") return // the server has not noticed yet that we were gone
    if (code === "expired") return this.#finish({ on: "renew", why: "expired" }) // the link still opens the room
    this.#finish({ on: "refused", code, until: waitMs > 0 ? Date.now() + waitMs : 0 })
  }

  /** The server says that this person waits outside. Whoever is not let in has no group. */
  #waits(m: Extract<ServerMessage, { t: "waiting" }>): void {
    this.#line.found()
    this.#line.enter(false)
    this.#token = null
    this.#disband()
    this.#door.waits(m, this.#name)
    this.#report({ on: "waiting", for: m.for })
  }

  #joined(m: Extract<ServerMessage, { t: "joined" }>): void {
    this.#line.enter(true)
    this.#token = m.token
    this.#door.entered()
    const { rules, own } = this.#room
    this.#room = { ...EMPTY, rules, own: { ...own, compared: null, doubted: new Set() }, presence: presences(m.people) }
    this.#disband()
    this.#tellsAnew(m.policy ?? null)
    this.#report({ on: "securing" })
    this.media.start()
    if (m.found) this.#workers.toGroup({ do: "found" })
    this.#changed()
  }

  #resumed(m: Extract<ServerMessage, { t: "resumed" }>): void {
    this.#line.enter(true)
    this.#token = m.token
    this.#room = { ...this.#room, presence: presences(m.people) }
    this.#tellsAnew(m.policy ?? null)
    if (!m.member) this.#live = false
    if (m.found) this.#workers.toGroup({ do: "found" })
    this.media.revive()
    if (m.member) {
      if (!this.#live)
        this.#door.resync() // a page that was reloaded has no group; or what made this person a member, or its own resync, was lost on the way
      else this.#send({ t: "ready", epoch: this.#epoch }) // the first may have been lost
      this.#back()
    }
    this.#changed()
  }

  /** What follows on every new connection: the rules, and who waits. */
  #tellsAnew(signed: Extract<ServerMessage, { t: "joined" }>["policy"] | null): void {
    this.#workers.toGroup({ do: "policy", signed: signed ?? null })
    this.#lobby.clear()
    this.#report({ on: "lobby", waiting: [] })
  }

  /** The connection is there, and if this person is live, so is everything. */
  #back(): void {
    const lost = this.#line.found()
    if (!this.#live) return
    if (lost) this.#report({ on: "reconnected" })
    // What was said meanwhile reached nobody.
    this.#greetings.greet(null)
    for (const { to, text } of this.#unsent.splice(0)) this.#say({ t: "chat", text }, to)
  }

  /** The group is none any more: nothing is sealed or said until there is another. */
  #disband(): void {
    this.#live = false
    this.#epoch = 0
    this.#epochs.clear()
    this.#workers.toGroup({ do: "disband" })
  }

  #presence(m: PresenceMessage): void {
    this.#room = withMessage(this.#room, m)
    if (m.t === "back") this.#greetings.greet([personId(m.person)]) // it missed what was said meanwhile
    this.#changed()
  }

  #moderation(m: Extract<ServerMessage, { t: "acted" | "knocked" | "unknocked" | "moderated" | "over" | "warned" }>): void {
    switch (m.t) {
      case "acted":
        return this.#workers.toGroup({ do: "acted", signed: m.signed })
      case "knocked":
        this.#lobby.waits(personId(m.person))
        return this.#workers.toGroup({ do: "knocked", knocked: m })
      case "unknocked":
        this.#workers.toGroup({ do: "unknocked", person: m.person })
        this.#lobby.gone(personId(m.person))
        return this.#report({ on: "lobby", waiting: this.#lobby.shown })
      case "moderated":
        return this.#report({ on: "moderated", present: m.present, endsAt: m.endsMs > 0 ? Date.now() + m.endsMs : null })
      case "warned":
        if (m.of === "lobby") return this.#report({ on: "lobby-full" })
        return this.#report({ on: "replay", person: m.person === undefined ? null : personId(m.person), at: Date.now() })
      case "over":
        return m.why === "lobby" ? this.#finish({ on: "renew", why: "lobby" }) : this.end(m.why === "ended" ? "over" : m.why)
    }
  }

  // ---- From the group worker ----

  #fromGroup(m: FromGroup): void {
    if (this.#ended) return
    switch (m.on) {
      case "opened":
        this.#stay = m.stay
        return
      case "proof":
      case "key-package":
      case "knock":
        return this.#answer(m)
      case "resync":
        this.#live = false
        this.#report({ on: "securing" })
        return this.#send({ t: "resync", epoch: m.epoch, keyPackage: m.keyPackage })
      case "commit": {
        const welcome = m.welcome === undefined ? {} : { welcome: m.welcome }
        return this.#send({ t: "commit", epoch: m.epoch, commit: m.commit, ...welcome, adds: m.adds, removes: m.removes })
      }
      case "data":
        return this.#send({ t: "data", body: m.body, ...(m.to === undefined ? {} : { to: m.to }) })
      case "epoch":
        return this.#inEpoch(m)
      case "heard":
        return this.#hear(m)
      case "code":
        // One of an epoch that is past would be compared in vain.
        return m.epoch === this.#epoch ? this.#report({ on: "code", code: { emoji: m.emoji, digits: m.digits } }) : undefined
      case "fault":
        return this.end("broken")
      case "policy":
        this.#stay = m.stay
        this.#room = withRules(this.#room, m, this.#marks.people)
        return this.#changed()
      case "act":
        return this.#send({ t: "act", signed: m.signed })
      case "acted":
        return this.#acted(m.by, m.deed)
      case "knocked":
        if (this.#lobby.knocked(m.knocker)) this.#report({ on: "knocked" })
        return this.#report({ on: "lobby", waiting: this.#lobby.shown })
      case "unconfirmed":
        this.#room = withDoubt(this.#room, m.order)
        this.#changed()
        return this.#report({ on: "unconfirmed", order: m.order })
      case "generation":
        return this.#report({ on: "generation", number: m.number, secret: m.secret })
    }
  }

  /** Sends what the worker made for the connection that asked for it; for an older one it is let go. */
  #answer(m: Extract<FromGroup, { on: "proof" | "key-package" | "knock" }>): void {
    if (m.on === "knock") return this.#door.knocks ? this.#send({ t: "knock", boxes: m.boxes }) : undefined
    const why = this.#door.answers()
    if (m.on === "proof") {
      const device = matchMedia("(pointer: coarse)").matches ? "phone" : "desktop"
      if (why === "join") this.#send({ t: "join", ...m.proof, device })
      return
    }
    const { epoch, keyPackage } = m
    if (why === "resync") this.#send({ t: "resync", epoch, keyPackage })
    if (why === "resume" && this.#token !== null) this.#send({ t: "resume", token: this.#token, epoch: this.#epoch, keyPackage })
  }

  #inEpoch(m: Extract<FromGroup, { on: "epoch" }>): void {
    this.#epoch = m.epoch
    this.#epochs.set(m.epoch, keysOf(m.members))
    this.#epochs.delete(m.epoch - EPOCHS_KEPT)
    void this.#marks.learn(m.members)
    this.#send({ t: "ready", epoch: m.epoch })
    this.#room = withMembers(this.#room, m.members)
    this.#changed()
    const self = selfOf(this.#room)
    if (!this.#live || m.added.some((p) => p === self)) {
      this.#live = true
      this.#report({ on: "live", at: Date.now() })
      this.#back()
    } else {
      this.#greetings.greet(m.added)
    }
    this.#report({ on: "epoch" })
  }

  #hear(m: Extract<FromGroup, { on: "heard" }>): void {
    const { from, message } = m
    if (message.t === "speaking") return this.media.spoke(from)
    if (message.t === "reaction") return this.#report({ on: "reaction", from, emoji: message.emoji })
    if (message.t === "chat") {
      if (hears(this.#room, m)) this.#report({ on: "chat", from, with: m.alone ? from : null, text: message.text, at: Date.now() })
      return
    }
    this.#room = withHeard(this.#room, m, this.#epochs)
    this.#changed()
  }

  /** A moderator's statement, verified. What concerns this person is obeyed even if the server does not. */
  #acted(by: PersonId, deed: Deed): void {
    if (deed.deed === "note") return this.#report({ on: "note", text: deed.text })
    if (deed.deed === "end") return this.end("over")
    const handUp = this.#room.own.hand > 0
    this.#room = withDeed(this.#room, deed, this.#marks.people)
    if (handUp && this.#room.own.hand === 0) this.#say({ t: "hand", since: 0 })
    this.#changed()
    const me = this.#stay === null ? null : personId(this.#stay.person)
    this.#report({ on: "acted", by, deed, self: me, marks: this.#marks.people, at: Date.now() })
    if (deed.deed === "deny" && deed.person === me && !this.#line.entered) this.#finish({ on: "refused", code: "denied", until: 0 })
    if (deed.deed !== "remove" || deed.person !== me) return
    if (deed.how === "lobby") this.#finish({ on: "renew", why: "lobby" })
    else this.end(deed.how === "ban" ? "banned" : "removed")
  }

  #hello(to: PersonId | null): void {
    const { own, members } = this.#room
    this.#say({ t: "hello", name: this.#name, media: this.media.media, hand: own.hand }, to)
    // Whoever comes back has forgotten it; a newcomer's key it does not cover.
    if (covers(own.compared, members)) this.#say({ t: "compared" }, to)
  }

  /** Says something to the group, or to one; alone there is nobody to hear. */
  #say(message: Message, to: PersonId | null = null): void {
    if (!this.#live || this.#ended) return
    if (this.#room.members.length > 1) this.#workers.toGroup({ do: "say", message, ...(to === null ? {} : { to: personBytes(to) }) })
  }

  #changed(): void {
    this.media.veil(this.#room.rules.masked)
    this.media.allow(sendable(this.#room))
    this.media.want(wanted(this.#room), this.#room.members.length)
    this.#report({ on: "room", room: this.#room, showing: this.#showing })
  }
}
