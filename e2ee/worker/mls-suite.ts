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
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core"
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js"
import { makeHashImpl } from "ts-mls/crypto/implementation/default/makeHashImpl.js"
import { makeKdfImpl } from "ts-mls/crypto/implementation/default/makeKdfImpl.js"
import { makeGenericHpke } from "ts-mls/crypto/implementation/hpke.js"
import type { Signature } from "ts-mls/crypto/signature.js"
import { toBufferSource } from "ts-mls/util/byteArray.js"

/** Length of a hash, of a PSK nonce and of every derived secret (KDF.Nh), in bytes. */
export const HASH_SIZE = 32

/** RFC 8410: what stands before the 32-byte seed in an Ed25519 private key. */
const PKCS8_ED25519 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20)

/** Ed25519 (RFC 8032). `signKey` is PKCS #8 or the bare 32-byte seed; public keys are raw. */
const ed25519: Signature = {
  async sign(signKey, message) {
    const pkcs8 = signKey.length === HASH_SIZE ? Uint8Array.of(...PKCS8_ED25519, ...signKey) : signKey
    const key = await crypto.subtle.importKey("pkcs8", toBufferSource(pkcs8), "Ed25519", false, ["sign"])
    return new Uint8Array(await crypto.subtle.sign("Ed25519", key, toBufferSource(message)))
  },
  async verify(publicKey, message, signature) {
    try {
      const key = await crypto.subtle.importKey("raw", toBufferSource(publicKey), "Ed25519", false, ["verify"])
      return await crypto.subtle.verify("Ed25519", key, toBufferSource(signature), toBufferSource(message))
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

/** AES-128-GCM with a key used once (RFC 9420, section 12.4.3.1: GroupInfo). */
async function gcm(
  usage: "encrypt" | "decrypt",
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  data: Uint8Array,
): Promise<Uint8Array> {
  const k = await crypto.subtle.importKey("raw", toBufferSource(key), "AES-GCM", false, [usage])
  const how = { name: "AES-GCM", iv: toBufferSource(nonce), additionalData: toBufferSource(aad) }
  return new Uint8Array(await crypto.subtle[usage](how, k, toBufferSource(data)))
}

/** Builds the suite. It holds no secret and may be shared. */
export async function makeSuite(): Promise<CiphersuiteImpl> {
  const kdf = new HkdfSha256()
  const hpke = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() })
  return {
    name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
    hash: makeHashImpl(crypto.subtle, "SHA-256"),
    kdf: makeKdfImpl(kdf),
    signature: ed25519,
    hpke: await makeGenericHpke(
      { kem: "DHKEM-X25519-HKDF-SHA256", kdf: "HKDF-SHA256", aead: "AES128GCM" },
      {
        encrypt: (key, nonce, aad, plaintext) => gcm("encrypt", key, nonce, aad, plaintext),
        decrypt: (key, nonce, aad, ciphertext) => gcm("decrypt", key, nonce, aad, ciphertext),
      },
      hpke,
    ),
    rng: { randomBytes: (n) => crypto.getRandomValues(new Uint8Array(n)) },
  }
}

/** The suite of this process. */
export const suite: Promise<CiphersuiteImpl> = makeSuite()
