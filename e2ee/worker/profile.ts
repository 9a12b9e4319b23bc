/**
 * The MLS profile (PROTOCOL.md, "Group"): what of RFC 9420 a Paravent group may
 * hold. Every client checks every commit against it before applying it, and
 * every Welcome before believing it. Decisions only: no state, no clock.
 */

import { decode, encode, rfc8949EncodeOptions } from "cborg"
import { ascii, type Bytes, bigEndian, concat, equal, own, toHex } from "./bytes.ts"
import { LEAF_MAX } from "./kid.ts"
import type { RoomKeys } from "./link.ts"
import * as mls from "./mls.ts"
import { MlsError } from "./mls-error.ts"
import type { PersonId } from "./port.ts"

/** What the profile needs to know of the room. */
export type Room = Pick<RoomKeys, "room" | "leafMac" | "psk">

// Limits, as on the wire (signaling/wire).
export const KEY_PACKAGE_MAX = 2048 // bytes
export const COMMIT_MAX = 65536 // bytes
export const WELCOME_MAX = 163840 // bytes
export const ADDS_MAX = 64 // in one commit
export const MEMBERS_MAX = 500
const AUTHENTICATED_MAX = 16384 // bytes of a commit's authenticated data
const STATEMENT_MAX = 512 // bytes of one admission or kick

const PERSON_SIZE = 16
const MAC_SIZE = 16
const KEY_SIZE = 32
const ROOM_SIZE = 16
const GROUP_SIZE = 32
const LEAF_VERSION = 0x01
const LEAF_LABEL = ascii("paravent leaf v1")
const PSK_LABEL = ascii("paravent psk")

// ---- Identity ----

async function leafMac(key: CryptoKey, person: Uint8Array, signatureKey: Uint8Array): Promise<Bytes> {
  const mac = await crypto.subtle.sign("HMAC", key, concat(LEAF_LABEL, person, signatureKey))
  return new Uint8Array(mac).slice(0, MAC_SIZE)
}

/** The credential identity of a person's leaf, 33 bytes. */
export async function identityOf(key: CryptoKey, person: Uint8Array, signatureKey: Uint8Array): Promise<Bytes> {
  return concat(Uint8Array.of(LEAF_VERSION), person, await leafMac(key, person, signatureKey))
}

/** Compares in constant time: the only MAC of the profile that is not verified by WebCrypto, being cut short. */
function sameMac(a: Uint8Array, b: Uint8Array): boolean {
  let different = a.length ^ b.length
  for (let i = 0; i < a.length; i++) different |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return different === 0
}

/** The person (16 bytes) a leaf belongs to; null when its MAC, its form or its keys are not as the profile wants them. */
export async function personOf(leaf: mls.Leaf, key: CryptoKey): Promise<Bytes | null> {
  const { identity, signatureKey, encryptionKey } = leaf
  if (!leaf.plain || signatureKey.length !== KEY_SIZE || encryptionKey.length !== KEY_SIZE) return null
  if (identity.length !== 1 + PERSON_SIZE + MAC_SIZE || identity[0] !== LEAF_VERSION) return null
  const person = own(identity.subarray(1, 1 + PERSON_SIZE))
  return sameMac(identity.subarray(1 + PERSON_SIZE), await leafMac(key, person, signatureKey)) ? person : null
}

// ---- Group id and PSK ----

export const newGroupId = (room: Uint8Array): Bytes => concat(room, crypto.getRandomValues(new Uint8Array(GROUP_SIZE - ROOM_SIZE)))

/** The PSK of a link generation under its id. Generation 0 is the link as it was made. */
export const pskOf = (room: Room, generation = 0): mls.Psk => ({
  id: concat(PSK_LABEL, bigEndian(BigInt(generation), 4)),
  secret: room.psk,
})

// ---- Authenticated data of a commit ----

/** Why a commit was made. */
export type Reason = 0 | 1
/** Nobody comes or goes: fresh keys only. */
export const REFRESH = 0
/** Somebody comes or goes. */
export const CHANGE = 1

/** `a`: admissions, `k`: kicks, each signed by a moderator; both empty in open mode. */
interface Stated {
  readonly r: Reason
  readonly a: readonly Uint8Array[]
  readonly k: readonly Uint8Array[]
}

export const authenticate = (reason: Reason): Bytes => own(encode({ r: reason, a: [], k: [] }, rfc8949EncodeOptions))

const isStatements = (v: unknown): v is Uint8Array[] =>
  Array.isArray(v) && v.length <= MEMBERS_MAX && v.every((s) => s instanceof Uint8Array && s.length <= STATEMENT_MAX)

/** Null unless `bytes` are the one deterministic encoding (RFC 8949, section 4.2.1) of exactly these three members. */
export function stated(bytes: Uint8Array): Stated | null {
  if (bytes.length > AUTHENTICATED_MAX) return null
  try {
    const value: unknown = decode(bytes, { strict: true, allowIndefinite: false, allowUndefined: false, rejectDuplicateMapKeys: true })
    if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== "a,k,r") return null
    const { r, a, k } = value as Record<string, unknown>
    if ((r !== REFRESH && r !== CHANGE) || !isStatements(a) || !isStatements(k)) return null
    return equal(encode({ r, a, k }, rfc8949EncodeOptions), bytes) ? { r, a, k } : null
  } catch {
    return null // not well-formed
  }
}

// ---- Members ----

