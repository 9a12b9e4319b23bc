import assert from "node:assert/strict"
import test from "node:test"
import { pathOf } from "./path.ts"

const both = { processor: true, generator: true }
const none = { processor: false, generator: false }

test("a page that reads and writes tracks itself moves streams, whatever the worker has", () => {
  for (const worker of [null, none, both]) {
    for (const moves of [false, true]) assert.equal(pathOf({ ...both, moves }, worker), "streams")
  }
})

test("where only the worker reads and writes tracks, tracks are moved", () => {
  for (const page of [none, { ...none, processor: true }, { ...none, generator: true }]) {
    assert.equal(pathOf({ ...page, moves: true }, both), "tracks")
  }
})

test("where a piece is missing, or the worker did not say, an element plays and a canvas shows", () => {
  assert.equal(pathOf({ ...none, moves: false }, both), "pictures")
  for (const worker of [null, none, { ...both, processor: false }, { ...both, generator: false }]) {
    assert.equal(pathOf({ ...none, moves: true }, worker), "pictures")
  }
})
