/**
 * HPKE (RFC 9180) in base mode, one message a context, with DHKEM(X25519,
 * HKDF-SHA256), HKDF-SHA256 and AES-128-GCM: what MLS suite 1 needs, on
 * WebCrypto. Checked by the RFC 9420 vectors, which contain it.
 */
import type { Hpke, PrivateKey, PublicKey } from "ts-mls/crypto/hpke.js"
import type { Kdf } from "ts-mls/crypto/kdf.js"
import { ascii, type Bytes, bigEndian, concat, fromBase64Url, own } from "./bytes.ts"

const HASH_SIZE = 32
const KEY_SIZE = 32 // of X25519 keys, public and private
const AEAD_KEY_SIZE = 16
const NONCE_SIZE = 12

// ---- HKDF-SHA256 (RFC 5869), its two steps apart as MLS and HPKE use them ----

async function hmac(key: Uint8Array, data: Uint8Array): Promise<Bytes> {
  // WebCrypto refuses an empty key; HMAC fills keys up with zeros anyway.
  const raw = key.length === 0 ? new Uint8Array(HASH_SIZE) : own(key)
  const k = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
  return new Uint8Array(await crypto.subtle.sign("HMAC", k, own(data)))
}

async function expand(prk: Uint8Array, info: Uint8Array, length: number): Promise<Bytes> {
  const blocks: Bytes[] = []
  for (let i = 1; blocks.length * HASH_SIZE < length; i++) {
    blocks.push(await hmac(prk, concat(blocks.at(-1) ?? new Uint8Array(), info, Uint8Array.of(i))))
  }
  return concat(...blocks).slice(0, length)
}

export const kdf: Kdf = { extract: hmac, expand, size: HASH_SIZE }

// ---- Labels (RFC 9180, section 4) ----

const KEM = concat(ascii("KEM"), bigEndian(0x0020n, 2))
const HPKE = concat(ascii("HPKE"), bigEndian(0x0020n, 2), bigEndian(0x0001n, 2), bigEndian(0x0001n, 2))
const VERSION = ascii("HPKE-v1")
const EMPTY = new Uint8Array()

const labeledExtract = (suite: Bytes, salt: Uint8Array, label: string, ikm: Uint8Array): Promise<Bytes> =>
  hmac(salt, concat(VERSION, suite, ascii(label), ikm))

const labeledExpand = (suite: Bytes, prk: Uint8Array, label: string, info: Uint8Array, length: number): Promise<Bytes> =>
  expand(prk, concat(bigEndian(BigInt(length), 2), VERSION, suite, ascii(label), info), length)

// ---- X25519 keys ----

/** RFC 8410: what stands before the 32 bytes of an X25519 private key. */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20)

// Extractable, because WebCrypto tells the public half only in a JWK and the tree keeps private keys as bytes.
const importPrivateKey = async (bytes: Uint8Array): Promise<PrivateKey> =>
  (await crypto.subtle.importKey("pkcs8", concat(PKCS8, bytes), "X25519", true, ["deriveBits"])) as PrivateKey

const importPublicKey = async (bytes: Uint8Array): Promise<PublicKey> =>
  (await crypto.subtle.importKey("raw", own(bytes), "X25519", true, [])) as PublicKey

const exportPublicKey = async (key: PublicKey): Promise<Bytes> => new Uint8Array(await crypto.subtle.exportKey("raw", key))

async function exportPrivateKey(key: PrivateKey): Promise<Bytes> {
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key))
  const bytes = pkcs8.slice(PKCS8.length, PKCS8.length + KEY_SIZE)
  pkcs8.fill(0)
  return bytes
}

/** The public half of a private key, 32 bytes. */
async function publicHalf(key: PrivateKey): Promise<Bytes> {
  const { x } = await crypto.subtle.exportKey("jwk", key)
  const bytes = x === undefined ? null : fromBase64Url(x)
  if (bytes?.length !== KEY_SIZE) throw new Error("hpke: no public key in the JWK")
  return bytes
}