/** Who a leaf is. */
export interface Seat {
  readonly leaf: number
  readonly person: Bytes
  readonly id: PersonId
  readonly identity: Uint8Array // of the leaf's credential
  readonly signatureKey: Uint8Array
}

/** Everybody in the group, by leaf number. */
export type Roster = ReadonlyMap<number, Seat>

async function seat(leaf: mls.Leaf, number: number, key: CryptoKey): Promise<Seat> {
  const person = await personOf(leaf, key)
  if (person === null) throw new MlsError("profile", "a leaf of this link")
  return { leaf: number, person, id: toHex(person), identity: leaf.identity, signatureKey: leaf.signatureKey }
}

function checkSeats(seats: readonly Seat[]): void {
  if (seats.some((s) => s.leaf > LEAF_MAX)) throw new MlsError("profile", "leaves that a key id can hold")
  if (seats.length > MEMBERS_MAX) throw new MlsError("profile", "at most 500 members")
  const people = new Set(seats.map((s) => s.id))
  const keys = new Set(seats.map((s) => toHex(s.signatureKey)))
  if (people.size !== seats.length || keys.size !== seats.length) throw new MlsError("profile", "one leaf and one key a person")
}

/**
 * Checks every leaf of a group and returns who they are. `known` spares the
 * MACs of leaves that were already checked with the same number, identity and key.
 */
export async function rosterOf(group: mls.Group, room: Room, known?: Roster): Promise<Roster> {
  const seats = await Promise.all(
    mls.members(group).map((m) => {
      const before = known?.get(m.index)
      const unchanged = before !== undefined && equal(before.identity, m.identity) && equal(before.signatureKey, m.signatureKey)
      return unchanged ? before : seat(m, m.index, room.leafMac)
    }),
  )
  checkSeats(seats)
  return new Map(seats.map((s) => [s.leaf, s]))
}

/** Checks a group just joined: whose it is, that it has no extension, who is in it, and that we are. */
export async function checkJoined(group: mls.Group, room: Room, self: Uint8Array): Promise<Roster> {
  const id = mls.groupId(group)
  if (id.length !== GROUP_SIZE || !equal(id.subarray(0, ROOM_SIZE), room.room)) throw new MlsError("profile", "a group of this room")
  if (mls.extended(group)) throw new MlsError("profile", "a group without extensions")
  const roster = await rosterOf(group, room)
  const mine = roster.get(mls.ownLeaf(group))
  if (mine === undefined || !equal(mine.person, self)) throw new MlsError("profile", "a leaf of one's own")
  return roster
}

// ---- Commits ----

/** What a commit that the profile allows does. */
export interface Allowed {
  readonly added: readonly PersonId[]
  readonly removed: readonly number[] // leaf numbers
}

function checkForm(incoming: mls.Incoming, group: mls.Group, room: Room): void {
  const { adds, removes, psks } = incoming
  if (incoming.epoch !== mls.epoch(group) || !equal(incoming.groupId, mls.groupId(group)))
    throw new MlsError("epoch", "a commit for this epoch")
  if (incoming.others) throw new MlsError("profile", "only inline adds, removes and one psk")
  if (psks.length !== 1 || !equal(psks[0] ?? new Uint8Array(), pskOf(room).id)) throw new MlsError("profile", "the psk of this link")
  if (adds.length > ADDS_MAX) throw new MlsError("profile", "at most 64 adds")
  if (incoming.path === null && (removes.length > 0 || adds.length === 0)) throw new MlsError("profile", "a path")
  const said = stated(incoming.authenticatedData)
  const reason = adds.length + removes.length > 0 ? CHANGE : REFRESH
  // In open mode there is nobody to admit by name and no way to kick.
  if (said === null || said.r !== reason || said.a.length > 0 || said.k.length > 0)
    throw new MlsError("profile", "known authenticated data")
}

function checkCommitter(incoming: mls.Incoming, group: mls.Group, roster: Roster): void {
  const committer = incoming.sender === null ? undefined : mls.members(group).find((m) => m.index === incoming.sender)
  if (committer === undefined || !roster.has(committer.index)) throw new MlsError("profile", "a commit by a member")
  if (incoming.removes.includes(committer.index)) throw new MlsError("profile", "a committer who stays")
  const { path } = incoming
  if (path === null) return
  const unchanged = equal(path.signatureKey, committer.signatureKey) && equal(path.identity, committer.identity)
  if (!path.plain || !unchanged || path.encryptionKey.length !== KEY_SIZE)
    throw new MlsError("profile", "a path that changes nobody's identity")
}

/**
 * Checks a commit, before it is applied, against the group it is for. What
 * needs the group's secrets (tags, signatures, the path) mls.process checks.
 */
export async function checkCommit(incoming: mls.Incoming, group: mls.Group, roster: Roster, room: Room): Promise<Allowed> {
  checkForm(incoming, group, room)
  checkCommitter(incoming, group, roster)
  const removed = new Set(incoming.removes)
  if (removed.size !== incoming.removes.length || incoming.removes.some((leaf) => !roster.has(leaf))) {
    throw new MlsError("profile", "removes of members, once each")
  }
  const added = await Promise.all(incoming.adds.map((c) => seat(c, -1, room.leafMac)))
  checkSeats([...Array.from(roster.values()).filter((s) => !removed.has(s.leaf)), ...added])
  return { added: added.map((s) => s.id), removed: incoming.removes }
}
