/**
 * What passes between somebody who waits and the moderators: the knock, and
 * notes back (PROTOCOL.md, "Knocking"). HPKE in base mode, sealed to one key.
 */

import { ascii, type Bytes, bigEndian, concat, own } from "./bytes.ts"
import { decodeFields, encodeFields, has, isBytes, isText } from "./cbor.ts"
import { type AgreementPair, checkSizes, verifies } from "./derive.ts"
import { hpke } from "./mls-hpke.ts"
import type { Sign } from "./statement.ts"
import { isKnockWith } from "./ticket.ts"

export const NAME_MAX = 512 // bytes of UTF-8
export const NOTE_MAX = 500 // bytes of UTF-8

const ROOM_SIZE = 16
const PERSON_SIZE = 16
const KEY_SIZE = 32
const SIGNATURE_SIZE = 64
const PADDED_SIZE = 768 // of what is sealed: the longest knock has 710 bytes
const BOX_SIZE = KEY_SIZE + PADDED_SIZE + 16 // encapsulated key, content, tag
const KNOCK_LABEL = "paravent knock v1"
const NOTE_LABEL = "paravent note v1"
const SIGNATURE_LABEL = ascii("paravent knock signature v1")

/** Who knocks. */
interface Knock {
  readonly person: Uint8Array // 16 bytes
  readonly kem: Uint8Array // X25519 key of the stay, 32 bytes
  readonly name: string // at most 512 bytes of UTF-8
  readonly ticket?: Uint8Array // what proveKnock gives, 64 bytes: with a ticket only
}

/** What the moderator knows of the knocker from the server and its KeyPackage. */
interface Knocking {
  readonly person: Uint8Array // Knocked.person, which the KeyPackage must name too, 16 bytes
  readonly key: Uint8Array // signature key of the KeyPackage's leaf, 32 bytes
  readonly ticketKey?: Uint8Array // of Knocked.ticket, once read and found right
}

/** A key pair for one stay, to receive notes and, as a moderator, knocks. Extractable, as HPKE asks WebCrypto for the public half. */
export async function newKEM(): Promise<AgreementPair> {
  const { publicKey, privateKey } = await hpke.generateKeyPair()
  return { publicKey: own(await hpke.exportPublicKey(publicKey)), privateKey }
}

const info = (label: string, room: Uint8Array, person: Uint8Array): Bytes => {
  checkSizes([room, ROOM_SIZE], [person, PERSON_SIZE])
  return concat(ascii(label), room, person)
}

/** Pads and seals; null when `to` is no key that can be sealed to. */
async function sealBox(to: Uint8Array, info: Bytes, content: Uint8Array): Promise<Bytes | null> {
  const padded = new Uint8Array(PADDED_SIZE)
  padded.set(concat(bigEndian(BigInt(content.length), 2), content))
  try {
    const { enc, ct } = await hpke.seal(await hpke.importPublicKey(to), padded, info)
    return concat(enc, ct)
  } catch {
    return null // not a key, or of low order
  }
}

/** What sealBox sealed; null when it is not authentic or padded otherwise. */
async function openBox(box: Uint8Array, pair: AgreementPair, info: Bytes): Promise<Bytes | null> {
  if (box.length !== BOX_SIZE) return null
  try {
    const secret = pair.privateKey as Parameters<typeof hpke.open>[0]
    const padded = await hpke.open(secret, box.slice(0, KEY_SIZE), box.slice(KEY_SIZE), info)
    const end = 2 + (((padded[0] ?? 0) << 8) | (padded[1] ?? 0))
    return end <= PADDED_SIZE && padded.subarray(end).every((byte) => byte === 0) ? own(padded.subarray(2, end)) : null
  } catch {
    return null // not for this key
  }
}

const signed = (room: Uint8Array, person: Uint8Array, kem: Uint8Array, name: string): Bytes => {
  checkSizes([room, ROOM_SIZE], [person, PERSON_SIZE], [kem, KEY_SIZE])
  return concat(SIGNATURE_LABEL, room, person, kem, new TextEncoder().encode(name))
}

/**
 * Seals a knock to the KEM key of a grant. `sign` holds the leaf's signature
 * key. Null when nothing can be sealed to that key. Throws RangeError when a
 * limit is broken.
 */
export async function sealKnock(to: Uint8Array, room: Uint8Array, knock: Knock, sign: Sign): Promise<Bytes | null> {
  const { person, kem, name, ticket } = knock
  if (!isText(name, 0, NAME_MAX)) throw new RangeError("knock: name too long")
  if (ticket !== undefined) checkSizes([ticket, SIGNATURE_SIZE])
  const signature = await sign(signed(room, person, kem, name))
  checkSizes([signature, SIGNATURE_SIZE])
  return sealBox(to, info(KNOCK_LABEL, room, person), encodeFields({ kem, name, ticket, signature }))
}

/**
 * Opens a knock. Null unless it is signed by the KeyPackage's key, and holds
 * the proof for exactly the ticket that came beside it. The name is as it came.
 */
export async function openKnock(
  sealed: Uint8Array,
  pair: AgreementPair,
  room: Uint8Array,
  from: Knocking,
): Promise<{ readonly kem: Bytes; readonly name: string } | null> {
  const content = await openBox(sealed, pair, info(KNOCK_LABEL, room, from.person))
  const fields = content === null ? null : decodeFields(content)
  if (fields === null || !has(fields, ["kem", "name", "signature"], ["ticket"])) return null
  const { kem, name, ticket, signature } = fields
  if (!isBytes(kem, KEY_SIZE) || !isText(name, 0, NAME_MAX) || !isBytes(signature, SIGNATURE_SIZE)) return null
  if (!(await verifies(from.key, signature, signed(room, from.person, kem, name)))) return null
  if (from.ticketKey === undefined || ticket === undefined) {
    return from.ticketKey === undefined && ticket === undefined ? { kem: own(kem), name } : null
  }
  if (!isBytes(ticket, SIGNATURE_SIZE)) return null
  return (await isKnockWith(from.ticketKey, ticket, room, from.person, from.key)) ? { kem: own(kem), name } : null
}

/** Seals a line to somebody who waits, under the KEM key of its knock. Null when nothing can be sealed to it. Throws RangeError for text that is empty or too long. */
export function sealNote(to: Uint8Array, room: Uint8Array, person: Uint8Array, text: string): Promise<Bytes | null> {
  if (!isText(text, 1, NOTE_MAX)) throw new RangeError("knock: note too long")
  return sealBox(to, info(NOTE_LABEL, room, person), new TextEncoder().encode(text))
}

/** Opens a note to `person`, oneself. Null unless it is as sealNote makes it. Not cleaned. */
export async function openNote(box: Uint8Array, pair: AgreementPair, room: Uint8Array, person: Uint8Array): Promise<string | null> {
  const content = await openBox(box, pair, info(NOTE_LABEL, room, person))
  if (content === null || content.length === 0 || content.length > NOTE_MAX) return null
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return null // not UTF-8
  }
}