/** DeriveKeyPair (section 7.1.3). */
async function deriveKeyPair(ikm: Uint8Array): Promise<{ privateKey: PrivateKey; publicKey: PublicKey }> {
  const prk = await labeledExtract(KEM, EMPTY, "dkp_prk", ikm)
  const bytes = await labeledExpand(KEM, prk, "sk", EMPTY, KEY_SIZE)
  const privateKey = await importPrivateKey(bytes)
  bytes.fill(0)
  return { privateKey, publicKey: await importPublicKey(await publicHalf(privateKey)) }
}

const generateKeyPair = async () => {
  const pair = (await crypto.subtle.generateKey("X25519", true, ["deriveBits"])) as CryptoKeyPair
  return { privateKey: pair.privateKey as PrivateKey, publicKey: pair.publicKey as PublicKey }
}

/** The KEM's shared secret (section 4.1). Throws when a key is of low order. */
async function agree(mine: PrivateKey, theirs: PublicKey, enc: Uint8Array, recipient: Uint8Array): Promise<Bytes> {
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: theirs }, mine, 8 * KEY_SIZE))
  const prk = await labeledExtract(KEM, EMPTY, "eae_prk", dh)
  dh.fill(0)
  return labeledExpand(KEM, prk, "shared_secret", concat(enc, recipient), HASH_SIZE)
}

// ---- One message ----

/** AES-128-GCM with a key used once. */
async function gcm(usage: "encrypt" | "decrypt", key: Uint8Array, nonce: Uint8Array, aad: Uint8Array | undefined, data: Uint8Array) {
  const k = await crypto.subtle.importKey("raw", own(key), "AES-GCM", false, [usage])
  const how = { name: "AES-GCM", iv: own(nonce), additionalData: own(aad ?? EMPTY) }
  return new Uint8Array(await crypto.subtle[usage](how, k, own(data)))
}

/** The key schedule (section 5.1) in base mode; the nonce is that of the first and only message. */
async function schedule(shared: Bytes, info: Uint8Array): Promise<{ key: Bytes; nonce: Bytes }> {
  const [pskIdHash, infoHash] = await Promise.all([
    labeledExtract(HPKE, EMPTY, "psk_id_hash", EMPTY),
    labeledExtract(HPKE, EMPTY, "info_hash", info),
  ])
  const context = concat(Uint8Array.of(0), pskIdHash, infoHash)
  const secret = await labeledExtract(HPKE, shared, "secret", EMPTY)
  const [key, nonce] = await Promise.all([
    labeledExpand(HPKE, secret, "key", context, AEAD_KEY_SIZE),
    labeledExpand(HPKE, secret, "base_nonce", context, NONCE_SIZE),
  ])
  return { key, nonce }
}

/** Only external commits export from HPKE, and the profile has none. */
const never = () => Promise.reject(new Error("hpke: no exports wanted"))

/** HPKE as ts-mls wants it. Every function throws on bad input. */
export const hpke: Hpke = {
  async seal(publicKey, plaintext, info, aad) {
    const ephemeral = await generateKeyPair()
    const [enc, recipient] = await Promise.all([exportPublicKey(ephemeral.publicKey), exportPublicKey(publicKey)])
    const { key, nonce } = await schedule(await agree(ephemeral.privateKey, publicKey, enc, recipient), info)
    return { enc, ct: await gcm("encrypt", key, nonce, aad, plaintext) }
  },
  async open(privateKey, kemOutput, ciphertext, info, aad) {
    const shared = await agree(privateKey, await importPublicKey(kemOutput), kemOutput, await publicHalf(privateKey))
    const { key, nonce } = await schedule(shared, info)
    return gcm("decrypt", key, nonce, aad, ciphertext)
  },
  importPrivateKey,
  importPublicKey,
  exportPublicKey,
  exportPrivateKey,
  encryptAead: (key, nonce, aad, plaintext) => gcm("encrypt", key, nonce, aad, plaintext),
  decryptAead: (key, nonce, aad, ciphertext) => gcm("decrypt", key, nonce, aad, ciphertext),
  exportSecret: never,
  importSecret: never,
  deriveKeyPair,
  generateKeyPair,
  keyLength: AEAD_KEY_SIZE,
  nonceLength: NONCE_SIZE,
}
