/**
 * The link generations and the passphrase of a room as one person knows them:
 * which PSK belongs to which generation, and what begins the next
 * (PROTOCOL.md, "Link generations" and "Passphrase").
 */

import type { Policy } from "../../client/src/wire/statements.gen.ts"
import { type Bytes, equal, own } from "./bytes.ts"
import type { SigningPair } from "./derive.ts"
import type { LinkGeneration } from "./generation.ts"
import { type GenerationKeys, generationKeys, generationSecret, type RoomKeys } from "./link.ts"
import type * as mls from "./mls.ts"
import { mixPassphrase, type PassphraseKeys, passphraseKeys, stretch } from "./passphrase.ts"
import type { Link } from "./port.ts"
import { pskId } from "./profile.ts"

const NUMBER_MAX = 0xffffffff

/** A generation after the first. */
interface Later extends LinkGeneration {
  readonly keys: GenerationKeys
}

export class Links {
  readonly #room: RoomKeys
  readonly #moderator: Bytes | null // M
  readonly #later = new Map<number, Later>()
  #pass: PassphraseKeys | null = null
  #typed: Bytes | null = null // what was made of the words this person typed
  #present: number | null = null

  constructor(room: RoomKeys, moderator: Uint8Array | undefined) {
    this.#room = room
    this.#moderator = moderator === undefined ? null : own(moderator)
  }

  /** With all that a link holds, and what was made of a passphrase before a reload. Throws when a part is none. */
  static async of(room: RoomKeys, link: Link, typed?: Uint8Array): Promise<Links> {
    const links = new Links(room, link.moderator)
    if (link.generation !== undefined) await links.learn(link.generation)
    if (link.rules?.passphrase !== undefined) links.#pass = await passphraseKeys(link.rules.passphrase)
    if (typed !== undefined) await links.#take(own(typed))
    return links
  }

  /** Takes the words that a person typed; false for none, or too many. */
  async type(words: string): Promise<boolean> {
    try {
      await this.#take(await stretch(words, this.#room.passphraseSalt))
    } catch (e) {
      if (e instanceof RangeError) return false
      throw e
    }
    return true
  }

  async #take(output: Bytes): Promise<void> {
    this.#pass = await passphraseKeys(output)
    this.#typed?.fill(0)
    this.#typed = output
  }

  /** What was made of the words, 32 bytes, for the page after a reload; null if none were typed. */
  get typed(): Bytes | null {
    return this.#typed === null ? null : own(this.#typed)
  }

  /** The key that proves the passphrase; null while it is not known. */
  get passphrase(): SigningPair | null {
    return this.#pass?.signature ?? null
  }

  async learn({ number, secret }: LinkGeneration): Promise<Later> {
    const later = { number, secret: own(secret), keys: await generationKeys(secret) }
    this.#later.set(number, later)
    return later
  }

  /** A generation after the first; null if this person cannot know it. */
  async generation(number: number): Promise<Later | null> {
    const known = this.#later.get(number)
    if (known !== undefined || this.#moderator === null || !Number.isInteger(number) || number < 1 || number > NUMBER_MAX)
      return known ?? null
    return this.learn({ number, secret: await generationSecret(this.#moderator, number) })
  }

  /** The generation of the group that this person is in, or was in last; 0 before. */
  get present(): number {
    return this.#present ?? 0
  }

  set present(number: number) {
    this.#present = number
  }

  /**
   * The generation to found a group with: the one that this person was in the
   * group with, which the others know; else the newest whose link it has. For
   * whoever has M that is the one which the rules want.
   */
  async newest(policy: Policy): Promise<number> {
    if (this.#present !== null) return this.#present
    const wanted = policy.generation === undefined ? null : await this.generation(policy.generation.number)
    const right = wanted !== null && equal(wanted.keys.join.publicKey, policy.generation?.key ?? new Uint8Array())
    if (this.#moderator !== null) return right ? wanted.number : 0
    return Math.max(0, ...this.#later.keys())
  }

  /**
   * The PSK of a generation under its id; null if this person does not know
   * it. Who typed a passphrase meets nobody without it, whatever the server
   * says of the rules.
   */
  async psk(number: number, policy: Policy, later?: GenerationKeys): Promise<mls.Psk | null> {
    const psk = number === 0 ? this.#room.psk : (later ?? (await this.generation(number))?.keys)?.psk
    if (psk === undefined) return null
    const id = pskId(number)
    if (policy.passphrase === undefined && this.#typed === null) return { id, secret: psk }
    return this.#pass === null ? null : { id, secret: await mixPassphrase(psk, this.#pass) }
  }

  /** Every PSK that a Welcome may want. */
  async psks(policy: Policy): Promise<readonly { readonly number: number; readonly psk: mls.Psk }[]> {
    const wanted = policy.generation?.number ?? 0
    // The group is at the generation that the rules want, or not there yet.
    for (const number of [wanted - 1, wanted]) await this.generation(number)
    const known = [0, ...this.#later.keys()]
    const psks = await Promise.all(known.map(async (number) => ({ number, psk: await this.psk(number, policy) })))
    return psks.flatMap(({ number, psk }) => (psk === null ? [] : [{ number, psk }]))
  }

  /** The generation that the rules want after the group's present one, for whoever has M; null if there is none to begin. */
  async due(policy: Policy): Promise<Later | null> {
    const wanted = policy.generation
    if (this.#moderator === null || wanted === undefined || wanted.number !== this.present + 1) return null
    const next = await this.generation(wanted.number)
    return next !== null && equal(next.keys.join.publicKey, wanted.key) ? next : null
  }

  /** The generation to ask for next; null without M. */
  async next(): Promise<{ readonly number: number; readonly key: Uint8Array } | null> {
    const next = this.#moderator === null ? null : await this.generation(this.present + 1)
    return next === null ? null : { number: next.number, key: next.keys.join.publicKey }
  }

  forget(): void {
    this.#moderator?.fill(0)
    for (const { secret, keys } of this.#later.values()) {
      secret.fill(0)
      keys.psk.fill(0)
    }
    this.#later.clear()
    this.#room.psk.fill(0)
    this.#pass?.psk.fill(0)
    this.#pass = null
    this.#typed?.fill(0)
    this.#typed = null
  }
}
