/**
 * Links: their text, what is derived from their secrets, and the proofs of
 * possession (PROTOCOL.md, "Link" and "Proofs"). WebCrypto only.
 */

import { decodeStatement, encodeStatement, type Policy } from "../../client/src/wire/statements.gen.ts"
import { ascii, type Bytes, bigEndian, concat, equal, fromBase64Url, own, toBase64Url } from "./bytes.ts"
import { decodeFields, encodeFields, has, isBytes } from "./cbor.ts"
import {
  agreementPair,
  checkSizes,
  expand,
  hashModerators,
  hashRoom,
  type ModeratorKeys,
  type SigningPair,
  sign,
  signingPair,
} from "./derive.ts"
import { passphraseKeys } from "./passphrase.ts"
import type { Link, Rule, Rules, Ticket } from "./port.ts"
import { readTicket, TICKET_SECRET_SIZE, TICKET_SIZE, ticketKeys } from "./ticket.ts"

export type { AgreementPair, ModeratorKeys, SigningPair } from "./derive.ts"
export { hashModerators, hashRoom } from "./derive.ts"

const SECRET_SIZE = 32
const HASH_SIZE = 16
const PERSON_SIZE = 16
const NONCE_SIZE = 32
const SALT_SIZE = 16
const NUMBER_SIZE = 4
const HOST_MAX = 128 // bytes, as on the wire
const FRAGMENT_SIZE_MAX = 24576 // characters: rules with full lists fit; longer input is not looked at
const ORIGIN_SIZE_MAX = 300 // a host name has at most 253 characters

const ROOM_SALT = "paravent v1"
const MODERATOR_SALT = "paravent moderator v1"

/** A link whose parts fit together, and the server it leads to. */
interface ParsedLink {
  readonly origin: string
  readonly link: Link
}

/** Everything that follows from L and mh. */
export interface RoomKeys {
  readonly room: Bytes // room id, 16 bytes
  readonly moderators: Bytes // mh, 16 bytes
  readonly join: SigningPair
  readonly leafMac: CryptoKey // k_leaf: HMAC-SHA-256, sign and verify
  readonly psk: Bytes // psk of link generation 0, 32 bytes
  readonly passphraseSalt: Bytes // 16 bytes: for stretch (passphrase.ts)
}

/** What follows from the link secret of a generation. */
export interface GenerationKeys {
  readonly join: SigningPair // its public key is Policy.generation.key
  readonly psk: Bytes // 32 bytes
}

/** join and psk of a generation, from its link secret. */
export async function generationKeys(secret: Uint8Array): Promise<GenerationKeys> {
  checkSizes([secret, SECRET_SIZE])
  const [seed, psk] = await Promise.all([expand(secret, ROOM_SALT, "join"), expand(secret, ROOM_SALT, "mls psk")])
  return { join: await signingPair(seed), psk }
}

/** The link secret of a later generation, 32 bytes: whoever has M has all of them. `number` is from 1. */
export const generationSecret = (moderator: Uint8Array, number: number): Promise<Bytes> => {
  if (number < 1) throw new RangeError("link: generation 0 is the link's own")
  return expand(moderator, MODERATOR_SALT, concat(ascii("link "), bigEndian(BigInt(number), NUMBER_SIZE)))
}

/** Derives all that a participant link gives. */
export async function deriveRoom(link: Link): Promise<RoomKeys> {
  const [{ join, psk }, mac, passphraseSalt] = await Promise.all([
    generationKeys(link.secret),
    expand(link.secret, ROOM_SALT, "leaf mac"),
    expand(link.secret, ROOM_SALT, "passphrase salt", SALT_SIZE),
  ])
  const leafMac = await crypto.subtle.importKey("raw", mac, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])
  const moderators = own(link.moderators)
  return { room: await hashRoom(moderators, join.publicKey), moderators, join, leafMac, psk, passphraseSalt }
}

/** Derives the moderator keys from M. */
export async function deriveModerator(secret: Uint8Array): Promise<ModeratorKeys> {
  const [seed, privateKey] = await Promise.all([expand(secret, MODERATOR_SALT, "sig"), expand(secret, MODERATOR_SALT, "kem")])
  const [signature, kem] = await Promise.all([signingPair(seed), agreementPair(privateKey)])
  return { signature, kem }
}

// ---- The parts behind "~" ----

function readGeneration(bytes: Bytes): Link["generation"] | null {
  if (bytes.length !== NUMBER_SIZE + SECRET_SIZE) return null
  const number = new DataView(bytes.buffer).getUint32(0)
  return number === 0 ? null : { number, secret: bytes.slice(NUMBER_SIZE) }
}

