import assert from "node:assert/strict"
import test from "node:test"
import { ever, fromField, toField } from "./when.ts"

test("a moment goes through the field and comes back, to the minute", () => {
  for (const at of [Date.UTC(2026, 10, 22, 2, 8), Date.UTC(2027, 6, 1, 23, 59), Date.UTC(2031, 1, 28)]) {
    assert.equal(fromField(toField(at)), at)
    assert.match(toField(at), /^\d{4}-\d\d-\d\dT\d\d:\d\d$/)
  }
})

test("an empty or half-filled field is no moment", () => {
  assert.equal(fromField(""), null)
  assert.equal(fromField("2026-"), null)
  assert.equal(toField(null), "")
})

test("what ends before it begins, or has ended, never holds", () => {
  const soon = Date.now() + 3_600_000
  assert.ok(ever(null, null))
  assert.ok(ever(soon, null))
  assert.ok(ever(null, soon))
  assert.ok(!ever(soon, soon))
  assert.ok(!ever(null, Date.now() - 60_000))
})
