import assert from "node:assert/strict"
import test from "node:test"
import { fitting } from "./invitations.tsx"

test("a label fits into a ticket and is never cut within a character", () => {
  assert.equal(fitting("  Dr. Weber "), "Dr. Weber")
  assert.equal(fitting(""), "")
  for (const text of ["ü".repeat(80), "木".repeat(40), "👩".repeat(30), "x".repeat(64)]) {
    const label = fitting(text)
    const bytes = new TextEncoder().encode(label)
    assert.ok(bytes.length <= 63 && bytes.length > 58, text)
    assert.ok(text.startsWith(label))
    assert.ok(!label.includes("\ufffd") && new TextDecoder().decode(bytes) === label)
  }
})
