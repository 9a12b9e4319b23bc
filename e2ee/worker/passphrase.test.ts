import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { toHex } from "./bytes.ts"
import { provePassphrase } from "./link.ts"
import { mixPassphrase, passphraseKeys, stretch } from "./passphrase.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "refused"
  readonly name: string
  readonly words: string
  readonly salt: string
  readonly output?: string
  readonly derived?: Readonly<Record<"key" | "passPsk" | "psk" | "mixed" | "nonce" | "room" | "person" | "signature", string>>
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/passphrase.json", "utf8")) as { readonly cases: readonly Vector[] }

for (const { verdict, name, words, salt, output, derived } of cases) {
  test(`passphrase, ${verdict}: ${name}`, async () => {
    if (verdict === "refused") {
      await assert.rejects(stretch(words, hex(salt)), RangeError)
      return
    }
    assert.ok(derived)
    const out = await stretch(words, hex(salt))
    assert.equal(toHex(out), output)
    const keys = await passphraseKeys(out)
    assert.equal(toHex(keys.signature.publicKey), derived.key)
    assert.equal(keys.signature.privateKey.extractable, false)
    assert.equal(toHex(keys.psk), derived.passPsk)
    assert.equal(toHex(await mixPassphrase(hex(derived.psk), keys)), derived.mixed)
    const signature = await provePassphrase(keys.signature.privateKey, hex(derived.nonce), hex(derived.room), hex(derived.person))
    assert.equal(toHex(signature), derived.signature)
  })
}

test("sizes are checked", async () => {
  await assert.rejects(stretch("x", new Uint8Array(15)), RangeError)
  await assert.rejects(passphraseKeys(new Uint8Array(31)), RangeError)
})
