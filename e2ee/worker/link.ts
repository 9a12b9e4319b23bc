/**
 * Links: their text, what is derived from their secrets, and the proofs of
 * possession (PROTOCOL.md, "Link" and "Proofs"). WebCrypto only.
 */

import { ascii, type Bytes, concat, equal, fromBase64Url, own, toBase64Url } from "./bytes.ts"
import type { Link } from "./port.ts"

const SECRET_SIZE = 32
const HASH_SIZE = 16
const PERSON_SIZE = 16
const NONCE_SIZE = 32
const FRAGMENT_SIZE_MAX = 128 // the longest fragment is 110 characters: longer input is not looked at
const ORIGIN_SIZE_MAX = 300 // a host name has at most 253 characters

/** A link whose parts fit together, and the server it leads to. */
export interface ParsedLink {
  readonly origin: string
  readonly link: Link
}

/** An Ed25519 key pair whose private half cannot be read. */
export interface SigningPair {
  readonly publicKey: Bytes // 32 bytes
  readonly privateKey: CryptoKey // sign only
}

/** An X25519 key pair whose private half cannot be read. */
export interface AgreementPair {
  readonly publicKey: Bytes // 32 bytes
  readonly privateKey: CryptoKey // deriveBits only
}

/** What a moderator link holds beyond a participant link. */
export interface ModeratorKeys {
  readonly signature: SigningPair
  readonly kem: AgreementPair
}

/** Everything that follows from L and mh. */
export interface RoomKeys {
  readonly room: Bytes // room id, 16 bytes
  readonly moderators: Bytes // mh, 16 bytes
  readonly join: SigningPair
  readonly leafMac: CryptoKey // k_leaf: HMAC-SHA-256, sign and verify
  readonly psk: Bytes // psk of link generation 0, 32 bytes
}

async function expand(ikm: Uint8Array, salt: string, label: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", own(ikm), "HKDF", false, ["deriveBits"])
  const params = { name: "HKDF", hash: "SHA-256", salt: ascii(salt), info: ascii(label) }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, 256))
}

// PKCS #8 (RFC 8410, section 7) of a private key: this, then its 32 bytes.
const pkcs8Prefix = (oid: number): Bytes => Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 4, 0x22, 4, 0x20)
const ED25519_OID = 0x70
const X25519_OID = 0x6e

/** The public half of a private key: WebCrypto tells it only in the JWK of an extractable key. */
async function publicHalf(pkcs8: Bytes, name: "Ed25519" | "X25519", usage: KeyUsage): Promise<Bytes> {
  const readable = await crypto.subtle.importKey("pkcs8", pkcs8, { name }, true, [usage])
  const { x } = await crypto.subtle.exportKey("jwk", readable)
  const key = x === undefined ? null : fromBase64Url(x)
  if (key?.length !== SECRET_SIZE) throw new Error("link: no public key in the JWK")
  return key
}

async function pairFrom(seed: Uint8Array, name: "Ed25519" | "X25519"): Promise<SigningPair> {
  const pkcs8 = concat(pkcs8Prefix(name === "Ed25519" ? ED25519_OID : X25519_OID), seed)
  const usage = name === "Ed25519" ? "sign" : "deriveBits"
  const publicKey = await publicHalf(pkcs8, name, usage)
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, { name }, false, [usage])
  pkcs8.fill(0)
  return { publicKey, privateKey }
}

async function shortHash(...parts: readonly Uint8Array[]): Promise<Bytes> {
  const hash = await crypto.subtle.digest("SHA-256", concat(...parts))
  return new Uint8Array(hash).slice(0, HASH_SIZE)
}

/** mh: what a link says of the moderators' keys. */
export const hashModerators = (signatureKey: Uint8Array, kemKey: Uint8Array): Promise<Bytes> =>
  shortHash(ascii("paravent moderators v1"), signatureKey, kemKey)

/** The room id that belongs to mh and the public join key. */
export const hashRoom = (moderators: Uint8Array, joinKey: Uint8Array): Promise<Bytes> =>
  shortHash(ascii("paravent room v1"), moderators, joinKey)

/** psk[g], 32 bytes, from the link secret of generation g. */
export const deriveLinkPsk = (secret: Uint8Array): Promise<Bytes> => expand(secret, "paravent v1", "mls psk")

