/**
 * Tickets: links for one person or one audience, signed by a holder of M
 * (PROTOCOL.md, "Tickets"). No state, no clock; used by the page as well.
 */

import { ascii, type Bytes, bigEndian, concat, equal, own } from "./bytes.ts"
import { checkSizes, expand, hashModerators, type ModeratorKeys, type SigningPair, sign, signingPair, verifies } from "./derive.ts"
import { readTime } from "./grant.ts"
import { hpke } from "./mls-hpke.ts"
import type { Ticket } from "./port.ts"

export const TICKET_SIZE = 292 // bytes
export const TICKET_SECRET_SIZE = 16 // bytes
export const LABEL_MAX = 63 // bytes of UTF-8

const ROOM_SIZE = 16
const PERSON_SIZE = 16
const KEY_SIZE = 32
const NONCE_SIZE = 32
const SIGNATURE_SIZE = 64
const TIME_SIZE = 8
const VERSION = 1
const VIEWER = 1 // flags
const MANY = 2
const LABEL_PADDED = 64 // bytes: what is sealed
const BOX_SIZE = 32 + LABEL_PADDED + 16 // encapsulated key, label, tag
const SIGNATURE_LABEL = ascii("paravent ticket v1")
const BOX_LABEL = ascii("paravent ticket label v1")

// Where the parts begin.
const NOT_BEFORE = 2
const NOT_AFTER = NOT_BEFORE + TIME_SIZE
const TICKET_KEY = NOT_AFTER + TIME_SIZE
const MOD_SIGNATURE = TICKET_KEY + KEY_SIZE
const MOD_KEM = MOD_SIGNATURE + KEY_SIZE
const BOX_LENGTH = MOD_KEM + KEY_SIZE
const BOX = BOX_LENGTH + 2
const SIGNATURE = BOX + BOX_SIZE

/** What a ticket is to say. */
export interface Invitation {
  readonly label: string // whom it is for, at most 63 bytes of UTF-8: only holders of M can read it
  readonly viewer: boolean // receives only
  readonly once: boolean // for one device; otherwise for as many as come
  readonly from: number // ms since 1970; 0: at once
  readonly until: number // ms since 1970, after `from`; 0: for ever
}

/** A ticket that is signed for its room. Whether it holds now is the server's business. */
export interface ReadTicket {
  readonly key: Bytes // ticket_key, 32 bytes
  readonly viewer: boolean
  readonly many: boolean
  readonly notBefore: number // ms since 1970; 0: none
  readonly notAfter: number // ms since 1970; 0: none
  readonly labelBox: Bytes // for openLabel
}

/** The ticket's key pair. */
export const ticketKeys = async (secret: Uint8Array): Promise<SigningPair> => signingPair(await expand(secret, "paravent ticket v1", "sig"))

const boxInfo = (room: Uint8Array, key: Uint8Array): Bytes => concat(BOX_LABEL, room, key)

/** Makes a ticket with a fresh secret. Throws RangeError when the label is too long or a time is none. */
export async function newTicket(keys: ModeratorKeys, room: Uint8Array, what: Invitation): Promise<Ticket> {
  checkSizes([room, ROOM_SIZE])
  const label = new TextEncoder().encode(what.label)
  if (label.length > LABEL_MAX) throw new RangeError("ticket: label too long")
  if (what.until !== 0 && what.until <= what.from) throw new RangeError("ticket: ends before it begins")
  const secret = crypto.getRandomValues(new Uint8Array(TICKET_SECRET_SIZE))
  const { publicKey } = await ticketKeys(secret)
  const padded = new Uint8Array(LABEL_PADDED)
  padded.set(concat(Uint8Array.of(label.length), label))
  const { enc, ct } = await hpke.seal(await hpke.importPublicKey(keys.kem.publicKey), padded, boxInfo(room, publicKey))
  const flags = (what.viewer ? VIEWER : 0) | (what.once ? 0 : MANY)
  const times = [what.from, what.until].map((time) => bigEndian(BigInt(time), TIME_SIZE))
  const pair = [keys.signature.publicKey, keys.kem.publicKey]
  const said = concat(Uint8Array.of(VERSION, flags), ...times, publicKey, ...pair, bigEndian(BigInt(BOX_SIZE), 2), enc, ct)
  const signature = await sign(keys.signature.privateKey, concat(SIGNATURE_LABEL, room, said))
  return { secret, ticket: concat(said, signature) }
}

