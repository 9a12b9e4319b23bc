/**
 * The passphrase of a room: what Argon2id makes of it, and the keys that
 * follow (PROTOCOL.md, "Passphrase"). No state; used by the page as well.
 */

import { argon2idAsync } from "@noble/hashes/argon2.js"
import { type Bytes, own } from "./bytes.ts"
import { checkSizes, expand, type SigningPair, signingPair } from "./derive.ts"

const SALT_SIZE = 16
const OUTPUT_SIZE = 32
const WORDS_MAX = 1024 // bytes of UTF-8: nobody types more, and it is hashed whole
const SALT = "paravent passphrase v1"
// RFC 9106. Memory in KiB: what a phone can spare; the time is one to two seconds in a browser.
const COST = { version: 0x13, m: 65536, t: 2, p: 1, dkLen: OUTPUT_SIZE, asyncTick: 50 }

/** What follows from the passphrase. */
export interface PassphraseKeys {
  readonly signature: SigningPair // its public key is Policy.passphrase
  readonly psk: Bytes // pass_psk, 32 bytes
}

/**
 * Argon2id of the words, 32 bytes. `salt` is RoomKeys.passphraseSalt. Takes a
 * second or two and 64 MiB; lets other tasks run in between. Throws RangeError
 * for no words, or more than 1024 bytes of them.
 */
export async function stretch(words: string, salt: Uint8Array): Promise<Bytes> {
  checkSizes([salt, SALT_SIZE])
  const password = new TextEncoder().encode(words.normalize("NFKC"))
  if (password.length === 0 || password.length > WORDS_MAX) throw new RangeError("passphrase: a length that is none")
  return own(await argon2idAsync(password, salt, COST))
}

/** The keys that follow from what `stretch` gives. */
export async function passphraseKeys(output: Uint8Array): Promise<PassphraseKeys> {
  checkSizes([output, OUTPUT_SIZE])
  const [seed, psk] = await Promise.all([expand(output, SALT, "sig"), expand(output, SALT, "psk")])
  return { signature: await signingPair(seed), psk }
}

/** psk'[g]: what stands for psk[g] in a room with a passphrase, 32 bytes. HKDF-Extract. */
export async function mixPassphrase(psk: Uint8Array, keys: PassphraseKeys): Promise<Bytes> {
  const salt = await crypto.subtle.importKey("raw", keys.psk, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
  return new Uint8Array(await crypto.subtle.sign("HMAC", salt, own(psk)))
}
