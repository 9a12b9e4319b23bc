import assert from "node:assert/strict"
import test from "node:test"
import { type Back, backText, parseBack } from "./stay.ts"

const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i)
const least: Back = { token: bytes(32), stay: { person: bytes(16), seed: bytes(32), turn: 2 } }
const most: Back = {
  ...least,
  stay: { ...least.stay, grant: bytes(216), policy: { statement: "{}", grant: bytes(216), signature: bytes(64) }, passphrase: bytes(32) },
}

test("what is kept comes back as it was", () => {
  for (const back of [least, most]) assert.deepEqual(parseBack(backText(back)), back)
})

test("what is not exactly that is none", () => {
  const good: Record<string, unknown> = JSON.parse(backText(most))
  const spoilt = [
    { turn: -1 },
    { turn: 1.5 },
    { turn: "1" },
    { token: "" },
    { token: 1 },
    { person: "AAAA" },
    { seed: null },
    { grant: "AAAA" },
    { passphrase: "" },
    { policy: null },
    { policy: { statement: 1, grant: good["grant"], signature: "" } },
  ]
  for (const change of spoilt) assert.equal(parseBack(JSON.stringify({ ...good, ...change })), null, JSON.stringify(change))
  for (const text of ["", "null", "[]", "{", "7"]) assert.equal(parseBack(text), null)
})