/** Reads a ticket. Null unless its form is right and it is signed for this room. */
export async function readTicket(bytes: Uint8Array, room: Uint8Array, moderators: Uint8Array): Promise<ReadTicket | null> {
  if (bytes.length !== TICKET_SIZE || bytes[0] !== VERSION) return null
  const ticket = own(bytes)
  const flags = ticket[1] ?? 0
  const notBefore = readTime(ticket.subarray(NOT_BEFORE, NOT_AFTER))
  const notAfter = readTime(ticket.subarray(NOT_AFTER, TICKET_KEY))
  if (flags > (VIEWER | MANY) || notBefore === null || notAfter === null) return null
  if (!equal(ticket.subarray(BOX_LENGTH, BOX), bigEndian(BigInt(BOX_SIZE), 2))) return null
  const signatureKey = ticket.slice(MOD_SIGNATURE, MOD_KEM)
  if (!equal(await hashModerators(signatureKey, ticket.subarray(MOD_KEM, BOX_LENGTH)), moderators)) return null
  const signed = concat(SIGNATURE_LABEL, room, ticket.subarray(0, SIGNATURE))
  if (!(await verifies(signatureKey, ticket.subarray(SIGNATURE), signed))) return null
  return {
    key: ticket.slice(TICKET_KEY, MOD_SIGNATURE),
    viewer: (flags & VIEWER) !== 0,
    many: (flags & MANY) !== 0,
    notBefore,
    notAfter,
    labelBox: ticket.slice(BOX, SIGNATURE),
  }
}

/** The label of a ticket, with M's keys; null when it is not as newTicket makes it. Not cleaned. */
export async function openLabel(keys: ModeratorKeys, room: Uint8Array, ticket: ReadTicket): Promise<string | null> {
  try {
    const { labelBox, key } = ticket
    // Extractable as pairs from derive.ts are: HPKE asks for the public half.
    const secret = keys.kem.privateKey as Parameters<typeof hpke.open>[0]
    const padded = await hpke.open(secret, labelBox.slice(0, KEY_SIZE), labelBox.slice(KEY_SIZE), boxInfo(room, key))
    const end = 1 + (padded[0] ?? LABEL_PADDED)
    if (padded.length !== LABEL_PADDED || end > LABEL_PADDED || padded.subarray(end).some((byte) => byte !== 0)) return null
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(padded.subarray(1, end))
  } catch {
    return null // not sealed to these keys, or not UTF-8
  }
}

// ---- Proofs ----

function proofInput(label: string, nonce: Uint8Array, room: Uint8Array, person: Uint8Array, key: Uint8Array): Bytes {
  checkSizes([nonce, NONCE_SIZE], [room, ROOM_SIZE], [person, PERSON_SIZE], [key, KEY_SIZE])
  return concat(ascii(label), nonce, room, person, key)
}

/** Proves to the server, with the ticket's key, that this person has the ticket and uses it on `device`. 64 bytes. */
export const proveTicket = (key: CryptoKey, nonce: Uint8Array, room: Uint8Array, person: Uint8Array, device: Uint8Array): Promise<Bytes> =>
  sign(key, proofInput("paravent ticket proof v1", nonce, room, person, device))

/** Proves to the server, with the device's key, that this is the device the ticket is used on. 64 bytes. */
export const proveDevice = (
  key: CryptoKey,
  nonce: Uint8Array,
  room: Uint8Array,
  person: Uint8Array,
  ticketKey: Uint8Array,
): Promise<Bytes> => sign(key, proofInput("paravent device proof v1", nonce, room, person, ticketKey))

/** Proves to the moderators who read a knock that the ticket beside it is the knocker's own. 64 bytes. */
export function proveKnock(key: CryptoKey, room: Uint8Array, person: Uint8Array, leafKey: Uint8Array): Promise<Bytes> {
  return sign(key, knockInput(room, person, leafKey))
}

/** Whether a knock by the leaf with signature key `leafKey` is by the holder of the ticket. */
export const isKnockWith = (
  ticketKey: Uint8Array,
  signature: Uint8Array,
  room: Uint8Array,
  person: Uint8Array,
  leafKey: Uint8Array,
): Promise<boolean> =>
  signature.length === SIGNATURE_SIZE ? verifies(ticketKey, signature, knockInput(room, person, leafKey)) : Promise.resolve(false)

function knockInput(room: Uint8Array, person: Uint8Array, leafKey: Uint8Array): Bytes {
  checkSizes([room, ROOM_SIZE], [person, PERSON_SIZE], [leafKey, KEY_SIZE])
  return concat(ascii("paravent knock ticket v1"), room, person, leafKey)
}
