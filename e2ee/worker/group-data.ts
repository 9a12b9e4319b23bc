/**
 * Data messages of one stay: which epoch and leaf a message is from, whether it
 * still counts, its numbers, and what its sender may say (PROTOCOL.md, "Data
 * messages"). The cryptography is in data.ts.
 */

import type { Signed } from "../../client/src/wire/messages.gen.ts"
import { type Bytes, equal, toHex } from "./bytes.ts"
import { type Content, type DataEpoch, dataSender, openData, sealData } from "./data.ts"
import type { Grant } from "./grant.ts"
import type { Moderation } from "./moderation.ts"
import type { FromGroup, Message } from "./port.ts"
import type { Roster, Seat } from "./profile.ts"
import type { Self } from "./self.ts"
import { cleanName, cleanText } from "./text.ts"

const BODY_MAX = 16640 // bytes, as on the wire
const HELD_MAX = 64 // messages of an epoch still on its way
const HOLD_MS = 3000
const OLD_MS = 3000 // how long messages of the last epoch still count
const OLD_AFTER_REMOVAL_MS = 1000

type Heard = Extract<FromGroup, { on: "heard" }>

/** An epoch as data messages see it. */
export interface TalkEpoch extends DataEpoch {
  readonly roster: Roster
  readonly leaf: number // one's own
}

/** What came of a message: something for the page, or the rules of the room as a member knows them. */
export type Told = Heard | { readonly on: "rules"; readonly signed: Signed }

/** What a message is said under. */
interface Desk {
  readonly self: Self
  readonly moderation: Moderation
  /** This person's own grant, while it holds. */
  readonly grant: () => Promise<Grant | null>
  /** In ms; never runs back. */
  readonly now: () => number
}

interface Old extends TalkEpoch {
  readonly until: number // ms
  readonly gone: ReadonlySet<number> // leaves removed since
}

interface Held {
  readonly from: Bytes
  readonly body: Bytes
  readonly at: number // ms
}

/** The data messages of one stay. */
export class Talk {
  readonly #desk: Desk
  readonly #now: () => number
  #current: TalkEpoch | null = null
  #old: Old | null = null
  #held: Held[] = []
  #ctr = 0 // of the next message in this epoch
  #seq: number // of the last message in this stay
  readonly #heard = new Map<string, number>() // signature key -> greatest seq
  readonly #kems = new Map<string, Uint8Array>() // signature key -> KEM key, from the hello

  constructor(desk: Desk) {
    this.#desk = desk
    this.#now = desk.now
    this.#seq = desk.self.firstNumber
  }

  /**
   * Goes to an epoch from which the leaves `removed` are gone, and returns
   * what had been held for it. Of a group just joined nothing old is kept.
   */
  async enter(epoch: TalkEpoch, removed: readonly number[]): Promise<readonly Told[]> {
    const before = this.#current
    const follows = before !== null && equal(before.groupId, epoch.groupId) && before.epoch + 1 === epoch.epoch
    const grace = removed.length > 0 ? OLD_AFTER_REMOVAL_MS : OLD_MS
    this.#old = follows ? { ...before, until: this.#now() + grace, gone: new Set(removed) } : null
    this.#prune(epoch.roster)
    this.#current = epoch
    this.#ctr = 0
    return this.#release()
  }

