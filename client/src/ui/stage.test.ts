import assert from "node:assert/strict"
import test from "node:test"
import type { Tile } from "../call/state.ts"
import { someone } from "./invented.ts"
import { largest, shown } from "./stage.tsx"

const stream = {} as MediaStream
const me = someone("me", { self: true })

const names = (tiles: Tile[], hideSelf = false): string[] =>
  shown({ tiles, hideSelf }).map((s) => (s.screen === null ? s.tile.person : `${s.tile.person}'s screen`))

test("the own picture can be hidden, but not when it is the only one", () => {
  assert.deepEqual(names([me], true), ["me"])
  assert.deepEqual(names([me, someone("a")], true), ["a"])
})

test("a shared screen stands after its person; the own one is not shown", () => {
  assert.deepEqual(names([someone("me", { self: true, screen: stream }), someone("a", { screen: stream }), someone("b")]), [
    "me",
    "a",
    "a's screen",
    "b",
  ])
})

test("large: what is pinned, its screen before its camera, else the first screen", () => {
  const all = shown({ tiles: [me, someone("a", { screen: stream }), someone("b"), someone("c", { screen: stream })], hideSelf: false })
  const large = (pinned: string | null): string | undefined => {
    const s = all[largest(all, pinned)]
    return s && (s.screen === null ? s.tile.person : `${s.tile.person}'s screen`)
  }
  assert.equal(large(null), "a's screen")
  assert.equal(large("b"), "b")
  assert.equal(large("c"), "c's screen")
  assert.equal(large("gone"), "a's screen")
  assert.equal(largest(shown({ tiles: [me, someone("b")], hideSelf: false }), null), -1)
})
