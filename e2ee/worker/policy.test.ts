/** What orders do to the rules, alone. */
import assert from "node:assert/strict"
import test from "node:test"
import type { Policy } from "../../client/src/wire/statements.gen.ts"
import { NO_POLICY } from "./admission.ts"
import * as rules from "./policy.ts"

const id = (n: number): Uint8Array => new Uint8Array(16).fill(n)
const ids = (n: number, from = 0): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => Uint8Array.from({ length: 16 }, (_, b) => (from + i) >> (8 * b)))

test("what a moderator switches changes nothing else; quiet begins with nobody allowed", () => {
  const before: Policy = { ...NO_POLICY, speakers: [id(1)], barred: [id(2)] }
  assert.deepEqual(rules.ruled({ locked: true })(before), { ...before, locked: true })
  assert.deepEqual(rules.ruled({ quiet: true })(before).speakers, [])
  const quiet = { ...before, quiet: true }
  assert.deepEqual(rules.ruled({ quiet: true })(quiet).speakers, [id(1)], "quiet already")
})

test("speech", () => {
  const silence = rules.speaking(id(1), false, [])
  const allow = rules.speaking(id(1), true, [])
  assert.deepEqual(silence(NO_POLICY).silenced, [id(1)])
  assert.deepEqual(silence(silence(NO_POLICY)).silenced, [id(1)])
  assert.deepEqual(allow(silence(NO_POLICY)), NO_POLICY)
  const quiet = { ...NO_POLICY, quiet: true }
  assert.deepEqual(allow(quiet).speakers, [id(1)])
  assert.deepEqual(silence(allow(quiet)), quiet)
  // A full list makes room by those who are gone, then by the oldest.
  const full = { ...NO_POLICY, silenced: ids(64) }
  const present = ids(64).slice(32)
  assert.equal(rules.speaking(id(9), false, present)(full).silenced.length, 33)
  const all = rules.speaking(id(9), false, ids(64))(full).silenced
  assert.equal(all.length, 64)
  assert.deepEqual([all[0], all.at(-1)], [ids(64)[1], id(9)])
})

test("bars fall out oldest first, and only one of each is kept", () => {
  const twice = rules.barring([id(1), id(1)], true)(rules.barring([id(1)], false)(NO_POLICY))
  assert.deepEqual([twice.barred, twice.banned, twice.lobby], [[id(1)], true, true])
  assert.equal(rules.barring([id(2)], false)(twice).banned, true, "once somebody was banned, the word of care stays")
  const full = rules.barring(ids(300, 1), false)(NO_POLICY).barred
  assert.equal(full.length, 256)
  assert.deepEqual(full.at(-1), ids(1, 300)[0])
})

test("dismissed and pardoned", () => {
  const dismissed = rules.dismissing(id(1))(NO_POLICY)
  assert.deepEqual(dismissed.dismissed, [id(1)])
  assert.deepEqual(rules.pardoning(id(1))(dismissed), NO_POLICY)
  assert.ok(rules.sameRules({ ...dismissed, seq: 3, version: 9 }, dismissed))
  assert.ok(!rules.sameRules(dismissed, NO_POLICY))
})
