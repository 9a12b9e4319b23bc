/**
 * The MLS profile (PROTOCOL.md, "Group"): what of RFC 9420 a Paravent group may
 * hold. Every client checks every commit against it before applying it, and
 * every Welcome before believing it. Decisions only: no state, no clock.
 */

import { decode, encode, rfc8949EncodeOptions } from "cborg"
import { ENTRIES_MAX } from "./admission.ts"
import { ascii, type Bytes, bigEndian, concat, equal, own, toHex } from "./bytes.ts"
import { GENERATION_SIZE } from "./generation.ts"
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
const ENTRY_MAX = 16384 // bytes of an admission or a kick
const AUTHENTICATED_MAX = 49152 // bytes of a commit's authenticated data

const PERSON_SIZE = 16
const MAC_SIZE = 16
const KEY_SIZE = 32
const ROOM_SIZE = 16
const GROUP_SIZE = 32
const PSK_LABEL = ascii("paravent psk")

// ---- Identity ----

/** What a leaf may do; part of its credential. A moderator's leaf is a participant's. */
export type Role = 0x01 | 0x02
export const PARTICIPANT = 0x01
/** Receives only: its frames and chat lines count for nothing. */
export const VIEWER = 0x02

const leafLabels: Readonly<Record<Role, Bytes>> = { [PARTICIPANT]: ascii("paravent leaf v1"), [VIEWER]: ascii("paravent viewer leaf v1") }

async function leafMac(key: CryptoKey, role: Role, person: Uint8Array, signatureKey: Uint8Array): Promise<Bytes> {
  const mac = await crypto.subtle.sign("HMAC", key, concat(leafLabels[role], person, signatureKey))
  return new Uint8Array(mac).slice(0, MAC_SIZE)
}

/** The credential identity of a person's leaf, 33 bytes. */
export async function identityOf(key: CryptoKey, person: Uint8Array, signatureKey: Uint8Array, role: Role = PARTICIPANT): Promise<Bytes> {
  return concat(Uint8Array.of(role), person, await leafMac(key, role, person, signatureKey))
}

/** Compares in constant time: the only MAC of the profile that is not verified by WebCrypto, being cut short. */
function sameMac(a: Uint8Array, b: Uint8Array): boolean {
  let different = a.length ^ b.length
  for (let i = 0; i < a.length; i++) different |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return different === 0
}

/** Whose a leaf is. */
export interface Owner {
  readonly person: Bytes // 16 bytes
  readonly role: Role
}

/** Null when a leaf's MAC, its form or its keys are not as the profile wants them. */
export async function ownerOf(leaf: mls.Leaf, key: CryptoKey): Promise<Owner | null> {
  const { identity, signatureKey, encryptionKey } = leaf
  if (!leaf.plain || signatureKey.length !== KEY_SIZE || encryptionKey.length !== KEY_SIZE) return null
  const role = identity[0]
  if (identity.length !== 1 + PERSON_SIZE + MAC_SIZE || (role !== PARTICIPANT && role !== VIEWER)) return null
  const person = own(identity.subarray(1, 1 + PERSON_SIZE))
  const mac = await leafMac(key, role, person, signatureKey)
  return sameMac(identity.subarray(1 + PERSON_SIZE), mac) ? { person, role } : null
}

// ---- Group id and PSK ----

export const newGroupId = (room: Uint8Array): Bytes => concat(room, crypto.getRandomValues(new Uint8Array(GROUP_SIZE - ROOM_SIZE)))

/** The id of a link generation's PSK. Generation 0 is the link as it was made. */
export const pskId = (generation: number): Bytes => concat(PSK_LABEL, bigEndian(BigInt(generation), 4))

/** The PSK of generation 0 in a room without a passphrase. */
export const pskOf = (room: Room, generation = 0): mls.Psk => ({ id: pskId(generation), secret: room.psk })

// ---- Authenticated data of a commit ----

/** Why a commit was made. */
type Reason = 0 | 1 | 2
/** Nobody comes or goes: fresh keys only. */
export const REFRESH = 0
/** Somebody comes or goes. */
export const CHANGE = 1
/** A link generation begins. */
export const ROTATE = 2

/** What a commit says besides. The entries of `a` and `k` are signed by moderators (statement.ts). */
interface Stated {
  readonly r: Reason
  readonly a: readonly Uint8Array[] // admissions
  readonly k: readonly Uint8Array[] // kicks
  readonly g?: Uint8Array // of ROTATE, and no other: number, nonce and the sealed L of the generation (rotate.ts)
}

/** The bytes of what a commit says; null when a limit is broken. */
export function encodeStated(said: Stated): Bytes | null {
  const bytes = own(encode(said, rfc8949EncodeOptions))
  return stated(bytes) === null ? null : bytes
}

