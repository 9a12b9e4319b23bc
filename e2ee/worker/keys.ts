/**
 * The media keys of the last epochs: which one seals now, which ones still
 * open, and when they are forgotten (PROTOCOL.md, "Epoch changes"). Pure but
 * for WebCrypto: time is a parameter, in milliseconds of any steady clock.
 */

import { encodeKid, type KeyId, LEAF_MAX } from "./kid.ts"
import type { Context, Keys } from "./port.ts"
import { ReplayWindow } from "./replay.ts"
import { deriveFrameKey, type FrameKey } from "./sframe.ts"

const SWITCH_MS = 200 // others get the same commit within this; until then they could not open
const OLD_MS = 3000 // frames sent before a switch still arrive
const OLD_AFTER_REMOVAL_MS = 1000 // shorter: the removed may know these keys
const CTR_MAX = 0xffffffff
const EPOCHS_MAX = 16 // at one commit in 150 ms never reached before OLD_MS

/** An epoch's keys as the group worker gives them. */
type EpochKeys = Extract<Keys, { readonly leaf: number }>

/** One use of a key for sealing: this KID with this counter, never again. */
export interface Grant {
  readonly kid: bigint
  readonly ctr: number
  readonly key: Promise<FrameKey>
}

interface Opener {
  readonly key: Promise<FrameKey>
  readonly window: ReplayWindow
}

/** What a new epoch means for the streams. */
export interface Change {
  /** Somebody came in who has no key frame yet. */
  readonly added: boolean
  /** When sealing changes over to it. */
  readonly sealsAt: number
}

interface Epoch {
  readonly epoch: number
  readonly baseKey: CryptoKey
  readonly leaf: number
  readonly members: Set<number>
  readonly sealsAt: number
  endsAt: number
  readonly openers: Map<bigint, Opener>
  readonly sealers: Map<Context, Promise<FrameKey>>
  readonly counters: Map<Context, number> // the next one to use
}

export class KeyRing {
  #epochs: Epoch[] = [] // oldest first; the last one is the present

  get empty(): boolean {
    return this.#epochs.length === 0
  }

  /** Takes the keys of a newer epoch. Null, and no change, for any other: counters must never start again. */
  add(keys: EpochKeys, now: number): Change | null {
    const present = this.#epochs.at(-1)
    if (present !== undefined && keys.epoch <= present.epoch) return null
    if (keys.leaf < 0 || keys.leaf > LEAF_MAX) return null
    const removal = keys.removed.length > 0
    for (const old of this.#epochs) this.#retire(old, keys.removed, now + (removal ? OLD_AFTER_REMOVAL_MS : OLD_MS))
    const sealsAt = present === undefined || removal ? now : now + SWITCH_MS
    const before = present?.members // after #retire: whoever took a removed leaf counts as added
    const added = before !== undefined && keys.members.some((leaf) => !before.has(leaf))
    this.#epochs.push({
      epoch: keys.epoch,
      baseKey: keys.baseKey,
      leaf: keys.leaf,
      members: new Set(keys.members),
      sealsAt,
      endsAt: Number.POSITIVE_INFINITY,
      openers: new Map(),
      sealers: new Map(),
      counters: new Map(),
    })
    this.#epochs = this.#epochs.slice(-EPOCHS_MAX)
    return { added, sealsAt }
  }

  #retire(old: Epoch, removed: readonly number[], endsAt: number): void {
    old.endsAt = Math.min(old.endsAt, endsAt)
    for (const leaf of removed) {
      old.members.delete(leaf)
      for (const context of [0, 1, 2, 3] as const) old.openers.delete(encodeKid(old.epoch, leaf, context))
    }
  }

  /** Forgets every key. */
  forget(): void {
    this.#epochs = []
  }

  /** Forgets what is over at `now`. When the next key will be over; null for none. */
  expire(now: number): number | null {
    this.#epochs = this.#epochs.filter((e) => e.endsAt > now)
    const ends = Math.min(...this.#epochs.map((e) => e.endsAt))
    return Number.isFinite(ends) ? ends : null
  }

  /** The right to seal one frame; null without a key, or when its counter is used up. */
  grant(context: Context, now: number): Grant | null {
    const epoch = this.#epochs.findLast((e) => e.sealsAt <= now) ?? this.#epochs[0]
    if (epoch === undefined) return null
    const ctr = epoch.counters.get(context) ?? 0
    if (ctr > CTR_MAX) return null
    epoch.counters.set(context, ctr + 1)
    const kid = encodeKid(epoch.epoch, epoch.leaf, context)
    let key = epoch.sealers.get(context)
    if (key === undefined) {
      key = deriveFrameKey(epoch.baseKey, kid)
      epoch.sealers.set(context, key)
    }
    return { kid, ctr, key }
  }

  /** The key to open with; "newer" when its epoch is still to come, null when there is none and will be none. */
  opener(id: KeyId, now: number): Opener | "newer" | null {
    const present = this.#epochs.at(-1)
    if (present === undefined) return "newer"
    const ahead = (id.epochByte - present.epoch) & 0xff
    if (ahead > 0 && ahead < 128) return "newer"
    const number = ahead === 0 ? present.epoch : present.epoch + ahead - 256
    const epoch = this.#epochs.find((e) => e.epoch === number)
    if (epoch === undefined || epoch.endsAt <= now || !epoch.members.has(id.leaf)) return null
    const kid = encodeKid(number, id.leaf, id.context)
    let opener = epoch.openers.get(kid)
    if (opener === undefined) {
      opener = { key: deriveFrameKey(epoch.baseKey, kid), window: new ReplayWindow() }
      epoch.openers.set(kid, opener)
    }
    return opener
  }
}
