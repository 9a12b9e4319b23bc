/**
 * The one cipher suite of the profile, MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
 * (RFC 9420, section 17.1), on WebCrypto alone.
 *
 * It is assembled here rather than asked of ts-mls because the library's own
 * provider reaches for every suite it knows through dynamic imports of optional
 * packages: those would have to be stubbed in the bundle, and a worker under
 * our content security policy must load nothing later. For the same reason the
 * adapter imports the library's single modules (`ts-mls/…`), never its index.
 */
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js"
import type { Hash } from "ts-mls/crypto/hash.js"
import type { Signature } from "ts-mls/crypto/signature.js"
import { concat, fromBase64Url, own } from "./bytes.ts"
import { hpke, kdf } from "./mls-hpke.ts"

/** Length of a hash, of a PSK nonce and of every derived secret (KDF.Nh), in bytes. */
export const HASH_SIZE = 32

/** Length of the seed of a signature key (RFC 8032), in bytes. */
export const SEED_SIZE = 32

/** RFC 8410: what stands before the 32-byte seed in an Ed25519 private key. */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20)

/** Ed25519 (RFC 8032). `signKey` is PKCS #8 or the bare 32-byte seed; public keys are raw. */
const ed25519: Signature = {
  async sign(signKey, message) {
    const pkcs8 = signKey.length === SEED_SIZE ? concat(PKCS8, signKey) : own(signKey)
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"])
    return new Uint8Array(await crypto.subtle.sign("Ed25519", key, own(message)))
  },
  async verify(publicKey, message, signature) {
    try {
      const key = await crypto.subtle.importKey("raw", own(publicKey), "Ed25519", false, ["verify"])
      return await crypto.subtle.verify("Ed25519", key, own(signature), own(message))
    } catch {
      return false // not a key at all: the same as a wrong signature
    }
  },
  async keygen() {
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))
    const signKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey))
    return { signKey, publicKey }
  },
}

/** The signature key pair of a seed of 32 bytes. `privateKey` is PKCS #8. */
export async function signerOf(seed: Uint8Array): Promise<{ readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }> {
  if (seed.length !== SEED_SIZE) throw new RangeError("mls: seed of a wrong size")
  const privateKey = concat(PKCS8, seed)
  // WebCrypto tells the public half only in the JWK of an extractable key.
  const key = await crypto.subtle.importKey("pkcs8", privateKey, "Ed25519", true, ["sign"])
  const publicKey = fromBase64Url((await crypto.subtle.exportKey("jwk", key)).x ?? "")
  if (publicKey?.length !== SEED_SIZE) throw new RangeError("mls: no public key in the JWK")
  return { publicKey, privateKey }
}

const macKey = (key: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", own(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])

const sha256: Hash = {
  digest: async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", own(data))),
  mac: async (key, data) => new Uint8Array(await crypto.subtle.sign("HMAC", await macKey(key), own(data))),
  verifyMac: async (key, mac, data) => crypto.subtle.verify("HMAC", await macKey(key), own(mac), own(data)),
}

/** The suite. It holds no secret. */
export const suite: CiphersuiteImpl = {
  name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
  hash: sha256,
  kdf,
  signature: ed25519,
  hpke,
  rng: { randomBytes: (n) => crypto.getRandomValues(new Uint8Array(n)) },
}
