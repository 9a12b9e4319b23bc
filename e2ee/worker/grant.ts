/**
 * Grants: who may moderate, signed with the room's moderator key (PROTOCOL.md,
 * "Grants"). No state, no clock.
 */

import { ascii, type Bytes, bigEndian, concat, equal, own } from "./bytes.ts"
import { checkSizes, hashModerators, type ModeratorKeys, type RoomIds, shortHash, sign, verifies } from "./derive.ts"

export const GRANT_SIZE = 216 // bytes
/** How wrong a client takes its own clock to be, in ms: so much later a grant or an admission still counts. The server allows nothing. */
export const CLOCK_ALLOWANCE = 24 * 60 * 60 * 1000

const ROOM_SIZE = 16
const PERSON_SIZE = 16
const KEY_SIZE = 32
const TIME_SIZE = 8
const SIGNED_SIZE = PERSON_SIZE + KEY_SIZE + KEY_SIZE + TIME_SIZE // person, key, kem, not_after
const LABEL = ascii("paravent grant v1")
const MARK_LABEL = ascii("paravent mark v1")

/** Whom a grant is for. */
interface Granted {
  readonly person: Uint8Array // 16 bytes
  readonly key: Uint8Array // signature key of the person's leaf, 32 bytes
  readonly kem: Uint8Array // X25519 key that knocks are sealed to, 32 bytes
  readonly notAfter: number // ms since 1970
}

/** A grant that holds. */
export interface Grant extends Granted {
  readonly person: Bytes
  readonly key: Bytes
  readonly kem: Bytes
  readonly holder: boolean // made by a holder of M for itself: it cannot be dismissed
  readonly raw: Bytes // as it came, 216 bytes
}

/** How a key stands in the lists of a Policy, 16 bytes. */
export const mark = (key: Uint8Array): Promise<Bytes> => shortHash(MARK_LABEL, key)

/**
 * Makes a grant, 216 bytes. Without `kem` it is a holder's for itself, with
 * the moderator key. Throws RangeError for wrong sizes, for a time that is
 * none, and when `kem` is the moderator key: whoever is appointed under it
 * could never be dismissed.
 */
export async function makeGrant(keys: ModeratorKeys, room: Uint8Array, to: Omit<Granted, "kem"> & Partial<Granted>): Promise<Bytes> {
  const { person, key, kem = keys.kem.publicKey, notAfter } = to
  checkSizes([room, ROOM_SIZE], [person, PERSON_SIZE], [key, KEY_SIZE], [kem, KEY_SIZE])
  if (to.kem !== undefined && equal(to.kem, keys.kem.publicKey)) throw new RangeError("grant: a holder's key for somebody else")
  const said = concat(person, key, kem, bigEndian(BigInt(notAfter), TIME_SIZE))
  const signature = await sign(keys.signature.privateKey, concat(LABEL, room, said))
  return concat(keys.signature.publicKey, keys.kem.publicKey, said, signature)
}

/** The time in 8 bytes; null beyond 2^53 - 1. */
export function readTime(bytes: Uint8Array): number | null {
  const time = bytes.reduce((n, byte) => n * 256 + byte, 0)
  return time <= Number.MAX_SAFE_INTEGER ? time : null
}

/**
 * Reads a grant. Null unless it is signed for this room and holds at `now` (ms
 * since 1970, with the clients' allowance). Whether a Policy has withdrawn it
 * is told by `withdrawn` (admission.ts).
 */
export async function readGrant(bytes: Uint8Array, { room, moderators }: RoomIds, now: number): Promise<Grant | null> {
  if (bytes.length !== GRANT_SIZE) return null
  const raw = own(bytes)
  const [signatureKey, modKem] = [raw.slice(0, KEY_SIZE), raw.slice(KEY_SIZE, 2 * KEY_SIZE)]
  if (!equal(await hashModerators(signatureKey, modKem), moderators)) return null
  const said = raw.slice(2 * KEY_SIZE, 2 * KEY_SIZE + SIGNED_SIZE)
  const notAfter = readTime(said.subarray(SIGNED_SIZE - TIME_SIZE))
  if (notAfter === null || now > notAfter + CLOCK_ALLOWANCE) return null
  if (!(await verifies(signatureKey, raw.subarray(2 * KEY_SIZE + SIGNED_SIZE), concat(LABEL, room, said)))) return null
  const key = said.slice(PERSON_SIZE, PERSON_SIZE + KEY_SIZE)
  const kem = said.slice(PERSON_SIZE + KEY_SIZE, PERSON_SIZE + 2 * KEY_SIZE)
  return { person: said.slice(0, PERSON_SIZE), key, kem, notAfter, holder: equal(kem, modKem), raw }
}