async function readTicketPart(bytes: Bytes, link: Link): Promise<Ticket | null> {
  if (bytes.length !== TICKET_SECRET_SIZE + TICKET_SIZE) return null
  const [secret, ticket] = [bytes.slice(0, TICKET_SECRET_SIZE), bytes.slice(TICKET_SECRET_SIZE)]
  const read = await readTicket(ticket, (await deriveRoom(link)).room, link.moderators)
  return read !== null && equal(read.key, (await ticketKeys(secret)).publicKey) ? { secret, ticket } : null
}

/** The policy in rules: canonical, number 0, a version that can hold. */
function readRule(text: unknown): Rule | null {
  if (typeof text !== "string") return null
  try {
    const statement = decodeStatement(text)
    if (statement.t !== "policy" || statement.seq !== 0 || statement.version === 0 || encodeStatement(statement) !== text) return null
    const { t: _t, seq: _seq, ...policy } = statement
    return policy
  } catch {
    return null // Malformed
  }
}

/** Whether keys and secrets in rules belong together: false ones would lock everybody out, or nobody. */
async function fits({ policy, passphrase }: Rules, moderator: Uint8Array): Promise<boolean> {
  if ((passphrase === undefined) !== (policy.passphrase === undefined)) return false
  if (passphrase !== undefined && policy.passphrase !== undefined) {
    const { signature } = await passphraseKeys(passphrase)
    if (!equal(signature.publicKey, policy.passphrase)) return false
  }
  if (policy.generation === undefined) return true
  const { number, key } = policy.generation
  if (number === 0 || number > 0xffffffff) return false
  return equal((await generationKeys(await generationSecret(moderator, number))).join.publicKey, key)
}

async function readRules(bytes: Bytes, moderator: Uint8Array): Promise<Rules | null> {
  const fields = decodeFields(bytes)
  if (fields === null || !has(fields, ["p"], ["s", "h"])) return null
  const { p, s, h } = fields
  const policy = readRule(p)
  if (policy === null || (s !== undefined && !isBytes(s, SECRET_SIZE))) return null
  if (h !== undefined && !(h instanceof Uint8Array && h.length >= 1 && h.length <= HOST_MAX)) return null
  const rules = { policy, ...(s === undefined ? {} : { passphrase: own(s) }), ...(h === undefined ? {} : { host: own(h) }) }
  return (await fits(rules, moderator)) ? rules : null
}

function writeRules({ policy, passphrase, host }: Rules): Bytes {
  const statement: Policy = { t: "policy", seq: 0, ...policy }
  if (policy.version === 0) throw new RangeError("link: rules that never hold")
  return encodeFields({ p: encodeStatement(statement), s: passphrase, h: host })
}

// ---- Text ----

const form =
  /^#1\.([A-Za-z0-9_-]{64})(?:\.([A-Za-z0-9_-]{43}))?(?:~g([A-Za-z0-9_-]+))?(?:~m(AQ))?(?:~t([A-Za-z0-9_-]+))?(?:~r([A-Za-z0-9_-]+))?$/

/** What a link says of a room in which all faces are masked: a byte of 1. */
const MASKED = "~mAQ"

/** Reads what stands behind "~g", "~m", "~t" and "~r"; null when one of them is wrong or stands where it may not. */
async function withParts(link: Link, [g, m, t, r]: readonly (string | undefined)[]): Promise<Link | null> {
  if (link.moderator !== undefined) {
    if (g !== undefined || m !== undefined || t !== undefined) return null
    const bytes = r === undefined ? undefined : fromBase64Url(r)
    if (bytes === undefined) return link
    const rules = bytes && (await readRules(bytes, link.moderator))
    return rules && { ...link, rules }
  }
  if (r !== undefined) return null
  const [generationPart, ticketPart] = [g === undefined ? undefined : fromBase64Url(g), t === undefined ? undefined : fromBase64Url(t)]
  const generation = generationPart && readGeneration(generationPart)
  const ticket = ticketPart && (await readTicketPart(ticketPart, link))
  if (generation === null || ticket === null) return null
  const masks = m === undefined ? {} : ({ masked: true } as const)
  return { ...link, ...(generation === undefined ? {} : { generation }), ...masks, ...(ticket === undefined ? {} : { ticket }) }
}

/**
 * Reads the fragment of a link, "#" included. Null unless every character is
 * as the protocol wants it and all parts belong together: M to mh, a ticket to
 * the room and its secret, rules to M.
 */
export async function parseFragment(fragment: string): Promise<Link | null> {
  const parts = fragment.length > FRAGMENT_SIZE_MAX ? null : form.exec(fragment)
  const participant = parts?.[1] === undefined ? null : fromBase64Url(parts[1])
  if (parts === null || participant === null) return null
  const link = { secret: participant.slice(0, SECRET_SIZE), moderators: participant.slice(SECRET_SIZE) }
  if (parts[2] === undefined) return withParts(link, parts.slice(3))
  const moderator = fromBase64Url(parts[2])
  if (moderator === null) return null
  const keys = await deriveModerator(moderator)
  const hash = await hashModerators(keys.signature.publicKey, keys.kem.publicKey)
  return equal(hash, link.moderators) ? withParts({ ...link, moderator }, parts.slice(3)) : null
}

