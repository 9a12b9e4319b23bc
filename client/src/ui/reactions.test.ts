import assert from "node:assert/strict"
import test from "node:test"
import { REACTIONS } from "../call/state.ts"
import { reactionName } from "./reactions.tsx"

test("every reaction has a name of its own, and nothing else has one", () => {
  const names = REACTIONS.map(reactionName)
  assert.ok(!names.includes(null))
  assert.equal(new Set(names).size, REACTIONS.length)
  assert.equal(reactionName("🐍"), null)
})
