import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { toHex } from "./bytes.ts"
import { follows, openGeneration, sealGeneration } from "./generation.ts"
import { generationSecret } from "./link.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "refused" | "forged"
  readonly name: string
  readonly sealed: string
  readonly exported: string
  readonly groupId: string
  readonly present: number
  readonly wanted: { readonly number: number; readonly key: string } | null
  readonly opened?: { readonly moderator: string; readonly number: number; readonly secret: string }
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/generation.json", "utf8")) as { readonly cases: readonly Vector[] }

for (const v of cases) {
  test(`generation, ${v.verdict}: ${v.name}`, async () => {
    const [exported, groupId] = [hex(v.exported), hex(v.groupId)]
    const opened = await openGeneration(hex(v.sealed), exported, groupId)
    assert.equal(opened === null, v.verdict === "forged")
    if (opened === null) return
    const wanted = v.wanted === null ? undefined : { number: v.wanted.number, key: hex(v.wanted.key) }
    assert.equal(await follows(opened, v.present, wanted), v.verdict === "ok")
    if (v.opened === undefined) return
    assert.deepEqual([opened.number, toHex(opened.secret)], [v.opened.number, v.opened.secret])
    assert.equal(toHex(await generationSecret(hex(v.opened.moderator), opened.number)), v.opened.secret)
    const again = await sealGeneration(opened, exported, groupId)
    assert.notEqual(toHex(again), v.sealed) // another nonce
    assert.deepEqual(await openGeneration(again, exported, groupId), opened)
  })
}
