import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { agreementPair, sign, signingPair } from "./derive.ts"
import { newKEM, openKnock, openNote, sealKnock, sealNote } from "./knock.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "refused"
  readonly name: string
  readonly kind: "knock" | "note"
  readonly box: string
  readonly kem: string
  readonly room: string
  readonly person: string
  readonly key?: string
  readonly ticketKey?: string
  readonly said?: { readonly kem: string; readonly name: string }
  readonly text?: string
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/knock.json", "utf8")) as { readonly cases: readonly Vector[] }

for (const v of cases) {
  test(`${v.kind}, ${v.verdict}: ${v.name}`, async () => {
    const [box, pair, room, person] = [hex(v.box), await agreementPair(hex(v.kem)), hex(v.room), hex(v.person)]
    if (v.kind === "note") {
      assert.equal(await openNote(box, pair, room, person), v.text ?? null)
      return
    }
    const ticket = v.ticketKey === undefined ? {} : { ticketKey: hex(v.ticketKey) }
    const opened = await openKnock(box, pair, room, { person, key: hex(v.key ?? ""), ...ticket })
    assert.deepEqual(opened, v.said === undefined ? null : { kem: hex(v.said.kem), name: v.said.name })
  })
}

test("a knock and a note are for one key, room and person", async () => {
  const leaf = await signingPair(new Uint8Array(32).fill(1))
  const [theirs, mine] = [await newKEM(), await newKEM()]
  const [room, person] = [new Uint8Array(16).fill(2), new Uint8Array(16).fill(3)]
  const knock = { person, kem: mine.publicKey, name: "Ada" }
  const by = (input: Uint8Array<ArrayBuffer>) => sign(leaf.privateKey, input)
  const box = await sealKnock(theirs.publicKey, room, knock, by)
  assert.ok(box)
  assert.equal(box.length, 816)
  const from = { person, key: leaf.publicKey }
  assert.deepEqual(await openKnock(box, theirs, room, from), { kem: mine.publicKey, name: "Ada" })
  assert.equal(await openKnock(box, mine, room, from), null)
  assert.equal(await openKnock(box, theirs, person, from), null)
  assert.equal(await openKnock(box, theirs, room, { ...from, person: room }), null)
  assert.equal(await openKnock(box, theirs, room, { ...from, key: mine.publicKey }), null)
  const note = await sealNote(mine.publicKey, room, person, "Gleich.")
  assert.ok(note)
  assert.equal(await openNote(note, mine, room, person), "Gleich.")
  assert.equal(await openNote(note, mine, room, room), null)
  assert.equal(await openNote(note, theirs, room, person), null)
  // Nothing can be sealed to a key of low order; nothing is beyond a limit.
  assert.equal(await sealKnock(new Uint8Array(32), room, knock, by), null)
  assert.equal(await sealNote(new Uint8Array(31), room, person, "x"), null)
  await assert.rejects(sealKnock(theirs.publicKey, room, { ...knock, name: "x".repeat(513) }, by), RangeError)
  assert.throws(() => sealNote(mine.publicKey, room, person, ""), RangeError)
  assert.throws(() => sealNote(mine.publicKey, room, person, "ж".repeat(251)), RangeError)
})
