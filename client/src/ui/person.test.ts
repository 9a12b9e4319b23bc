import assert from "node:assert/strict"
import test from "node:test"
import { hue, initials } from "./person.ts"

test("initials", () => {
  assert.equal(initials("anna maria müller"), "AM")
  assert.equal(initials(" Öz "), "Ö")
  assert.equal(initials("𝒜da"), "𝒜")
  assert.equal(initials(""), "")
})

test("a hue is an angle for any id", () => {
  for (const id of ["", "xyz", "00", "ffffffffffffffffffffffffffffffff"]) {
    const h = hue(id)
    assert.ok(h >= 0 && h < 360, id)
  }
})
