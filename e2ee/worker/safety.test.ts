import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { fromHex } from "./bytes.ts"
import { EMOJI } from "./emoji.ts"
import { leafEmoji, safetyCode } from "./safety.ts"

interface Vectors {
  readonly emoji: readonly string[]
  readonly codes: readonly {
    readonly authenticator: string
    readonly groupId: string
    readonly emoji: readonly number[]
    readonly digits: string
  }[]
  readonly leaves: readonly { readonly signatureKey: string; readonly emoji: readonly number[] }[]
}

const vectors: Vectors = JSON.parse(readFileSync("e2ee/vectors/safety.json", "utf8"))
const hex = (text: string): Uint8Array => fromHex(text) ?? assert.fail("not hex")

test("64 symbols, each once, each with two names of its own", () => {
  assert.equal(EMOJI.length, 64)
  for (const of of ["symbol", "en", "de"] as const) {
    assert.equal(new Set(EMOJI.map((e) => e[of])).size, 64)
    assert.ok(EMOJI.every((e) => e[of] !== ""))
  }
  assert.ok(EMOJI.every((e) => Array.from(e.symbol).length === 1 && /^\p{Emoji_Presentation}$/u.test(e.symbol)))
})

test("the vectors name the same symbols", () =>
  assert.deepEqual(
    vectors.emoji,
    EMOJI.map((e) => e.symbol),
  ))

for (const [i, v] of vectors.codes.entries()) {
  test(`safety code ${i}`, async () => {
    const code = await safetyCode(hex(v.authenticator), hex(v.groupId))
    assert.deepEqual(
      code.emoji,
      v.emoji.map((n) => EMOJI[n]?.symbol),
    )
    assert.equal(code.digits, v.digits)
    assert.match(code.digits, /^[0-9]{30}$/)
  })
}

for (const [i, v] of vectors.leaves.entries()) {
  test(`member's emoji ${i}`, async () => {
    assert.equal(await leafEmoji(hex(v.signatureKey)), v.emoji.map((n) => EMOJI[n]?.symbol).join(""))
  })
}
