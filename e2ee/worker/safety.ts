/** What people compare by voice or sight (PROTOCOL.md, "Safety code"). */

import { ascii, concat, own } from "./bytes.ts"
import { EMOJI } from "./emoji.ts"

const LABEL = ascii("paravent safety code v1")
const ITERATIONS = 2 ** 17
const BITS = 512
const EMOJI_COUNT = 10
const DIGITS_AT = 8 // first byte the digits are made of
const GROUPS = 6 // of five digits, out of five bytes each
const LEAF_EMOJI_COUNT = 4

export interface Code {
  readonly emoji: readonly string[] // 10
  readonly digits: string // 30
}

/** The first `count` symbols in `bytes`: six bits each, most significant first. */
function symbols(bytes: Uint8Array, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = 6 * i
    const two = ((bytes[at >> 3] ?? 0) << 8) | (bytes[(at >> 3) + 1] ?? 0)
    return EMOJI[(two >> (10 - (at & 7))) & 63]?.symbol ?? ""
  })
}

/** Five digits out of each five bytes, the number modulo 10^5. */
function digits(bytes: Uint8Array): string {
  return Array.from({ length: GROUPS }, (_, i) => {
    let n = 0
    for (const byte of bytes.subarray(DIGITS_AT + 5 * i, DIGITS_AT + 5 * i + 5)) n = n * 256 + byte
    return String(n % 100000).padStart(5, "0")
  }).join("")
}

/**
 * The safety code of an epoch. Slow on purpose (2^17 rounds, a tenth of a
 * second and more): whoever wants two groups with one code has to pay it for
 * every try.
 */
export async function safetyCode(authenticator: Uint8Array, groupId: Uint8Array): Promise<Code> {
  const key = await crypto.subtle.importKey("raw", own(authenticator), "PBKDF2", false, ["deriveBits"])
  const how = { name: "PBKDF2", hash: "SHA-512", salt: concat(LABEL, groupId), iterations: ITERATIONS }
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(how, key, BITS))
  return { emoji: symbols(bytes, EMOJI_COUNT), digits: digits(bytes) }
}

/** Four emoji of a member's signature key: the same for everybody and as long as the member stays. */
export async function leafEmoji(signatureKey: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", own(signatureKey)))
  return symbols(hash, LEAF_EMOJI_COUNT).join("")
}
