/**
 * SFrame (RFC 9605) with AES-GCM: the header, the keys, one frame. Who may
 * send what with which counter is decided in keys.ts.
 */

import { ascii, type Bytes, bigEndian, concat, own } from "./bytes.ts"

/** A cipher suite of RFC 9605, section 4.5, that WebCrypto does in one call. */
export interface Suite {
  readonly id: number
  readonly hash: "SHA-256" | "SHA-512"
  readonly keyBits: 128 | 256
}

export const AES_128_GCM_SHA256_128: Suite = { id: 4, hash: "SHA-256", keyBits: 128 }
/** The suite Paravent uses. */
export const AES_256_GCM_SHA512_128: Suite = { id: 5, hash: "SHA-512", keyBits: 256 }

const TAG_SIZE = 16
const NONCE_SIZE = 12

// ---- Header (section 4.3) ----

export interface Header {
  readonly kid: bigint
  readonly ctr: bigint
  readonly size: number // bytes, 1..17
}

const SHORT = 7n // the greatest value that fits into the configuration byte itself

function minimal(value: bigint): Bytes {
  let size = 1
  while (value >> BigInt(8 * size) !== 0n) size++
  return bigEndian(value, size)
}

/** Both numbers must be below 2^64. */
export function encodeHeader(kid: bigint, ctr: bigint): Bytes {
  const kidBytes = kid > SHORT ? minimal(kid) : new Uint8Array()
  const ctrBytes = ctr > SHORT ? minimal(ctr) : new Uint8Array()
  if (kidBytes.length > 8 || ctrBytes.length > 8) throw new RangeError("sframe: number above 64 bits")
  const high = kid > SHORT ? 0x80 | ((kidBytes.length - 1) << 4) : Number(kid) << 4
  const low = ctr > SHORT ? 0x08 | (ctrBytes.length - 1) : Number(ctr)
  return concat(Uint8Array.of(high | low), kidBytes, ctrBytes)
}

/** Null when the header is cut short or spells a number longer than necessary. */
export function parseHeader(bytes: Uint8Array): Header | null {
  const config = bytes[0]
  if (config === undefined) return null
  let size = 1
  const number = (nibble: number): bigint | null => {
    if (nibble < 8) return BigInt(nibble)
    const end = size + (nibble & 7) + 1
    if (end > bytes.length) return null
    const width = end - size
    let value = 0n
    for (; size < end; size++) value = (value << 8n) | BigInt(bytes[size] ?? 0)
    const shortest = value > SHORT && value >> BigInt(8 * (width - 1)) !== 0n
    return shortest ? value : null
  }
  const kid = number(config >> 4)
  if (kid === null) return null
  const ctr = number(config & 15)
  return ctr === null ? null : { kid, ctr, size }
}

// ---- Keys (section 4.4.2) ----

/** The key of one KID. Unreadable but for the salt. */
export interface FrameKey {
  readonly kid: bigint
  readonly key: CryptoKey
  readonly salt: Bytes // 12 bytes
}

/** Imports a base key for deriveFrameKey; `bytes` may be erased afterwards. */
export const importBaseKey = (bytes: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", own(bytes), "HKDF", false, ["deriveKey", "deriveBits"])

/** Derives the key and salt of `kid` from an HKDF base key. */
export async function deriveFrameKey(baseKey: CryptoKey, kid: bigint, suite: Suite = AES_256_GCM_SHA512_128): Promise<FrameKey> {
  const of = (label: string) => ({
    name: "HKDF",
    hash: suite.hash,
    salt: new Uint8Array(),
    info: concat(ascii(label), bigEndian(kid, 8), bigEndian(BigInt(suite.id), 2)),
  })
  const algorithm = { name: "AES-GCM", length: suite.keyBits }
  const [key, salt] = await Promise.all([
    crypto.subtle.deriveKey(of("SFrame 1.0 Secret key "), baseKey, algorithm, false, ["encrypt", "decrypt"]),
    crypto.subtle.deriveBits(of("SFrame 1.0 Secret salt "), baseKey, 8 * NONCE_SIZE),
  ])
  return { kid, key, salt: new Uint8Array(salt) }
}

// ---- One frame (sections 4.4.3 and 4.4.4) ----

function gcm(salt: Bytes, ctr: bigint, header: Uint8Array, metadata: Uint8Array): AesGcmParams {
  const iv = bigEndian(ctr, NONCE_SIZE)
  for (let i = 0; i < NONCE_SIZE; i++) iv[i] = (iv[i] ?? 0) ^ (salt[i] ?? 0)
  return { name: "AES-GCM", iv, additionalData: concat(header, metadata), tagLength: 8 * TAG_SIZE }
}

/** Header and ciphertext of one frame. The caller never uses a (KID, CTR) twice. */
export async function seal(key: FrameKey, ctr: bigint, metadata: Uint8Array, plaintext: Bytes): Promise<Bytes> {
  const header = encodeHeader(key.kid, ctr)
  const sealed = await crypto.subtle.encrypt(gcm(key.salt, ctr, header, metadata), key.key, plaintext)
  return concat(header, new Uint8Array(sealed))
}

/**
 * The plaintext of `frame`, whose header is `header`; null when it is not
 * authentic. `key` must be the key of the header's KID.
 */
export async function open(key: FrameKey, header: Header, metadata: Uint8Array, frame: Bytes): Promise<Bytes | null> {
  if (key.kid !== header.kid || frame.length < header.size + TAG_SIZE) return null
  const params = gcm(key.salt, header.ctr, frame.subarray(0, header.size), metadata)
  try {
    return new Uint8Array(await crypto.subtle.decrypt(params, key.key, frame.subarray(header.size)))
  } catch {
    return null
  }
}
