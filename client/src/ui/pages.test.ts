import assert from "node:assert/strict"
import test from "node:test"
import { pageOf } from "./pages.ts"

const count = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => i + from)

test("few tiles are one page", () => {
  assert.deepEqual(pageOf(5, -1, 49, 0), { tiles: count(5), page: 0, pages: 1 })
  assert.deepEqual(pageOf(0, -1, 49, 3), { tiles: [], page: 0, pages: 1 })
  assert.deepEqual(pageOf(49, -1, 49, 0).tiles, count(49))
})

test("a hundred people on pages of 49", () => {
  assert.deepEqual(pageOf(100, -1, 49, 0), { tiles: count(49), page: 0, pages: 3 })
  assert.deepEqual(pageOf(100, -1, 49, 1).tiles, count(49, 49))
  assert.deepEqual(pageOf(100, -1, 49, 2), { tiles: [98, 99], page: 2, pages: 3 })
})

test("a page that is none any more is the last one", () => {
  assert.deepEqual(pageOf(50, -1, 49, 7), { tiles: [49], page: 1, pages: 2 })
  assert.equal(pageOf(20, -1, 49, 1).page, 0)
})

test("what is large is on every page, in its place", () => {
  assert.deepEqual(pageOf(10, 7, 4, 0), { tiles: [0, 1, 2, 7], page: 0, pages: 3 })
  assert.deepEqual(pageOf(10, 7, 4, 2), { tiles: [6, 7, 8, 9], page: 2, pages: 3 })
})

test("every tile is on exactly one page", () => {
  for (let n = 0; n < 120; n++) {
    for (const most of [1, 9, 12, 49]) {
      const { pages } = pageOf(n, -1, most, 0)
      assert.deepEqual(
        count(pages).flatMap((page) => pageOf(n, -1, most, page).tiles),
        count(n),
      )
    }
  }
})