/** Derives all that a participant link gives. */
export async function deriveRoom(link: Link): Promise<RoomKeys> {
  const [joinSeed, mac, psk] = await Promise.all([
    expand(link.secret, "paravent v1", "join"),
    expand(link.secret, "paravent v1", "leaf mac"),
    deriveLinkPsk(link.secret),
  ])
  const join = await pairFrom(joinSeed, "Ed25519")
  const leafMac = await crypto.subtle.importKey("raw", mac, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])
  const moderators = own(link.moderators)
  return { room: await hashRoom(moderators, join.publicKey), moderators, join, leafMac, psk }
}

/** Derives the moderator keys from M. */
export async function deriveModerator(secret: Uint8Array): Promise<ModeratorKeys> {
  const [signatureSeed, kemSeed] = await Promise.all([
    expand(secret, "paravent moderator v1", "sig"),
    expand(secret, "paravent moderator v1", "kem"),
  ])
  const [signature, kem] = await Promise.all([pairFrom(signatureSeed, "Ed25519"), pairFrom(kemSeed, "X25519")])
  return { signature, kem }
}

// ---- Text ----

const split = /^#1\.([A-Za-z0-9_-]{64})(?:\.([A-Za-z0-9_-]{43}))?$/

/**
 * Reads the fragment of a link, "#" included. Null unless every character is
 * as the protocol wants it and, in a moderator link, M belongs to mh.
 */
export async function parseFragment(fragment: string): Promise<Link | null> {
  if (fragment.length > FRAGMENT_SIZE_MAX) return null
  const parts = split.exec(fragment)
  const participant = parts?.[1] === undefined ? null : fromBase64Url(parts[1])
  if (participant === null) return null
  const link = { secret: participant.slice(0, SECRET_SIZE), moderators: participant.slice(SECRET_SIZE) }
  if (parts?.[2] === undefined) return link
  const moderator = fromBase64Url(parts[2])
  if (moderator === null) return null
  const keys = await deriveModerator(moderator)
  const hash = await hashModerators(keys.signature.publicKey, keys.kem.publicKey)
  return equal(hash, link.moderators) ? { ...link, moderator } : null
}

const originForm = /^(https?):\/\/([a-z0-9]+(?:[.-]+[a-z0-9]+)*|\[[0-9a-f:]+(?:\.[0-9.]+)?\])(?::([1-9][0-9]{0,4}))?$/
const loopback = ["localhost", "127.0.0.1", "[::1]"]

/** Whether `origin` is one a link may name: https, or http on this very machine; no default port. */
export function isOrigin(origin: string): boolean {
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

/** The participant's text of `link`, without the moderator's part even if it is there. */
export const participantText = (origin: string, link: Link): string => `${origin}/#1.${toBase64Url(concat(link.secret, link.moderators))}`

/** The moderator's text, or "" when `link` is a participant's. */
export const moderatorText = (origin: string, link: Link): string =>
  link.moderator === undefined ? "" : `${participantText(origin, link)}.${toBase64Url(link.moderator)}`

/** Makes a room: fresh secrets, and the two links that lead to it. */
export async function newLinks(origin: string): Promise<{ readonly participant: string; readonly moderator: string }> {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_SIZE))
  const moderator = crypto.getRandomValues(new Uint8Array(SECRET_SIZE))
  const keys = await deriveModerator(moderator)
  const link = { secret, moderators: await hashModerators(keys.signature.publicKey, keys.kem.publicKey), moderator }
  return { participant: participantText(origin, link), moderator: moderatorText(origin, link) }
}

// ---- Proofs ----

function proofInput(label: string, nonce: Uint8Array, room: Uint8Array, person: Uint8Array): Bytes {
  if (nonce.length !== NONCE_SIZE || room.length !== HASH_SIZE || person.length !== PERSON_SIZE)
    throw new RangeError("link: proof over wrong sizes")
  return concat(ascii(label), nonce, room, person)
}

const sign = async (key: CryptoKey, input: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.sign("Ed25519", key, input))

/** Proves to the server, for its nonce, that this person has the link. 64 bytes. */
export const proveJoin = (key: CryptoKey, nonce: Uint8Array, room: Uint8Array, person: Uint8Array): Promise<Bytes> =>
  sign(key, proofInput("paravent join proof v1", nonce, room, person))

/** Proves to the server, for its nonce, that this person has the moderator link. 64 bytes. */
export const proveModerator = (key: CryptoKey, nonce: Uint8Array, room: Uint8Array, person: Uint8Array): Promise<Bytes> =>
  sign(key, proofInput("paravent moderator proof v1", nonce, room, person))