const originForm = /^(https?):\/\/([a-z0-9]+(?:[.-]+[a-z0-9]+)*|\[[0-9a-f:]+(?:\.[0-9.]+)?\])(?::([1-9][0-9]{0,4}))?$/
const loopback = ["localhost", "127.0.0.1", "[::1]"]

/** Whether `origin` is one a link may name: https, or http on this very machine; no default port. */
function isOrigin(origin: string): boolean {
  const parts = origin.length > ORIGIN_SIZE_MAX ? null : originForm.exec(origin)
  if (parts === null) return false
  const [, scheme, host = "", port] = parts
  if (scheme === "http" && !loopback.includes(host)) return false
  return port === undefined || (Number(port) <= 65535 && port !== (scheme === "https" ? "443" : "80"))
}

/** Reads a whole link. Null for anything but the one correct spelling. */
export async function parseLink(text: string): Promise<ParsedLink | null> {
  const hash = text.indexOf("/#")
  if (hash < 0) return null
  const origin = text.slice(0, hash)
  if (!isOrigin(origin)) return null
  const link = await parseFragment(text.slice(hash + 1))
  return link === null ? null : { origin, link }
}

const base = (origin: string, link: Link): string => `${origin}/#1.${toBase64Url(concat(link.secret, link.moderators))}`

/** The participant's text of `link`, with its generation, its mark and its ticket, without the moderator's parts even if they are there. Who copies a link for others leaves its own ticket out. */
export function participantText(origin: string, link: Link): string {
  const { generation, masked, ticket } = link
  const g = generation && `~g${toBase64Url(concat(bigEndian(BigInt(generation.number), NUMBER_SIZE), generation.secret))}`
  const t = ticket && `~t${toBase64Url(concat(ticket.secret, ticket.ticket))}`
  return `${base(origin, link)}${g ?? ""}${masked === true ? MASKED : ""}${t ?? ""}`
}

/** A participant's text as it is to be given away from now on: saying that all faces are masked, or not. */
export function textSaying(masked: boolean, text: string): string {
  const bare = text.replace(MASKED, "")
  return masked ? bare.replace(/(?=~t|$)/, MASKED) : bare
}

/** The moderator's text, with its rules, or "" when `link` is a participant's. It has no generation: M gives them all. Throws RangeError for rules of version 0. */
export function moderatorText(origin: string, link: Link): string {
  if (link.moderator === undefined) return ""
  const r = link.rules && `~r${toBase64Url(writeRules(link.rules))}`
  return `${base(origin, link)}.${toBase64Url(link.moderator)}${r ?? ""}`
}

/**
 * Makes a room: fresh secrets, and the two links that lead to it. `rules` may
 * be a function of the salt for the passphrase, which depends on the secrets.
 */
export async function newLinks(
  origin: string,
  rules?: Rules | ((passphraseSalt: Bytes) => Promise<Rules>),
): Promise<{ readonly participant: string; readonly moderator: string }> {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_SIZE))
  const moderator = crypto.getRandomValues(new Uint8Array(SECRET_SIZE))
  const keys = await deriveModerator(moderator)
  const link = { secret, moderators: await hashModerators(keys.signature.publicKey, keys.kem.publicKey), moderator }
  const made = typeof rules === "function" ? await rules((await deriveRoom(link)).passphraseSalt) : rules
  if (made !== undefined && !(await fits(made, moderator))) throw new RangeError("link: rules that do not fit together")
  return {
    participant: participantText(origin, link),
    moderator: moderatorText(origin, made === undefined ? link : { ...link, rules: made }),
  }
}

// ---- Proofs ----

type Prove = (key: CryptoKey, nonce: Uint8Array, room: Uint8Array, person: Uint8Array) => Promise<Bytes>

const prover =
  (label: string): Prove =>
  (key, nonce, room, person) => {
    checkSizes([nonce, NONCE_SIZE], [room, HASH_SIZE], [person, PERSON_SIZE])
    return sign(key, concat(ascii(label), nonce, room, person))
  }

/** Proves to the server, for its nonce, with `join`, that this person has the link. 64 bytes. */
export const proveJoin: Prove = prover("paravent join proof v1")

/** The same with the `join` of a later generation, for a link that has one. */
export const proveGeneration: Prove = prover("paravent generation proof v1")

/** The same for the passphrase, with the signing key that follows from it. */
export const provePassphrase: Prove = prover("paravent passphrase proof v1")

/** Proves to the server, with the leaf's signature key, which a grant names, that this person may moderate. 64 bytes. */
export const proveModerator: Prove = prover("paravent moderator proof v1")