  /** Drops the keys of the last epoch once its time is over. Returns how many ms are left, or null. */
  expire(): number | null {
    if (this.#old === null) return null
    const left = this.#old.until - this.#now()
    if (left > 0) return left
    this.#old = null
    return null
  }

  forget(): void {
    this.#current = null
    this.#old = null
    this.#held = []
    this.#heard.clear()
    this.#kems.clear()
  }

  /** The KEM key of a member, by its signature key; undefined before its hello. */
  kemOf(signatureKey: Uint8Array): Uint8Array | undefined {
    return this.#kems.get(toHex(signatureKey))
  }

  /** Seals a message; null outside a group, when the message is beyond a limit, or is none for a viewer. */
  async say(message: Message, to?: Uint8Array): Promise<Bytes | null> {
    const { viewer, kem } = this.#desk.self
    if (viewer && (message.t === "chat" || message.t === "media")) return null
    if (message.t !== "hello") return this.#seal(message, to)
    const grant = await this.#desk.grant()
    const introduction = { kem: kem.publicKey, ...(grant === null ? {} : { moderator: grant.raw }) }
    return this.#seal({ ...message, ...introduction }, to)
  }

  /** Seals the rules of the room for a newcomer. */
  sayRules({ statement, grant, signature }: Signed, to: Uint8Array): Promise<Bytes | null> {
    return this.#seal({ t: "policy", statement, grant, signature }, to)
  }

  async #seal(content: Content, to: Uint8Array | undefined): Promise<Bytes | null> {
    const epoch = this.#current
    if (epoch === null) return null
    const where = { groupId: epoch.groupId, epoch: epoch.epoch, baseKey: epoch.baseKey, leaf: epoch.leaf }
    // Both numbers are spent before sealing, so that a failure never leads to a second use.
    const numbers = { ctr: this.#ctr++, seq: ++this.#seq }
    try {
      const { sign } = this.#desk.self
      return await sealData(content, { ...where, ...numbers, sign, ...(to === undefined ? {} : { to }) })
    } catch {
      return null // only RangeError: too long, or for no person
    }
  }

  /** Opens a message that the server says is from `from`; null when it is held or does not count. */
  async hear(from: Bytes, body: Bytes): Promise<Told | null> {
    if (body.length > BODY_MAX) return null
    const place = this.#placeOf(body)
    if (place === "later") {
      if (this.#held.length < HELD_MAX) this.#held.push({ from, body, at: this.#now() })
      return null
    }
    return place === null ? null : this.#open(place.epoch, place.seat, from, body)
  }

  /** Which epoch and member a body is from. */
  #placeOf(body: Bytes): { readonly epoch: TalkEpoch; readonly seat: Seat } | "later" | null {
    const sender = dataSender(body)
    if (sender === null) return null
    this.expire()
    const current = this.#current
    if (current === null) return "later"
    const ahead = (sender.epochByte - current.epoch) & 0xff
    const seatIn = (epoch: TalkEpoch) => {
      const seat = epoch.roster.get(sender.leaf)
      return seat === undefined || sender.leaf === epoch.leaf ? null : { epoch, seat }
    }
    if (ahead === 0) return seatIn(current)
    if (ahead < 128) return "later"
    const old = this.#old
    return old !== null && ahead === 0xff && !old.gone.has(sender.leaf) ? seatIn(old) : null
  }

  async #open(epoch: TalkEpoch, seat: Seat, from: Bytes, body: Bytes): Promise<Told | null> {
    if (!equal(from, seat.person)) return null
    const name = toHex(seat.signatureKey)
    const opened = await openData(body, {
      groupId: epoch.groupId,
      epoch: epoch.epoch,
      baseKey: epoch.baseKey,
      self: this.#desk.self.person,
      leaf: seat.leaf,
      signatureKey: seat.signatureKey,
      lastSeq: this.#heard.get(name) ?? 0,
    })
    if (opened.verdict !== "ok" && opened.verdict !== "unknown type") return null
    this.#heard.set(name, opened.seq)
    if (opened.verdict !== "ok") return null
    const { content, alone } = opened
    if (content.t === "policy") {
      const { statement, grant, signature } = content
      return { on: "rules", signed: { statement, grant, signature } }
    }
    if (content.t === "hello" && !(await this.#introduce(content, seat))) return null
    const grant = await this.#desk.moderation.grantOf(seat.person, seat.signatureKey)
    if (!(await this.#may(content, seat.viewer, grant !== null, alone))) return null
    const message = shown(content, seat.viewer)
    if (message === null) return null
    const moderator = grant !== null
    return { on: "heard", from: seat.id, moderator, appointed: grant?.holder === false, alone, epoch: epoch.epoch, message }
  }

  /** Believes a hello's keys and grant, or none of it: false. */
  async #introduce({ kem, moderator }: Extract<Content, { t: "hello" }>, seat: Seat): Promise<boolean> {
    const { self, moderation } = this.#desk
    const grant = moderator === undefined ? null : await moderation.read(moderator)
    if (moderator !== undefined) {
      const own = grant !== null && equal(grant.person, seat.person) && equal(grant.key, seat.signatureKey)
      if (!own || seat.viewer) return false
      await moderation.recognise(moderator)
    }
    // Whoever were appointed under a holder's KEM key would pass for a holder.
    if (self.holder !== null && equal(kem, self.holder.kem.publicKey) && grant?.holder !== true) return false
    this.#kems.set(toHex(seat.signatureKey), kem)
    return true
  }

  /** Whether the sender may say this: viewers show and write nothing, and the rules may keep the chat to moderators. */
  async #may({ t }: Content, viewer: boolean, moderator: boolean, alone: boolean): Promise<boolean> {
    if (viewer && (t === "chat" || t === "media")) return false
    if (t !== "chat" || moderator || this.#desk.moderation.policy.chat) return true
    return alone && (await this.#desk.grant()) !== null // a line to a moderator
  }

  /** Forgets what was heard of keys that are no longer in the group; what they sealed opens no more. */
  #prune(roster: Roster): void {
    const present = new Set(Array.from(roster.values(), (s) => toHex(s.signatureKey)))
    for (const key of this.#heard.keys()) if (!present.has(key)) this.#heard.delete(key)
    for (const key of this.#kems.keys()) if (!present.has(key)) this.#kems.delete(key)
  }

  /** Tries again what was held, and keeps what is still ahead. */
  async #release(): Promise<readonly Told[]> {
    const waiting = this.#held.filter((h) => this.#now() - h.at <= HOLD_MS)
    this.#held = []
    const heard: Told[] = []
    for (const { from, body, at } of waiting) {
      const before = this.#held.length
      const message = await this.hear(from, body)
      if (message !== null) heard.push(message)
      const again = this.#held[before]
      if (again !== undefined) this.#held[before] = { ...again, at } // the time it has waited counts
    }
    return heard
  }
}

const silent = { microphone: "", camera: "", screen: "", screenAudio: "" }

/** The message as the page may show it; null when nothing is left of it. */
function shown(content: Exclude<Content, { t: "policy" }>, viewer: boolean): Message | null {
  switch (content.t) {
    case "hello":
      return { t: "hello", name: cleanName(content.name), media: viewer ? silent : content.media, hand: content.hand }
    case "chat": {
      const text = cleanText(content.text)
      return text === "" ? null : { t: "chat", text }
    }
    default:
      return content
  }
}
