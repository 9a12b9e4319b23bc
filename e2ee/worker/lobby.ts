/**
 * Knocking, from both sides: what somebody who waits seals to the moderators,
 * and what a moderator believes of it (PROTOCOL.md, "Knocking").
 */

import type { Box, Knocked } from "../../client/src/wire/messages.gen.ts"
import { equal, own, toHex } from "./bytes.ts"
import { GRANT_SIZE, type Grant } from "./grant.ts"
import { NAME_MAX, openKnock, sealKnock } from "./knock.ts"
import * as mls from "./mls.ts"
import type { Moderation } from "./moderation.ts"
import type { Known } from "./orders.ts"
import type { Knocker, PersonId } from "./port.ts"
import * as profile from "./profile.ts"
import { leafEmoji } from "./safety.ts"
import type { Self } from "./self.ts"
import { cleanName } from "./text.ts"
import { openLabel, proveKnock, type ReadTicket, readTicket } from "./ticket.ts"

const BOXES_MAX = 16 // as on the wire
const KNOCKERS_MAX = 1024 // remembered; the oldest go first

/** `name` cut to what a knock may hold, between characters. */
function cut(name: string): string {
  const utf8 = new TextEncoder()
  let characters = Array.from(name)
  while (utf8.encode(characters.join("")).length > NAME_MAX) characters = characters.slice(0, -1)
  return characters.join("")
}

/** Seals name and keys to each moderator among `grants` whose grant holds. */
export async function knock(self: Self, moderation: Moderation, grants: readonly Uint8Array[], name: string): Promise<readonly Box[]> {
  const { room, person, kem, signer, ticket, sign } = self
  const proof = ticket === null ? undefined : await proveKnock(ticket.pair.privateKey, room.room, person, signer.publicKey)
  const content = { person, kem: kem.publicKey, name: cut(name), ...(proof === undefined ? {} : { ticket: proof }) }
  const kems = new Map<string, Uint8Array>()
  for (const bytes of grants) {
    const grant = bytes.length === GRANT_SIZE ? await moderation.recognise(bytes) : null
    if (grant !== null) kems.set(toHex(grant.kem), grant.kem)
  }
  const boxes: Box[] = []
  for (const kemKey of Array.from(kems.values()).slice(0, BOXES_MAX)) {
    const sealed = await sealKnock(kemKey, room.room, content, sign)
    if (sealed !== null) boxes.push({ kemKey, sealed })
  }
  return boxes
}

/** Those who knocked at a moderator. */
export class Lobby {
  readonly #self: Self
  readonly #known = new Map<PersonId, Known>()
  readonly #waiting = new Set<PersonId>()

  constructor(self: Self) {
    this.#self = self
  }

  /** Somebody who waits. */
  waiting(person: PersonId): Known | undefined {
    return this.#waiting.has(person) ? this.#known.get(person) : undefined
  }

  /** Somebody who knocked some time, whether it waits or is in. */
  known(person: PersonId): Known | undefined {
    return this.#known.get(person)
  }

  /** Opens a knock under this person's own grant; null if any part of it is not authentic: such a person cannot be admitted. */
  async take(knocked: Knocked, grant: Grant): Promise<Knocker | null> {
    const { room, holder, kem } = this.#self
    if (!equal(grant.kem, kem.publicKey) || knocked.keyPackage.length > profile.KEY_PACKAGE_MAX) return null
    const leaf = await mls.readKeyPackage(knocked.keyPackage).catch(() => null)
    const owner = leaf === null ? null : await profile.ownerOf(leaf, room.leafMac)
    if (leaf === null || owner === null || !equal(owner.person, knocked.person)) return null
    const ticket = knocked.ticket === undefined ? undefined : await readTicket(knocked.ticket, room.room, room.moderators)
    const viewer = owner.role === profile.VIEWER
    if (ticket === null || viewer !== (ticket?.viewer === true)) return null
    const from = { person: owner.person, key: leaf.signatureKey, ...(ticket === undefined ? {} : { ticketKey: ticket.key }) }
    const opened = await openKnock(knocked.sealed, kem, room.room, from)
    if (opened === null) return null
    const id = toHex(owner.person)
    // A person id belongs to the first key it came with: who is admitted is who was shown.
    if (!equal(this.#known.get(id)?.key ?? leaf.signatureKey, leaf.signatureKey)) return null
    const label = ticket === undefined || holder === null ? "" : await this.#label(ticket)
    this.#remember(id, { key: own(leaf.signatureKey), kem: opened.kem, viewer, ...(ticket === undefined ? {} : { ticketKey: ticket.key }) })
    const emoji = await leafEmoji(leaf.signatureKey)
    return { person: id, name: cleanName(opened.name), emoji, viewer, ticket: ticket !== undefined, label }
  }

  async #label(ticket: ReadTicket): Promise<string> {
    const { holder, room } = this.#self
    return cleanName((holder && (await openLabel(holder, room.room, ticket))) ?? "")
  }

  #remember(person: PersonId, known: Known): void {
    this.#known.delete(person)
    this.#known.set(person, known)
    this.#waiting.add(person)
    if (this.#known.size <= KNOCKERS_MAX) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      this.#waiting.delete(oldest)
      return
    }
  }

  /** A person waits no more: let in, turned away, or gone. */
  leave(person: PersonId): void {
    this.#waiting.delete(person)
  }

  /** Nobody waits, as far as is known. */
  forget(): void {
    this.#known.clear()
    this.#waiting.clear()
  }
}
