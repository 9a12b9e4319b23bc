/** The networks as they were converted, in the runtime that browsers get. */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { openNets } from "../nets.ts"
import type { Loaded } from "./load.ts"
import { finds, HEIGHT, picture, WIDTH } from "./selftest.ts"

const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`bin/mask/${name}`))
const loaded = (): Loaded => ({
  ultraface: read("mask-ultraface.onnx"),
  blazeface: read("mask-blazeface.onnx"),
  selfie: read("mask-selfie.onnx"),
  runtime: read("mask-runtime.wasm"),
})

test("the drawn face is found where it is, by all together, and none in the empty room", async () => {
  const nets = await openNets(loaded())
  const faces = await nets.full(picture(true), [])
  assert.ok(finds(faces), JSON.stringify(faces))
  assert.deepEqual(await nets.full(picture(false), []), [])

  const { columns, rows, likely } = await nets.person(picture(true))
  const at = (x: number, y: number): number => likely[Math.floor((y * rows) / HEIGHT) * columns + Math.floor((x * columns) / WIDTH)] ?? -1
  assert.ok(at(320, 170) > 230 && at(320, 340) > 230, "the face and the shoulders are somebody's")
  assert.ok(at(20, 20) < 25 && at(620, 300) < 25, "the wall is nobody's")
})

test("a network that is none is refused", async () => {
  await assert.rejects(openNets({ ...loaded(), ultraface: new Uint8Array(100) }))
})
