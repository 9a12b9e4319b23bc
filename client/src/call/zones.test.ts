import assert from "node:assert/strict"
import test from "node:test"
import type { Zones } from "../mask/treatment.ts"
import { parseZones, zonesText } from "./zones.ts"

const corners = [
  { x: 0, y: 0 },
  { x: 0.25, y: 0 },
  { x: 0.25, y: 1 },
]
const of = (camera: string, zones: number): Zones => ({
  zones: Array.from({ length: zones }, (_, i) => ({ id: i + 1, corners })),
  inverse: zones === 1,
  of: { camera, aspect: 4 / 3 },
})

test("what is remembered comes back as it was, in the same order", () => {
  const all = new Map([
    ["c2", of("c2", 16)],
    ["c1", of("c1", 1)],
    ["c3", of("c3", 0)],
  ])
  assert.deepEqual([...parseZones(zonesText(all))], [...all])
})

test("what is not exactly that is forgotten, and only that", () => {
  const good = { camera: "c1", ...of("c1", 2) }
  const zone = { id: 1, corners }
  const spoilt: object[] = [
    { camera: "" },
    { camera: 1 },
    { camera: "c".repeat(257) },
    { camera: "c9" }, // and drawn on another
    { inverse: 0 },
    { of: undefined },
    { of: { camera: "c1", aspect: 0 } },
    { of: { camera: "c1", aspect: "1" } },
    { of: { camera: "c1", aspect: null } },
    { zones: {} },
    { zones: Array.from({ length: 17 }, () => zone) },
    { zones: [zone, null] },
    { zones: [zone, { id: 2, corners: corners.slice(1) }] },
    { zones: [{ id: 1, corners: Array.from({ length: 33 }, () => corners[0]) }] },
    { zones: [{ id: 1, corners: [...corners, { x: 1.1, y: 0 }] }] },
    { zones: [{ id: 1, corners: [...corners, { x: 0 }] }] },
    { zones: [{ id: 1, corners: [...corners, { x: "0", y: 0 }] }] },
  ]
  for (const change of spoilt) {
    const text = JSON.stringify([
      { ...good, ...change },
      { ...good, camera: "c2", of: { camera: "c2", aspect: 1 } },
    ])
    assert.deepEqual([...parseZones(text).keys()], ["c2"], JSON.stringify(change))
  }
  for (const text of ["", "null", "{}", "[", "7", "[null,1,[]]"]) assert.equal(parseZones(text).size, 0, text)
})

test("no more cameras than eight, the newest", () => {
  const many = new Map(Array.from({ length: 12 }, (_, i) => [`c${i}`, of(`c${i}`, 1)] as const))
  assert.deepEqual([...parseZones(zonesText(many)).keys()], ["c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11"])
  assert.equal(parseZones(JSON.stringify([...many].map(([camera, zones]) => ({ camera, ...zones })))).size, 8)
})