/** The same where nothing can be beyond a limit: throws MlsError. */
export function authenticate(r: Reason, a: readonly Uint8Array[] = [], k: readonly Uint8Array[] = [], g?: Uint8Array): Bytes {
  const bytes = encodeStated({ r, a, k, ...(g === undefined ? {} : { g }) })
  if (bytes === null) throw new MlsError("profile", "authenticated data within the limits")
  return bytes
}

const isEntries = (v: unknown): v is Uint8Array[] =>
  Array.isArray(v) && v.length <= ENTRIES_MAX && v.every((s) => s instanceof Uint8Array && s.length <= ENTRY_MAX)

const isGeneration = (v: unknown): v is Uint8Array => v instanceof Uint8Array && v.length === GENERATION_SIZE

/** What these members say; null when they are others, or of another kind. */
function statedBy(value: Readonly<Record<string, unknown>>): Stated | null {
  const { r, a, k, g } = value
  if (!isEntries(a) || !isEntries(k)) return null
  const names = Object.keys(value).sort().join()
  if (names === "a,g,k,r" && r === ROTATE && isGeneration(g)) return { r, a, k, g }
  return names === "a,k,r" && (r === REFRESH || r === CHANGE) ? { r, a, k } : null
}

/** Null unless `bytes` are the one deterministic encoding (RFC 8949, section 4.2.1) of exactly these members. */
export function stated(bytes: Uint8Array): Stated | null {
  if (bytes.length > AUTHENTICATED_MAX) return null
  try {
    const value: unknown = decode(bytes, { strict: true, allowIndefinite: false, allowUndefined: false, rejectDuplicateMapKeys: true })
    if (typeof value !== "object" || value === null) return null
    const said = statedBy(value as Record<string, unknown>)
    return said !== null && equal(encode(said, rfc8949EncodeOptions), bytes) ? said : null
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
  readonly viewer: boolean
}

/** Everybody in the group, by leaf number. */
export type Roster = ReadonlyMap<number, Seat>

async function seat(leaf: mls.Leaf, number: number, key: CryptoKey): Promise<Seat> {
  const owner = await ownerOf(leaf, key)
  if (owner === null) throw new MlsError("profile", "a leaf of this link")
  const { person, role } = owner
  const { identity, signatureKey } = leaf
  return { leaf: number, person, id: toHex(person), identity, signatureKey, viewer: role === VIEWER }
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

/** What a commit that the profile allows does. Whether those it adds may come, admission.ts decides. */
interface Allowed {
  readonly said: Stated
  readonly added: readonly Seat[] // leaf numbers not known yet: -1
  readonly removed: readonly number[] // leaf numbers
}

/** `generation` is the group's present link generation. */
function checkForm(incoming: mls.Incoming, group: mls.Group, generation: number): Stated {
  const { adds, removes, psks } = incoming
  if (incoming.epoch !== mls.epoch(group) || !equal(incoming.groupId, mls.groupId(group)))
    throw new MlsError("epoch", "a commit for this epoch")
  if (incoming.others) throw new MlsError("profile", "only inline adds, removes and one psk")
  const said = stated(incoming.authenticatedData)
  if (said === null) throw new MlsError("profile", "known authenticated data")
  const rotates = said.r === ROTATE
  const wanted = pskId(rotates ? generation + 1 : generation)
  if (psks.length !== 1 || !equal(psks[0] ?? new Uint8Array(), wanted)) throw new MlsError("profile", "the psk of this link")
  if (adds.length > ADDS_MAX) throw new MlsError("profile", "at most 64 adds")
  if (incoming.path === null && (removes.length > 0 || adds.length === 0)) throw new MlsError("profile", "a path")
  const changes = adds.length + removes.length > 0
  // The new link is sealed with a secret that all members have: none of them may go with it.
  if (rotates ? changes : said.r !== (changes ? CHANGE : REFRESH)) throw new MlsError("profile", "the reason of the commit")
  return said
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
export async function checkCommit(incoming: mls.Incoming, group: mls.Group, roster: Roster, room: Room, generation = 0): Promise<Allowed> {
  const said = checkForm(incoming, group, generation)
  checkCommitter(incoming, group, roster)
  const removed = new Set(incoming.removes)
  if (removed.size !== incoming.removes.length || incoming.removes.some((leaf) => !roster.has(leaf))) {
    throw new MlsError("profile", "removes of members, once each")
  }
  const added = await Promise.all(incoming.adds.map((c) => seat(c, -1, room.leafMac)))
  checkSeats([...Array.from(roster.values()).filter((s) => !removed.has(s.leaf)), ...added])
  return { said, added, removed: incoming.removes }
}
