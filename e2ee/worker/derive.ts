/**
 * What links, tickets, grants and passphrases are made of: keys from secrets,
 * short hashes, and signatures (PROTOCOL.md, "Link"). WebCrypto only.
 */

import { ascii, type Bytes, concat, fromBase64Url, own } from "./bytes.ts"

const SECRET_SIZE = 32
const HASH_SIZE = 16

/** An Ed25519 key pair whose private half cannot be read. */
export interface SigningPair {
  readonly publicKey: Bytes // 32 bytes
  readonly privateKey: CryptoKey // sign only
}

/** An X25519 key pair. */
export interface AgreementPair {
  readonly publicKey: Bytes // 32 bytes
  readonly privateKey: CryptoKey // deriveBits only
}

/** What a moderator link holds beyond a participant link. */
export interface ModeratorKeys {
  readonly signature: SigningPair
  readonly kem: AgreementPair
}

/** Whose grants and tickets count: what every link of a room says. */
export interface RoomIds {
  readonly room: Uint8Array // room id, 16 bytes
  readonly moderators: Uint8Array // mh, 16 bytes
}

/** HKDF (RFC 5869) with SHA-256, both steps. */
export async function expand(ikm: Uint8Array, salt: string, label: string | Uint8Array, size = SECRET_SIZE): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", own(ikm), "HKDF", false, ["deriveBits"])
  const info = typeof label === "string" ? ascii(label) : own(label)
  const params = { name: "HKDF", hash: "SHA-256", salt: ascii(salt), info }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, 8 * size))
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
  if (key?.length !== SECRET_SIZE) throw new Error("derive: no public key in the JWK")
  return key
}

/**
 * The key pair of a seed (Ed25519) or private key (X25519) of 32 bytes.
 * X25519 keys are extractable, as HPKE asks WebCrypto for their public half.
 */
async function pairFrom(seed: Uint8Array, name: "Ed25519" | "X25519"): Promise<SigningPair> {
  const pkcs8 = concat(pkcs8Prefix(name === "Ed25519" ? ED25519_OID : X25519_OID), seed)
  const usage = name === "Ed25519" ? "sign" : "deriveBits"
  const publicKey = await publicHalf(pkcs8, name, usage)
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, { name }, name === "X25519", [usage])
  pkcs8.fill(0)
  return { publicKey, privateKey }
}

export const signingPair = (seed: Uint8Array): Promise<SigningPair> => pairFrom(seed, "Ed25519")

export const agreementPair = (privateKey: Uint8Array): Promise<AgreementPair> => pairFrom(privateKey, "X25519")

/** The first 16 bytes of SHA-256. */
export async function shortHash(...parts: readonly Uint8Array[]): Promise<Bytes> {
  const hash = await crypto.subtle.digest("SHA-256", concat(...parts))
  return new Uint8Array(hash).slice(0, HASH_SIZE)
}

/** mh: what a link says of the moderators' keys. */
export const hashModerators = (signatureKey: Uint8Array, kemKey: Uint8Array): Promise<Bytes> =>
  shortHash(ascii("paravent moderators v1"), signatureKey, kemKey)

/** The room id that belongs to mh and the public join key. */
export const hashRoom = (moderators: Uint8Array, joinKey: Uint8Array): Promise<Bytes> =>
  shortHash(ascii("paravent room v1"), moderators, joinKey)

/** Ed25519, 64 bytes. */
export const sign = async (key: CryptoKey, input: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.sign("Ed25519", key, input))

/** Whether an Ed25519 signature holds; false for a key that is none. */
export async function verifies(publicKey: Uint8Array, signature: Uint8Array, input: Bytes): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", own(publicKey), "Ed25519", false, ["verify"])
    return await crypto.subtle.verify("Ed25519", key, own(signature), input)
  } catch {
    return false // not a key
  }
}

/** Throws RangeError unless every part has its size: what is signed must not run together. */
export function checkSizes(...parts: readonly (readonly [part: Uint8Array, size: number])[]): void {
  if (parts.some(([part, size]) => part.length !== size)) throw new RangeError("derive: a part of a wrong size")
}
