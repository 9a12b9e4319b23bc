/**
 * Data messages of one stay: which epoch and leaf a message is from, whether it
 * still counts, its numbers, and who is a moderator (PROTOCOL.md, "Data
 * messages"). The cryptography is in data.ts.
 */

import { type Bytes, equal, toHex } from "./bytes.ts"
import { type Content, claimModerator, type DataEpoch, dataSender, isModerator, openData, sealData } from "./data.ts"
import type { ModeratorKeys } from "./link.ts"
import type { FromGroup, Message } from "./port.ts"
import type { Roster, Seat } from "./profile.ts"
import { cleanName, cleanText } from "./text.ts"

export const BODY_MAX = 16640 // bytes, as on the wire
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

/** Who speaks: the same for the whole stay. */
export interface Speaker {
  readonly person: Bytes
  readonly signatureKey: Uint8Array
  readonly sign: (input: Bytes) => Promise<Uint8Array>
  readonly moderators: Uint8Array // mh
  readonly moderator: ModeratorKeys | null
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

/** The data messages of one stay. `now` is in ms and never runs back. */
export class Talk {
  readonly #speaker: Speaker
  readonly #now: () => number
  #current: TalkEpoch | null = null
  #old: Old | null = null
  #held: Held[] = []
  #ctr = 0 // of the next message in this epoch
  #seq = 0 // of the last message in this stay
  readonly #heard = new Map<string, number>() // signature key -> greatest seq
  readonly #moderators = new Set<string>() // signature keys, proved in this group

  constructor(speaker: Speaker, now: () => number) {
    this.#speaker = speaker
    this.#now = now
  }

  /**
   * Goes to an epoch from which the leaves `removed` are gone, and returns
   * what had been held for it. Of a group just joined nothing old is kept.
   */
  async enter(epoch: TalkEpoch, removed: readonly number[]): Promise<readonly Heard[]> {
    const before = this.#current
    const follows = before !== null && equal(before.groupId, epoch.groupId) && before.epoch + 1 === epoch.epoch
    const grace = removed.length > 0 ? OLD_AFTER_REMOVAL_MS : OLD_MS
    this.#old = follows ? { ...before, until: this.#now() + grace, gone: new Set(removed) } : null
    // A moderator's claim names the group, so a new group needs new claims.
    if (before === null || !equal(before.groupId, epoch.groupId)) this.#moderators.clear()
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
    this.#moderators.clear()
  }

  /** Seals a message; null outside a group or when the message is beyond a limit. */
  async say(message: Message, to: Uint8Array | undefined): Promise<Bytes | null> {
    const epoch = this.#current
    if (epoch === null) return null
    const { sign, moderator, person, signatureKey } = this.#speaker
    const claim = moderator === null ? undefined : await claimModerator(moderator, epoch.groupId, person, signatureKey)
    const content: Content = message.t === "hello" && claim !== undefined ? { ...message, moderator: claim } : message
    const where = { groupId: epoch.groupId, epoch: epoch.epoch, baseKey: epoch.baseKey, leaf: epoch.leaf }
    // Both numbers are spent before sealing, so that a failure never leads to a second use.
    const numbers = { ctr: this.#ctr++, seq: ++this.#seq }
    try {
      return await sealData(content, { ...where, ...numbers, sign, ...(to === undefined ? {} : { to }) })
    } catch {
      return null // only RangeError: too long, or for no person
    }
  }

  /** Opens a message that the server says is from `from`; null when it is held or does not count. */
  async hear(from: Bytes, body: Bytes): Promise<Heard | null> {
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

  async #open(epoch: TalkEpoch, seat: Seat, from: Bytes, body: Bytes): Promise<Heard | null> {
    if (!equal(from, seat.person)) return null
    const name = toHex(seat.signatureKey)
    const opened = await openData(body, {
      groupId: epoch.groupId,
      epoch: epoch.epoch,
      baseKey: epoch.baseKey,
      self: this.#speaker.person,
      leaf: seat.leaf,
      signatureKey: seat.signatureKey,
      lastSeq: this.#heard.get(name) ?? 0,
    })
    if (opened.verdict !== "ok" && opened.verdict !== "unknown type") return null
    this.#heard.set(name, opened.seq)
    if (opened.verdict !== "ok") return null
    const { content } = opened
    if (content.t === "hello" && content.moderator !== undefined) {
      const proved = await isModerator(content.moderator, this.#speaker.moderators, epoch.groupId, seat.person, seat.signatureKey)
      if (!proved) return null
      this.#moderators.add(name)
    }
    const message = shown(content)
    return message === null ? null : { on: "heard", from: seat.id, moderator: this.#moderators.has(name), message }
  }

  /** Forgets what was heard of keys that are no longer in the group; what they sealed opens no more. */
  #prune(roster: Roster): void {
    const present = new Set(Array.from(roster.values(), (s) => toHex(s.signatureKey)))
    for (const key of this.#heard.keys()) if (!present.has(key)) this.#heard.delete(key)
    for (const key of this.#moderators) if (!present.has(key)) this.#moderators.delete(key)
  }

  /** Tries again what was held, and keeps what is still ahead. */
  async #release(): Promise<readonly Heard[]> {
    const waiting = this.#held.filter((h) => this.#now() - h.at <= HOLD_MS)
    this.#held = []
    const heard: Heard[] = []
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

/** The message as the page may show it; null when nothing is left of it. */
function shown(content: Content): Message | null {
  switch (content.t) {
    case "hello":
      return { t: "hello", name: cleanName(content.name), media: content.media }
    case "media":
      return content
    case "chat": {
      const text = cleanText(content.text)
      return text === "" ? null : { t: "chat", text }
    }
  }
}
