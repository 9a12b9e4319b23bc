import assert from "node:assert/strict"
import test from "node:test"
import { suggest } from "./passphrase.ts"

test("a suggested passphrase can be spoken, and no two are alike", () => {
  const made = new Set(Array.from({ length: 200 }, suggest))
  assert.equal(made.size, 200)
  for (const words of made) assert.match(words, /^([bdfghjklmnprstwz][aeiou]){3}(-([bdfghjklmnprstwz][aeiou]){3}){2}$/)
})
